using Archon.Data.Alerts;
using Archon.Data.Catalogue;
using Archon.Ui.Health;

namespace Archon.Features.Services;

/// <summary>What is known of one series, without its values.</summary>
/// <param name="ReadyAt">When it has history enough for a band; null where it has one, or that is not known.</param>
internal sealed record SeriesFact(
    long Id,
    int ServiceId,
    int WatchId,
    bool HasBand,
    DateTimeOffset? LastSampleAt,
    double? LastValue,
    double? Lower,
    double? Upper,
    DateTimeOffset? ReadyAt = null
);

internal sealed record WatchFact(
    int Id,
    string Name,
    WatchSignal Signal,
    string Unit,
    TimeSpan Step,
    AnomalyDirection Interesting,
    DateTimeOffset? UncheckedSince,
    string? UncheckedReason
)
{
    /// <summary>Sorts parts of one watch: the fullest first, or the emptiest where little is bad.</summary>
    public double Strain(double value) => Interesting == AnomalyDirection.Down ? -value : value;
}

internal sealed record ServiceFact(int Id, string Name, CatalogueOrigin Origin, ServiceTier Tier, string? Team, string? Kind = null);

/// <param name="Series">How many series of watches it has.</param>
/// <param name="FiringAlerts">Those that count for its state and are not silenced.</param>
internal sealed record ServiceAssessment(
    ServiceFact Service,
    HealthAssessor.Assessment Found,
    int OpenAnomalies,
    int Series,
    int FiringAlerts
);

/// <summary>Turns facts about series into states of services. Pure: the same facts give the same picture.</summary>
internal sealed class HealthAssessor(IReadOnlyDictionary<int, WatchFact> watches, DateTimeOffset now)
{
    /// <summary>A series chosen to stand for a golden signal.</summary>
    internal sealed record Choice(GoldenSignal Column, WatchFact Watch, SeriesFact Series, HealthState State, int Others);

    internal sealed record Assessment(HealthState State, HealthReason Reason, DateTimeOffset? Since, IReadOnlyList<Choice> Choices);

    public Assessment Assess(IReadOnlyList<SeriesFact> series, IReadOnlyList<HealthAnomaly> open, IReadOnlyList<HealthAlert> alerts)
    {
        var bySeries = open.GroupBy(anomaly => anomaly.SeriesId).ToDictionary(group => group.Key, group => group.MinBy(Rank)!);
        var choices = Choose(series, bySeries);
        var (state, reason, since) = Explain(series, open, alerts);
        return new Assessment(state, reason, since, choices);
    }

    private (HealthState, HealthReason, DateTimeOffset?) Explain(
        IReadOnlyList<SeriesFact> series,
        IReadOnlyList<HealthAnomaly> open,
        IReadOnlyList<HealthAlert> alerts
    )
    {
        var worst = open.Where(anomaly => watches.ContainsKey(anomaly.WatchId))
            .OrderBy(Rank)
            .ThenByDescending(anomaly => anomaly.Confidence)
            .FirstOrDefault();
        var worstState = worst is null ? HealthState.Healthy : StateOf(worst);
        var loudest = alerts
            .OrderBy(StateOf)
            .ThenBy(alert => alert.Since)
            .ThenBy(alert => alert.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        // Of two that are as bad, the anomaly has the figures.
        var alertDecides = loudest is not null && StateOf(loudest) < worstState;
        if (alertDecides && StateOf(loudest!) < HealthState.NotChecked)
            return (StateOf(loudest!), new HealthReason.Fires(loudest!), loudest!.Since);
        if (worst is not null && worstState < HealthState.NotChecked)
        {
            return (worstState, new HealthReason.Outside(watches[worst.WatchId].Name, watches[worst.WatchId].Unit, worst), worst.StartedAt);
        }

        var watched = series.Where(one => watches.ContainsKey(one.WatchId)).ToList();
        if (watched.Count == 0)
            return (HealthState.NotChecked, new HealthReason.NothingWatched(), null);

        var unchecked_ = watched.Select(one => watches[one.WatchId]).Where(watch => watch.UncheckedSince is not null).ToList();
        if (unchecked_.Count == watched.Count)
        {
            var first = unchecked_.MinBy(watch => watch.UncheckedSince)!;
            return (HealthState.NotChecked, new HealthReason.NoAnswer(first.UncheckedReason ?? "no answer"), first.UncheckedSince);
        }
        if (!watched.Any(IsFresh))
        {
            return (HealthState.NotChecked, new HealthReason.NoSamples(), watched.Max(one => one.LastSampleAt));
        }
        if (alertDecides)
            return (StateOf(loudest!), new HealthReason.Fires(loudest!), loudest!.Since);
        if (worst is not null)
        {
            return (worstState, new HealthReason.Outside(watches[worst.WatchId].Name, watches[worst.WatchId].Unit, worst), worst.StartedAt);
        }
        return watched.Any(one => one.HasBand)
            ? (HealthState.Healthy, new HealthReason.WithinBands(), null)
            : (HealthState.Learning, new HealthReason.NoBandYet(watched.Min(one => one.ReadyAt)), null);
    }

    private List<Choice> Choose(IReadOnlyList<SeriesFact> series, Dictionary<long, HealthAnomaly> bySeries)
    {
        var choices = new List<Choice>(4);
        foreach (var column in Enum.GetValues<GoldenSignal>())
        {
            var candidates = series
                .Where(one => watches.TryGetValue(one.WatchId, out var watch) && Fits(column, watch.Signal) < NoFit)
                .ToList();
            var chosen = candidates
                .OrderBy(one => bySeries.TryGetValue(one.Id, out var anomaly) ? Rank(anomaly) : (int)HealthState.Healthy)
                .ThenBy(one => Fits(column, watches[one.WatchId].Signal))
                .ThenBy(one => !IsFresh(one))
                // A share says at once how much is left; bytes do not.
                .ThenBy(one => column == GoldenSignal.Saturation && watches[one.WatchId].Unit != "1")
                .ThenBy(one => one.WatchId)
                // Of many parts, the fullest or busiest one speaks for the service.
                .ThenByDescending(one => one.LastValue is { } value ? watches[one.WatchId].Strain(value) : double.NegativeInfinity)
                .ThenBy(one => one.Id)
                .FirstOrDefault();
            if (chosen is null)
                continue;
            var state =
                bySeries.TryGetValue(chosen.Id, out var found) ? StateOf(found)
                : !IsFresh(chosen) || watches[chosen.WatchId].UncheckedSince is not null ? HealthState.NotChecked
                : chosen.HasBand ? HealthState.Healthy
                : HealthState.Learning;
            choices.Add(new Choice(column, watches[chosen.WatchId], chosen, state, candidates.Count - 1));
        }
        return choices;
    }

    /// <summary>What an alert means for its service. Who silenced it has looked at it.</summary>
    private static HealthState StateOf(HealthAlert alert) =>
        alert.IsSilenced ? HealthState.Judged
        : alert.Severity == AlertSeverity.Critical ? HealthState.Critical
        : HealthState.Warning;

    private static HealthState StateOf(HealthAnomaly anomaly) => HealthStates.Of(anomaly.Severity, anomaly.Verdict);

    private static int Rank(HealthAnomaly anomaly) => (int)StateOf(anomaly);

    private bool IsFresh(SeriesFact series) =>
        series.LastSampleAt is { } at && now - at <= HealthStates.PatienceFor(watches[series.WatchId].Step);

    internal const int NoFit = 9;

    /// <summary>How well a signal fits a column: 0 is what it is named for, more is a stand-in where there is nothing better.</summary>
    internal static int Fits(GoldenSignal column, WatchSignal signal) =>
        (column, signal) switch
        {
            (GoldenSignal.Rate, WatchSignal.Rate) => 0,
            (GoldenSignal.Rate, WatchSignal.Traffic) => 1,
            (GoldenSignal.Errors, WatchSignal.Errors) => 0,
            (GoldenSignal.Errors, WatchSignal.Availability) => 1,
            (GoldenSignal.Duration, WatchSignal.Duration) => 0,
            (GoldenSignal.Saturation, WatchSignal.Saturation) => 0,
            (GoldenSignal.Saturation, WatchSignal.Quality) => 1,
            _ => NoFit,
        };
}
