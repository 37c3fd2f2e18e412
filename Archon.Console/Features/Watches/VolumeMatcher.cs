using Archon.Analysis.Series;

namespace Archon.Features.Watches;

/// <summary>Finds the requests behind a series: the volume series all of whose labels the series carries too.</summary>
internal sealed class VolumeMatcher
{
    private readonly Dictionary<string, MetricSeries> byLabels;
    private readonly IReadOnlyList<MetricSeries> fewest;

    public VolumeMatcher(IReadOnlyList<MetricSeries> volumes)
    {
        byLabels = volumes.GroupBy(volume => volume.Labels.Key).ToDictionary(group => group.Key, group => group.First(), StringComparer.Ordinal);
        // The most telling labels first, so that a total never stands in for a part.
        fewest = [.. volumes.OrderByDescending(volume => volume.Labels.Values.Count).ThenBy(volume => volume.Labels.Key, StringComparer.Ordinal)];
    }

    /// <returns>Null where nothing is known of its requests.</returns>
    public MetricSeries? Find(SeriesLabels labels) => byLabels.TryGetValue(labels.Key, out var same) ? same
        : fewest.FirstOrDefault(volume => volume.Labels.Values.All(label => label.Key == "__name__" || labels[label.Key] == label.Value));
}
