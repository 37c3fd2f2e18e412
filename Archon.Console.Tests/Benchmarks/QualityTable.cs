using System.Globalization;
using System.Text;

namespace Archon.Tests.Benchmarks;

/// <summary>Values that are good enough.</summary>
internal readonly record struct Bound(double Low, double High)
{
    public static Bound AtLeast(double value) => new(value, double.PositiveInfinity);

    public static Bound AtMost(double value) => new(double.NegativeInfinity, value);

    public bool Contains(double value) => value >= Low && value <= High;

    public override string ToString() =>
        (double.IsFinite(Low), double.IsFinite(High)) switch
        {
            (true, true) => $"{Figure(Low)} to {Figure(High)}",
            (true, false) => $"{Figure(Low)} or more",
            _ => $"{Figure(High)} or less",
        };

    /// <summary>Fine enough that a value and a bound that it misses by a hair do not read the same.</summary>
    internal static string Figure(double value) => value.ToString(Math.Abs(value) >= 10 ? "0.0#" : "0.00##", CultureInfo.InvariantCulture);
}

/// <summary>One measure of the engine's answers.</summary>
/// <param name="Gate">Below it nothing is shipped.</param>
/// <param name="Target">Done.</param>
/// <param name="Stretch">Beyond the best of the others; null where there is nothing beyond the target.</param>
/// <param name="Anchor">What others reach on the same data.</param>
internal sealed record QualityMeasure(string Name, Bound Gate, Bound Target, Bound? Stretch, string Anchor)
{
    public string Mark(double value)
    {
        if (Stretch is { } stretch && stretch.Contains(value))
            return "stretch";
        if (Target.Contains(value))
            return "target";
        return Gate.Contains(value) ? "gate" : "BELOW GATE";
    }
}

/// <summary>Tells measures as they come, and all of them as one table, in Markdown.</summary>
internal sealed class QualityTable
{
    private readonly List<string> rows = [];

    public void Add(QualityMeasure measure, double value) => Add(measure, Bound.Figure(value), measure.Mark(value));

    public void Skip(QualityMeasure measure, string reason) => Add(measure, reason, "");

    public override string ToString()
    {
        var text = new StringBuilder("\n| engine | value | gate | target | stretch | others | reached |\n|---|---|---|---|---|---|---|\n");
        foreach (var row in rows)
            text.AppendLine(row);
        return text.ToString();
    }

    private void Add(QualityMeasure measure, string value, string mark)
    {
        var row =
            $"| {measure.Name} | {value} | {measure.Gate} | {measure.Target} | {measure.Stretch?.ToString() ?? "-"} | {measure.Anchor} | {mark} |";
        rows.Add(row);
        BenchTable.Note(row);
    }
}
