namespace Archon.Data;

/// <summary>Whether the database can be used now.</summary>
public abstract record DatabaseState
{
    private DatabaseState()
    {
    }

    /// <summary>Not reached yet since the console started: the embedded server comes up, or migrations run.</summary>
    public sealed record Starting : DatabaseState;

    public sealed record Ready : DatabaseState;

    /// <param name="Reason">Why, in words for people, without secrets.</param>
    /// <param name="Since">When it was first found away.</param>
    public sealed record Away(string Reason, DateTimeOffset Since) : DatabaseState;
}

/// <summary>What the process knows of its database. <see cref="ArchonDatabaseStarter"/> keeps it true.</summary>
public sealed class ArchonDatabase
{
    private readonly Lock gate = new();
    private TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DatabaseState State { get; private set; } = new DatabaseState.Starting();

    public bool IsReady => State is DatabaseState.Ready;

    /// <summary>Raised after <see cref="State"/> changed, on the thread that found out.</summary>
    public event Action? Changed;

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
        lock (gate)
        {
            if (State == state) return;
            State = state;
            if (state is DatabaseState.Ready)
            {
                ready.TrySetResult();
            }
            else if (ready.Task.IsCompleted)
            {
                ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
        Changed?.Invoke();
    }
}
