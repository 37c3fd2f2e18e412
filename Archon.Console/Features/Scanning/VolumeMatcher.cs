using Archon.Analysis.Series;

namespace Archon.Features.Scanning;

/// <summary>Finds the requests behind a series: the volume series all of whose labels the series carries too.</summary>
internal sealed class VolumeMatcher
{
    private readonly Dictionary<string, MetricSeries> byLabels;
    private readonly IReadOnlyList<MetricSeries> fewest;

    public VolumeMatcher(IReadOnlyList<MetricSeries> volumes)
    {
        byLabels = volumes
            .GroupBy(volume => volume.Labels.Key)
            .ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        // The most telling labels first, so that a total never stands in for a part.
        fewest =
        [
            .. volumes.OrderByDescending(volume => volume.Labels.Values.Count).ThenBy(volume => volume.Labels.Key, StringComparer.Ordinal),
        ];
    }

    /// <returns>Null where nothing is known of its requests.</returns>
    public MetricSeries? Find(SeriesLabels labels) =>
        byLabels.TryGetValue(labels.Key, out var same)
            ? same
            : fewest.FirstOrDefault(volume =>
                volume.Labels.Values.All(label => label.Key == "__name__" || labels[label.Key] == label.Value)
            );
}

/// <summary>Walks along a volume series beside the series it belongs to.</summary>
internal struct VolumeCursor(MetricSeries? volume)
{
    private int place;

    /// <param name="unixMs">Not before the one asked for last.</param>
    /// <returns>NaN where the requests of that moment are not known.</returns>
    public double At(long unixMs)
    {
        if (volume is null)
            return double.NaN;
        var times = volume.Times.Span;
        while (place < times.Length && times[place] < unixMs)
            place++;
        return place < times.Length && times[place] == unixMs ? volume.Values.Span[place] : double.NaN;
    }
}
