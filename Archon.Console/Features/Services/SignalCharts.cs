using Archon.Shell;

namespace Archon.Features.Services;

internal static class SignalCharts
{
    /// <summary>What was read, as the chart draws it.</summary>
    /// <param name="service">Gives the first line the colour this service has everywhere.</param>
    public static ChartData Draw(SignalPicture picture, string service)
    {
        var first = ColorOf(service);
        return new ChartData(
            picture.Times,
            [.. picture.Lines.Select((line, place) => new ChartLine(line.Name, picture.Unit, line.Values, ((first - 1 + place) % 10) + 1))])
        {
            Band = picture is { Lower: { } lower, Upper: { } upper } ? new ChartBand(lower, upper) : null,
            Anomalies = [.. picture.Anomalies.Select(span => new ChartSpan(Seconds(span.From), span.To is { } to ? Seconds(to) : null, HealthWords.Word(span.State), HealthWords.Shape(span.State)))],
            Gaps = [.. picture.Gaps.Select(gap => new ChartSpan(Seconds(gap.From), Seconds(gap.To), gap.Words))],
        };
    }

    /// <summary>One of ten series colours, the same for a name on every page and after every start.</summary>
    public static int ColorOf(string name)
    {
        // string.GetHashCode differs from process to process; this is FNV-1a.
        var hash = 2166136261u;
        foreach (var character in name) hash = unchecked((hash ^ character) * 16777619u);
        return (int)(hash % 10) + 1;
    }

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;
}
