namespace Archon.Integrations.Replies;

/// <summary>Memory for all replies that are read at once. Each draws on it as it grows; where none is left it waits for others.</summary>
/// <remarks>
/// Replies that each wait for what the others have would wait for ever. So memory is handed out only while an order is left in which
/// every reply can grow to its limit: the banker's algorithm (Dijkstra, "Een algorithme ter voorkoming van de dodelijke omarming", EWD 108).
/// </remarks>
/// <param name="total">Bytes.</param>
internal sealed class ReplyBudget(long total)
{
    private readonly Lock gate = new();
    private readonly List<Share> shares = [];
    private readonly LinkedList<Request> waiting = [];
    private long closedSinceCollection;

    /// <summary>Bytes that replies have drawn and not given back.</summary>
    public long Drawn
    {
        get
        {
            lock (gate)
                return shares.Sum(share => share.Drawn);
        }
    }

    /// <summary>A part of the budget for one reply, without anything in it yet.</summary>
    /// <param name="limit">Bytes that it will draw at most.</param>
    /// <exception cref="ArgumentOutOfRangeException">The whole budget is smaller.</exception>
    public Share Open(long limit)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, total);
        var share = new Share(this, limit);
        lock (gate)
            shares.Add(share);
        return share;
    }

    private ValueTask DrawAsync(Share share, long bytes, CancellationToken cancellationToken)
    {
        Request request;
        lock (gate)
        {
            if (TryDraw(share, bytes))
                return ValueTask.CompletedTask;
            request = new Request(share, bytes);
            waiting.AddLast(request);
            share.IsWaiting = true;
        }
        return new ValueTask(WaitAsync(request, cancellationToken));
    }

    private async Task WaitAsync(Request request, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() =>
        {
            lock (gate)
            {
                if (!waiting.Remove(request))
                    return;
            }
            request.Granted.TrySetCanceled(cancellationToken);
        });
        await request.Granted.Task;
    }

    private void Close(Share share)
    {
        bool isCollectionDue;
        lock (gate)
        {
            shares.Remove(share);
            closedSinceCollection += share.Drawn;
            isCollectionDue = closedSinceCollection >= total;
            if (isCollectionDue)
                closedSinceCollection = 0;
            for (var node = waiting.First; node is not null; )
            {
                var next = node.Next;
                if (TryDraw(node.Value.Share, node.Value.Bytes))
                {
                    waiting.Remove(node);
                    node.Value.Share.IsWaiting = false;
                    node.Value.Granted.TrySetResult();
                }
                node = next;
            }
        }
        // Large replies leave large arrays, which the collector lets pile up to several times the budget before it looks at them.
        if (isCollectionDue)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
    }

    private bool TryDraw(Share share, long bytes)
    {
        share.Drawn += bytes;
        if (IsSafe())
            return true;
        share.Drawn -= bytes;
        return false;
    }

    /// <summary>Whether all can end: the one that lacks least first, then the next with what that one gives back, and so on.</summary>
    private bool IsSafe()
    {
        var left = total - shares.Sum(share => share.Drawn);
        if (left < 0)
            return false;
        foreach (var share in shares.OrderBy(share => share.Limit - share.Drawn))
        {
            if (share.Limit - share.Drawn > left)
                return false;
            left += share.Drawn;
        }
        return true;
    }

    /// <summary>What one reply has drawn; it goes back when this is disposed.</summary>
    public sealed class Share(ReplyBudget budget, long limit) : IDisposable
    {
        public long Limit { get; } = limit;

        public long Drawn { get; internal set; }

        /// <summary>True while it waits for others to end.</summary>
        public bool IsWaiting { get; internal set; }

        /// <param name="bytes">With what was drawn before, at most <see cref="Limit"/>.</param>
        public ValueTask DrawAsync(long bytes, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Limit - Drawn);
            return budget.DrawAsync(this, bytes, cancellationToken);
        }

        public void Dispose() => budget.Close(this);
    }

    private sealed class Request(Share share, long bytes)
    {
        public Share Share { get; } = share;
        public long Bytes { get; } = bytes;
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
