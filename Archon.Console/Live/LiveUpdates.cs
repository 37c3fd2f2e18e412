namespace Archon.Live;

/// <summary>Whether this process hears of changes; <see cref="ChangeListener"/> keeps it true.</summary>
public sealed class LiveUpdates(TimeProvider clock)
{
    /// <summary>While no change is heard, pages read again this often.</summary>
    public static readonly TimeSpan Fallback = TimeSpan.FromSeconds(15);

    private volatile LiveBreak? current;

    /// <summary>Null while changes are heard.</summary>
    public LiveBreak? Break => current;

    /// <summary>Raised when they stopped or go on, from any thread.</summary>
    public event Action? Changed;

    internal void Hears()
    {
        if (Interlocked.Exchange(ref current, null) is not null)
            Changed?.Invoke();
    }

    internal void Broke(string reason)
    {
        var before = current;
        current = new LiveBreak(before?.Since ?? clock.GetUtcNow(), reason);
        if (before != current)
            Changed?.Invoke();
    }
}

/// <summary>Changes are not heard.</summary>
/// <param name="Reason">A sentence without secrets.</param>
public sealed record LiveBreak(DateTimeOffset Since, string Reason);
