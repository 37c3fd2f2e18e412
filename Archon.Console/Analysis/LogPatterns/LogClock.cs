namespace Archon.Analysis.LogPatterns;

/// <summary>How long a period lasted, by an even sample of its lines' times: a single line with a wrong date does not stretch it.</summary>
internal sealed class LogClock
{
    private const int MostTimes = 2048;
    private const double Outer = 0.01;

    private readonly List<long> times = [];
    private long seen;
    private long every = 1;

    public void See(long unixMs)
    {
        if (seen++ % every != 0)
            return;
        times.Add(unixMs);
        if (times.Count < MostTimes)
            return;
        for (var i = 0; i < MostTimes / 2; i++)
            times[i] = times[2 * i];
        times.RemoveRange(MostTimes / 2, MostTimes / 2);
        every *= 2;
    }

    /// <returns>Milliseconds; 0 when all lines had one time, or none had any.</returns>
    public double Length()
    {
        if (times.Count == 0)
            return 0;
        var sorted = times.Order().ToArray();
        var outside = (int)(Outer * sorted.Length);
        return (sorted[^(outside + 1)] - sorted[outside]) / (1 - (2.0 * outside / sorted.Length));
    }
}
