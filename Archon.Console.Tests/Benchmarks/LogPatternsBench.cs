using System.Diagnostics;
using Archon.Analysis.LogPatterns;
using Archon.Tests.Analysis.LogPatterns;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What mining templates costs, on lines of every format that the accuracy is measured on.</summary>
public sealed class LogPatternsBench(BenchTable table)
{
    private const int Rounds = 7;
    private const int Repeats = 6;

    [Fact(Explicit = true)]
    public void Lines_to_templates()
    {
        var lines = LabelledLogs.All.Values.SelectMany(format => format.Select(line => line.Line)).ToArray();
        var megabytes = lines.Sum(line => (double)line.Length) / 1e6;

        var miner = new LogTemplateMiner(new LogMinerSettings());
        var mined = Best(lines, line => miner.Add(line));
        // The least that anyone who looks at words does: to find where they begin and end.
        var words = 0;
        var split = Best(
            lines,
            line =>
            {
                foreach (var _ in line.AsSpan().Split(' '))
                    words++;
            }
        );
        var before = GC.GetAllocatedBytesForCurrentThread();
        var fresh = new LogTemplateMiner(new LogMinerSettings());
        foreach (var line in lines)
            fresh.Add(line);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(words > 0);
        var rate = lines.Length * Repeats / mined.TotalSeconds;
        table.Add(new BenchRow("log lines to templates", rate, "lines/s/core", 200_000, false, "splitting at blanks", split / mined));
        table.Add(new BenchRow("log lines to templates", megabytes * Repeats / mined.TotalSeconds, "MB/s/core", null, false));
        table.Add(new BenchRow($"allocated for {fresh.Count} templates, with the miner's own buffers", allocated / 1e6, "MB", null, true));
    }

    private static TimeSpan Best(string[] lines, Action<string> work)
    {
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < Repeats; i++)
            {
                foreach (var line in lines)
                    work(line);
            }
            var took = Stopwatch.GetElapsedTime(began);
            if (took < best)
                best = took;
        }
        return best;
    }
}
