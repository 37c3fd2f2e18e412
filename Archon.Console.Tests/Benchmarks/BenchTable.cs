using System.Globalization;
using System.Text;
using Archon.Tests.Benchmarks;
using Xunit;

[assembly: AssemblyFixture(typeof(BenchTable))]

namespace Archon.Tests.Benchmarks;

/// <summary>What was measured, against what was asked.</summary>
/// <param name="Budget">Null where the row is told for comparison only.</param>
/// <param name="Ratio">To a peer or a baseline of the same run; the value over the peer's.</param>
internal sealed record BenchRow(
    string Name,
    double Value,
    string Unit,
    double? Budget,
    bool IsLessBetter,
    string? Peer = null,
    double? Ratio = null
)
{
    public string Verdict =>
        Budget is not { } budget ? ""
        : (IsLessBetter ? Value <= budget : Value >= budget) ? "ok"
        : "OVER";
}

/// <summary>Tells rows as they come, and all of them as one table at the end, in Markdown.</summary>
public sealed class BenchTable : IDisposable
{
    private readonly List<BenchRow> rows = [];

    internal void Add(BenchRow row)
    {
        rows.Add(row);
        Note(Line(row));
    }

    internal static void Note(string text) => TestContext.Current.TestOutputHelper!.WriteLine(text);

    public void Dispose()
    {
        if (rows.Count == 0)
            return;
        var text = new StringBuilder("\n| what | value | asked | ratio | |\n|---|--:|--:|---|---|\n");
        foreach (var row in rows)
            text.AppendLine(Line(row));
        Console.Out.WriteLine(text);
    }

    private static string Line(BenchRow row) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"| {row.Name} | {Figure(row.Value)} {row.Unit} | {(row.Budget is { } budget ? $"{(row.IsLessBetter ? "at most" : "at least")} {Figure(budget)}" : "")} | {(row.Ratio is { } ratio ? $"{ratio:0.00} x {row.Peer}" : "")} | {row.Verdict} |"
        );

    private static string Figure(double value) =>
        Math.Abs(value) switch
        {
            >= 1000 => value.ToString("#,0", CultureInfo.InvariantCulture),
            >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
            >= 1 => value.ToString("0.0", CultureInfo.InvariantCulture),
            _ => value.ToString("0.000", CultureInfo.InvariantCulture),
        };
}
