using Archon.Ui.Charts;
using Archon.Ui.Health;

namespace Archon.Features.Services;

internal static class SignalCharts
{
    /// <summary>What was read, as the chart draws it.</summary>
    /// <param name="service">Gives the first line the colour this service has everywhere.</param>
    public static ChartData Draw(SignalPicture picture, string service) => Draw([(picture, "")], service);

    /// <summary>Several watches on one axis. They were read over the same range with the same step; the first one gives the band.</summary>
    /// <param name="pictures">Each with what its line is called beside the others.</param>
    public static ChartData Draw(IReadOnlyList<(SignalPicture Picture, string Name)> pictures, string service)
    {
        var first = ColorOf(service);
        var (main, mainName) = pictures[0];
        var lines = pictures.SelectMany(
            (one, place) =>
                one.Picture.Lines.Select(line =>
                    (Name: pictures.Count > 1 ? one.Name : line.Name, one.Picture.Unit, line.Values, IsMain: place == 0)
                )
        );
        return new ChartData(
            main.Times,
            [
                .. lines.Select(
                    (line, place) =>
                        new ChartLine(line.Name, line.Unit, line.Values, ((first - 1 + place) % 10) + 1) { Dashed = !line.IsMain }
                ),
            ]
        )
        {
            Band = main is { Lower: { } lower, Upper: { } upper } ? new ChartBand(lower, upper) : null,
            BandName = pictures.Count > 1 ? $"expected {mainName}" : "expected",
            Anomalies = Apart([.. pictures.SelectMany(one => one.Picture.Anomalies)]),
            Gaps = [.. main.Gaps.Select(gap => new ChartSpan(Seconds(gap.From), Seconds(gap.To), gap.Words))],
        };
    }

    /// <summary>The same chart up to now, hatched where nobody answered: a line that ended at the edge would look like the present.</summary>
    public static ChartData Silent(ChartData known, DateTimeOffset now, string words)
    {
        // Asked in vain before: what was hatched then is hatched again, a little longer.
        var count = known.Gaps is [.., { } last] && last.Words == words ? Array.FindIndex(known.X, at => at > last.From) : known.X.Length;
        if (count < 2)
            return known;
        var step = known.X[count - 1] - known.X[count - 2];
        var missing = (int)((Seconds(now) - known.X[count - 1]) / step);
        if (missing < 1)
            return known;
        double[] Longer(double[] values, Func<int, double> next) =>
            [.. values.AsSpan(0, count), .. Enumerable.Range(1, missing).Select(next)];
        return known with
        {
            X = Longer(known.X, place => known.X[count - 1] + (place * step)),
            Lines = [.. known.Lines.Select(line => line with { Values = Longer(line.Values, _ => double.NaN) })],
            Band = known.Band is { } band ? new ChartBand(Longer(band.Lower, _ => double.NaN), Longer(band.Upper, _ => double.NaN)) : null,
            Gaps = [.. known.Gaps.Where(gap => gap.Words != words), new ChartSpan(known.X[count - 1], Seconds(now), words)],
        };
    }

    /// <summary>One of ten series colours, the same for a name on every page and after every start.</summary>
    public static int ColorOf(string name)
    {
        // string.GetHashCode differs from process to process; this is FNV-1a.
        var hash = 2166136261u;
        foreach (var character in name)
            hash = unchecked((hash ^ character) * 16777619u);
        return (int)(hash % 10) + 1;
    }

    /// <summary>Spans that overlap become one in the worst of their states: two tints over each other would look like a third state.</summary>
    private static List<ChartSpan> Apart(List<AnomalySpan> spans)
    {
        var apart = new List<AnomalySpan>();
        foreach (var span in spans.OrderBy(span => span.From))
        {
            if (apart.Count > 0 && apart[^1] is var last && (last.To ?? DateTimeOffset.MaxValue) >= span.From)
            {
                var end =
                    last.To is { } one && span.To is { } other
                        ? one > other
                            ? one
                            : other
                        : (DateTimeOffset?)null;
                apart[^1] = last with { To = end, State = last.State < span.State ? last.State : span.State };
            }
            else
            {
                apart.Add(span);
            }
        }
        return apart.ConvertAll(span => new ChartSpan(
            Seconds(span.From),
            span.To is { } to ? Seconds(to) : null,
            HealthWords.Word(span.State),
            HealthWords.Shape(span.State)
        ));
    }

    private static double Seconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds() / 1000.0;
}
