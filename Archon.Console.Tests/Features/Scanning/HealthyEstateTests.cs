using Archon.Analysis.Detection;
using Archon.Features.Scanning;
using Xunit;

namespace Archon.Tests.Features.Scanning;

/// <summary>How often series without any fault are reported, by the length of the history when judging begins.</summary>
public sealed class HealthyEstateTests
{
    private const int SeriesCount = 46;
    private const int Days = 2;

    [Fact]
    public void Bands_of_the_least_history_are_rarely_left_by_healthy_series_and_those_of_hours_often()
    {
        var estate = SimulatedEstate.Make(seed: 7, SeriesCount, days: 5, liveFrom: 5, pastFaults: 0, liveFaults: 0);

        var (enough, young) = (Reported(estate, new WatchOptions().LeastHistory), Reported(estate, TimeSpan.FromHours(6)));

        // Two a day for a hundred series.
        Assert.InRange(enough.Count, 0, 2 * Days * SeriesCount / 100);
        Assert.DoesNotContain(enough, one => one.Severity == ImpactSeverity.Critical);
        Assert.True(young.Count > 5 * Math.Max(1, enough.Count), $"{young.Count} anomalies after 6 hours, {enough.Count} after enough.");
    }

    private static List<SimulatedAnomaly> Reported(SimulatedEstate estate, TimeSpan history)
    {
        var from = 2 * SimulatedEstate.StepsPerDay;
        var known = (int)(history / TimeSpan.FromSeconds(SimulatedEstate.StepSeconds));
        return SimulatedScans.Run(estate.Series, from, from + (Days * SimulatedEstate.StepsPerDay), known);
    }
}
