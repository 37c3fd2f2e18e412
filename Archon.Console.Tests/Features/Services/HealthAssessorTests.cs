using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Features.Services;
using Archon.Ui.Health;
using Xunit;

namespace Archon.Tests.Features.Services;

public sealed class HealthAssessorTests
{
    private static readonly DateTimeOffset Now = new(2026, 9, 17, 3, 7, 18, TimeSpan.Zero);
    private static readonly WatchFact Rate = Watch(1, WatchSignal.Rate);
    private static readonly WatchFact Errors = Watch(2, WatchSignal.Errors);
    private static readonly WatchFact Latency = Watch(3, WatchSignal.Duration);
    private static readonly WatchFact Cpu = Watch(4, WatchSignal.Saturation);

    [Fact]
    public void A_service_with_fresh_samples_inside_its_bands_is_healthy()
    {
        var found = Assess([Series(1, Rate), Series(2, Errors)], []);

        Assert.Equal(HealthState.Healthy, found.State);
        Assert.IsType<HealthReason.WithinBands>(found.Reason);
    }

    [Fact]
    public void A_service_no_one_has_samples_of_is_not_checked_and_never_calm()
    {
        var silentSince = Now - TimeSpan.FromMinutes(5);

        var found = Assess([Series(1, Rate) with { LastSampleAt = silentSince }, Series(2, Errors) with { LastSampleAt = null }], []);

        Assert.Equal(HealthState.NotChecked, found.State);
        Assert.IsType<HealthReason.NoSamples>(found.Reason);
        Assert.Equal(silentSince, found.Since);
    }

    [Fact]
    public void When_the_upstream_is_away_the_reason_is_in_its_own_words()
    {
        var away = Rate with { UncheckedSince = Now - TimeSpan.FromMinutes(4), UncheckedReason = "connection refused" };

        var found = Assess([Series(1, away)], [], away);

        Assert.Equal("connection refused", Assert.IsType<HealthReason.NoAnswer>(found.Reason).Reason);
        Assert.Equal(HealthState.NotChecked, found.State);
    }

    [Fact]
    public void Without_a_band_a_service_is_still_learning()
    {
        var (soon, later) = (Now.AddHours(3), Now.AddHours(21));
        var found = Assess(
            [Series(1, Rate) with { HasBand = false, ReadyAt = later }, Series(2, Latency) with { HasBand = false, ReadyAt = soon }],
            []
        );

        Assert.Equal((HealthState.Learning, new HealthReason.NoBandYet(soon)), (found.State, found.Reason));
        Assert.Equal(
            $"Learning: too little history for a band. Ready {soon.UtcDateTime:d MMM HH:mm} UTC",
            HealthReasonWords.Reason(found.Reason)
        );
    }

    [Fact]
    public void The_worst_anomaly_gives_the_state_and_the_reason()
    {
        var found = Assess(
            [Series(1, Rate), Series(2, Latency)],
            [Open(1, series: 1, Rate, AnomalySeverity.Warning), Open(2, series: 2, Latency, AnomalySeverity.Critical)]
        );

        Assert.Equal(HealthState.Critical, found.State);
        Assert.Equal(2, Assert.IsType<HealthReason.Outside>(found.Reason).Anomaly.Id);
    }

    [Theory]
    [InlineData(AnomalySeverity.Critical, null, HealthState.Critical)]
    [InlineData(AnomalySeverity.Warning, AnomalyVerdict.Useful, HealthState.Warning)]
    [InlineData(AnomalySeverity.Info, null, HealthState.Info)]
    [InlineData(AnomalySeverity.Critical, AnomalyVerdict.Noise, HealthState.Judged)]
    public void A_service_is_as_bad_as_the_severity_of_its_anomaly_until_it_is_judged(
        AnomalySeverity severity,
        AnomalyVerdict? verdict,
        HealthState expected
    )
    {
        Assert.Equal(expected, HealthStates.Of(severity, verdict));
    }

    [Theory]
    [InlineData(AnomalyVerdict.Noise)]
    [InlineData(AnomalyVerdict.Expected)]
    public void A_verdict_takes_the_alarm_away_until_the_anomaly_ends(AnomalyVerdict verdict)
    {
        var found = Assess([Series(2, Latency)], [Open(1, series: 2, Latency, AnomalySeverity.Critical) with { Verdict = verdict }]);

        Assert.Equal(HealthState.Judged, found.State);
    }

    [Fact]
    public void A_judged_anomaly_does_not_hide_that_samples_stopped()
    {
        var silent = Series(2, Latency) with { LastSampleAt = Now - TimeSpan.FromHours(1) };

        var found = Assess([silent], [Open(1, series: 2, Latency, AnomalySeverity.Critical) with { Verdict = AnomalyVerdict.Noise }]);

        Assert.Equal(HealthState.NotChecked, found.State);
    }

    [Fact]
    public void Each_golden_signal_is_reported_by_the_series_that_says_most()
    {
        var calm = Series(10, Cpu) with { LastValue = 0.9 };
        var odd = Series(11, Cpu) with { LastValue = 0.4 };

        var found = Assess([calm, odd, Series(1, Rate)], [Open(1, series: 11, Cpu, AnomalySeverity.Warning)]);

        var saturation = Assert.Single(found.Choices, choice => choice.Column == GoldenSignal.Saturation);
        Assert.Equal(11, saturation.Series.Id);
        Assert.Equal(HealthState.Warning, saturation.State);
        Assert.Equal(1, saturation.Others);
    }

    [Fact]
    public void Of_many_calm_parts_the_fullest_one_is_shown()
    {
        var found = Assess([Series(10, Cpu) with { LastValue = 0.2 }, Series(11, Cpu) with { LastValue = 0.8 }], []);

        Assert.Equal(11, Assert.Single(found.Choices).Series.Id);
    }

    [Fact]
    public void Nothing_watched_is_not_the_same_as_nothing_wrong()
    {
        var found = Assess([], []);

        Assert.Equal(HealthState.NotChecked, found.State);
        Assert.IsType<HealthReason.NothingWatched>(found.Reason);
        Assert.Empty(found.Choices);
    }

    [Theory]
    [InlineData(AlertSeverity.Critical, HealthState.Critical)]
    [InlineData(AlertSeverity.Warning, HealthState.Warning)]
    public void A_service_with_an_alert_is_not_healthy_though_every_series_is_in_its_band(AlertSeverity severity, HealthState expected)
    {
        var alert = Alert(severity);

        var found = Assess([Series(1, Rate)], [], [alert]);

        Assert.Equal(expected, found.State);
        Assert.Equal(alert, Assert.IsType<HealthReason.Fires>(found.Reason).Alert);
        Assert.Equal(alert.Since, found.Since);
        Assert.Equal("ErrorsHigh fires: 12 % of requests fail", HealthReasonWords.Reason(found.Reason));
    }

    [Fact]
    public void Of_an_anomaly_and_an_alert_that_are_as_bad_the_anomaly_is_the_reason_for_it_has_the_figures()
    {
        var open = Open(1, series: 2, Latency, AnomalySeverity.Warning);

        Assert.IsType<HealthReason.Outside>(Assess([Series(2, Latency)], [open], [Alert(AlertSeverity.Warning)]).Reason);
        Assert.IsType<HealthReason.Fires>(Assess([Series(2, Latency)], [open], [Alert(AlertSeverity.Critical)]).Reason);
    }

    [Fact]
    public void A_silenced_alert_counts_as_judged()
    {
        var silenced = Alert(AlertSeverity.Critical) with { IsSilenced = true };

        Assert.Equal(HealthState.Judged, Assess([Series(1, Rate)], [], [silenced]).State);
        Assert.Equal(HealthState.NotChecked, Assess([Series(1, Rate) with { LastSampleAt = null }], [], [silenced]).State);
    }

    [Fact]
    public void A_service_that_nothing_watches_is_as_bad_as_its_alert()
    {
        Assert.Equal(HealthState.Critical, Assess([], [], [Alert(AlertSeverity.Critical)]).State);
    }

    private static HealthAlert Alert(AlertSeverity severity) =>
        new(1, "ErrorsHigh", severity, Now.AddMinutes(-3), false, "12 % of requests fail");

    private static HealthAssessor.Assessment Assess(
        IReadOnlyList<SeriesFact> series,
        IReadOnlyList<HealthAnomaly> open,
        params WatchFact[] changed
    ) => Assess(series, open, [], changed);

    private static HealthAssessor.Assessment Assess(
        IReadOnlyList<SeriesFact> series,
        IReadOnlyList<HealthAnomaly> open,
        IReadOnlyList<HealthAlert> alerts,
        params WatchFact[] changed
    )
    {
        var watches = new[] { Rate, Errors, Latency, Cpu }.ToDictionary(watch => watch.Id);
        foreach (var watch in changed)
            watches[watch.Id] = watch;
        return new HealthAssessor(watches, Now).Assess(series, open, alerts);
    }

    private static WatchFact Watch(int id, WatchSignal signal) =>
        new(id, signal.ToString(), signal, "1", TimeSpan.FromSeconds(15), AnomalyDirection.Up, null, null);

    private static SeriesFact Series(long id, WatchFact watch) =>
        new(id, ServiceId: 1, watch.Id, HasBand: true, Now - TimeSpan.FromSeconds(10), 0.5, 0.2, 0.8);

    private static HealthAnomaly Open(long id, long series, WatchFact watch, AnomalySeverity severity) =>
        new(id, Now - TimeSpan.FromMinutes(15), 1, watch.Id, series, AnomalyDirection.Up, 2.91, 0.38, 0.52, severity, 0.9, null);
}
