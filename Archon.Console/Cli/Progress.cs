namespace Archon.Cli;

/// <summary>One line on standard error that says how far long work is; silent when that is no terminal.</summary>
internal sealed class Progress(string what, int total) : IDisposable
{
    private static readonly TimeSpan Gap = TimeSpan.FromMilliseconds(200);
    private readonly bool shown = !Console.IsErrorRedirected;
    private readonly Lock door = new();
    private long lastShown;
    private int done;

    public void Advance()
    {
        var now = Interlocked.Increment(ref done);
        if (!shown)
            return;
        lock (door)
        {
            if (now < total && System.Diagnostics.Stopwatch.GetElapsedTime(lastShown) < Gap)
                return;
            lastShown = System.Diagnostics.Stopwatch.GetTimestamp();
            Console.Error.Write($"\r{what}: {now} of {total}");
        }
    }

    public void Dispose()
    {
        if (shown && done > 0)
            Console.Error.WriteLine();
    }
}
