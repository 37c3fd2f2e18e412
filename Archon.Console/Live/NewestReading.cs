namespace Archon.Live;

/// <summary>Of what a page reads again as people choose, only the newest reading counts: it gives up the one before.</summary>
public sealed class NewestReading
{
    private CancellationTokenSource? current;

    public bool IsUnderWay => current is not null;

    /// <returns>Null where another reading overtook it, or the page went away: then there is nothing to show.</returns>
    public async Task<T?> ReadAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken lifetime)
        where T : class
    {
        current?.Cancel();
        using var mine = CancellationTokenSource.CreateLinkedTokenSource(lifetime);
        current = mine;
        try
        {
            var found = await read(mine.Token);
            return current == mine && !mine.IsCancellationRequested ? found : null;
        }
        catch (OperationCanceledException) when (mine.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            if (current == mine)
                current = null;
        }
    }
}
