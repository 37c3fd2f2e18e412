using System.Threading.Channels;

namespace Archon.Data;

/// <summary>Whether the database can be used now.</summary>
public abstract record DatabaseState
{
    private DatabaseState() { }

    /// <summary>Not reached yet since the console started: the embedded server comes up, or migrations run.</summary>
    public sealed record Starting : DatabaseState;

    public sealed record Ready : DatabaseState;

    /// <param name="Reason">Why, in words for people, without secrets.</param>
    /// <param name="Since">When it was first found away.</param>
    public sealed record Away(string Reason, DateTimeOffset Since) : DatabaseState;
}

/// <summary>What the process knows of its database. <see cref="ArchonDatabaseStarter"/> keeps it true.</summary>
public sealed class ArchonDatabase : IDisposable
{
    private readonly Lock gate = new();
    private readonly Channel<bool> suspicions = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest }
    );
    private TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource usable;
    private CancellationToken usableToken;

    public ArchonDatabase()
    {
        usable = new CancellationTokenSource();
        usableToken = usable.Token;
    }

    public DatabaseState State { get; private set; } = new DatabaseState.Starting();

    public bool IsReady => State is DatabaseState.Ready;

    /// <summary>Raised after <see cref="State"/> changed, on the thread that found out.</summary>
    public event Action? Changed;

    /// <summary>Fires when the database goes away, for what should not wait then; it has fired while the database is not ready.</summary>
    public CancellationToken Usable
    {
        get
        {
            lock (gate)
            {
                return IsReady ? usableToken : new CancellationToken(canceled: true);
            }
        }
    }

    /// <summary>Something failed on the database: whether it is away is found out at once, in place of with the next probe.</summary>
    public void Suspect() => suspicions.Writer.TryWrite(true);

    /// <summary>Ends when the database is ready; at once when it is.</summary>
    public Task WhenReadyAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            return ready.Task.WaitAsync(cancellationToken);
        }
    }

    internal void Become(DatabaseState state)
    {
        CancellationTokenSource? ended = null;
        lock (gate)
        {
            if (State == state)
                return;
            State = state;
            if (state is DatabaseState.Ready)
            {
                ready.TrySetResult();
            }
            else if (ready.Task.IsCompleted)
            {
                ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
                (ended, usable) = (usable, new CancellationTokenSource());
                usableToken = usable.Token;
            }
        }
        Changed?.Invoke();
        // Whoever watches it looks at the state, which is the new one by now.
        // Elsewhere: what is cancelled may have to wait for the very server that does not answer.
        if (ended is not null)
            _ = ended.CancelAsync();
    }

    public void Dispose() => usable.Dispose();

    /// <summary>Ends with the next <see cref="Suspect"/>, and at the latest after <paramref name="atMost"/>.</summary>
    internal async Task WhenSuspectedAsync(TimeSpan atMost, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var suspected = suspicions.Reader.ReadAsync(limit.Token).AsTask();
        await Task.WhenAny(suspected, Task.Delay(atMost, clock, limit.Token));
        await limit.CancelAsync();
        await ((Task)suspected).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }
}
