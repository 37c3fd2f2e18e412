using Archon.Data.Catalogue;
using Archon.Features.Anomalies;
using Archon.Features.Overview;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Ui.Health;
using Xunit;

namespace Archon.Tests.Features.Overview;

public sealed class OverviewSentenceTests
{
    private static readonly DateTimeOffset Now = new(2026, 9, 17, 3, 7, 18, TimeSpan.Zero);
    private static readonly ScanState Scanning = new ScanState.Running(Now);

    [Fact]
    public void What_is_on_fire_comes_first_with_its_time_and_what_no_one_checks_after_it()
    {
        var said = Say(
            Service("checkout", HealthState.Critical, Now.AddMinutes(-5)),
            Service("search", HealthState.Critical, Now.AddMinutes(-9)),
            Service("auth", HealthState.NotChecked)
        );

        Assert.Equal(HealthState.Critical, said.State);
        Assert.Equal("Two services are critical.", said.Head);
        Assert.Equal("checkout and search are outside their expected band", said.Rest);
        Assert.Equal(Now.AddMinutes(-9), said.Since);
        Assert.Equal("; one service is not checked", said.Tail);
    }

    [Fact]
    public void A_server_that_is_away_is_never_called_calm()
    {
        var said = OverviewSentence.For(
            Picture([Service("checkout", HealthState.NotChecked)]),
            "Nothing listens at http://localhost:9090/.",
            Scanning
        );

        Assert.Equal(HealthState.NotChecked, said.State);
        Assert.Equal("Nothing is being checked.", said.Head);
    }

    [Fact]
    public void Calm_is_said_with_its_proof()
    {
        var said = Say(Service("checkout", HealthState.Healthy), Service("search", HealthState.Healthy));

        Assert.Equal(HealthState.Healthy, said.State);
        Assert.Equal("All 2 services are within their expected bands.", said.Head);
        Assert.Contains("12 series of four watches checked", said.Rest, StringComparison.Ordinal);
    }

    [Fact]
    public void While_most_services_are_learning_nothing_is_called_healthy()
    {
        var services = Enumerable.Range(0, 10).Select(i => Service($"s{i}", i < 8 ? HealthState.Learning : HealthState.Healthy)).ToArray();

        var said = Say(services);

        Assert.Equal(HealthState.Learning, said.State);
        Assert.Equal("Learning: 8 of 10 services.", said.Head);
    }

    [Fact]
    public void Bands_of_a_time_when_scans_ran_are_no_proof_of_now()
    {
        var stopped = new ScanState.Stopped(Now.AddMinutes(-15), "No process takes jobs.", "Start one.");

        var said = OverviewSentence.For(Picture([Service("checkout", HealthState.Healthy)]), prometheusAway: null, stopped);

        Assert.Equal(HealthState.NotChecked, said.State);
        Assert.Equal("Nothing is being checked.", said.Head);
        Assert.Equal("No scan has run", said.Rest);
        Assert.Equal(Now.AddMinutes(-15), said.Since);
    }

    private static OverviewSentence Say(params ServiceHealth[] services) =>
        OverviewSentence.For(Picture(services), prometheusAway: null, Scanning);

    private static OverviewPicture Picture(ServiceHealth[] services) =>
        new(
            new ServicesPicture(
                Now,
                [.. services.OrderBy(service => service.State)],
                [
                    .. services
                        .GroupBy(service => service.State)
                        .Select(group => new ServiceCount(
                            CatalogueOrigin.Discovered,
                            group.Key,
                            group.Count(),
                            group.Min(one => one.Since)
                        )),
                ],
                services.Length,
                0
            ),
            new AnomaliesPicture(Now, [], 0, 0, [], 0, 0, new CheckingState(4, 0, null, null, Now, 12, 12))
        );

    private static ServiceHealth Service(string name, HealthState state, DateTimeOffset? since = null) =>
        new(
            name.Length,
            name,
            CatalogueOrigin.Discovered,
            ServiceTier.Standard,
            null,
            state,
            new HealthReason.WithinBands(),
            since,
            0,
            6,
            []
        );
}
