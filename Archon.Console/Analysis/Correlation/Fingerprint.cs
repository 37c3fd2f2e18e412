using System.Globalization;
using Archon.Analysis.RootCause;

namespace Archon.Analysis.Correlation;

/// <summary>What an incident was like, to find past ones like it: which services felt what, and what was thought to be behind it.</summary>
/// <remarks>
/// Features with weights, compared by the weighted Jaccard index, sum of the lesser over sum of the greater weights (Ioffe, "Improved
/// consistent sampling", ICDM 2010). How many alerts told the same counts once, and times do not count at all: an incident is like itself
/// however long it took to be told.
/// </remarks>
public sealed class Fingerprint : IEquatable<Fingerprint>
{
    private const string Version = "1";
    private const double CauseWeight = 3;
    private const double ServiceWeight = 0.5;

    private readonly SortedDictionary<string, double> features;

    private Fingerprint(SortedDictionary<string, double> features)
    {
        this.features = features;
        Text = string.Join(
            ';',
            features
                .Select(feature =>
                    string.Create(CultureInfo.InvariantCulture, $"{Uri.EscapeDataString(feature.Key)}={feature.Value:0.###}")
                )
                .Prepend(Version)
        );
    }

    /// <summary>Canonical text to keep; <see cref="TryParse"/> reads it back.</summary>
    public string Text { get; }

    /// <param name="alerts">In any order.</param>
    /// <param name="hypotheses">As ranked; empty when no cause was named.</param>
    public static Fingerprint Of(IEnumerable<GroupingAlert> alerts, IEnumerable<Hypothesis> hypotheses)
    {
        var features = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var alert in alerts)
        {
            // Two metrics of one role are one complaint; a service is alike even where the complaint is another.
            features[$"{alert.Service}|{MetricRoles.Of(alert.Metric)}"] = 1;
            features[alert.Service] = ServiceWeight;
        }
        foreach (var hypothesis in hypotheses)
        {
            var weight = Math.Round(CauseWeight * Math.Clamp(hypothesis.Confidence, 0, 1), 3);
            if (weight > 0)
                features[$"cause|{hypothesis.Service}"] = weight;
        }
        return new Fingerprint(features);
    }

    /// <returns>False for text of another version, or that is none of ours.</returns>
    public static bool TryParse(string text, out Fingerprint fingerprint)
    {
        fingerprint = new Fingerprint([]);
        var parts = text.Split(';');
        if (parts[0] != Version)
            return false;
        var features = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach (var part in parts.Skip(1))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (
                equals <= 0
                || !double.TryParse(part.AsSpan(equals + 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)
            )
                return false;
            features[Uri.UnescapeDataString(part[..equals])] = weight;
        }
        fingerprint = new Fingerprint(features);
        return true;
    }

    /// <returns>0 for nothing in common to 1 for the same; 0 when either is empty.</returns>
    public double SimilarityTo(Fingerprint other)
    {
        var (lesser, greater) = (0.0, 0.0);
        foreach (var (name, weight) in features)
        {
            var theirs = other.features.GetValueOrDefault(name);
            lesser += Math.Min(weight, theirs);
            greater += Math.Max(weight, theirs);
        }
        greater += other.features.Where(feature => !features.ContainsKey(feature.Key)).Sum(feature => feature.Value);
        return lesser > 0 ? lesser / greater : 0;
    }

    public bool Equals(Fingerprint? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as Fingerprint);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
