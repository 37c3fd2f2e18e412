using Archon.Data.Catalogue;
using Archon.Features.Services;
using Xunit;

namespace Archon.Tests.Features.Services;

public sealed class SignalGroupTests
{
    [Fact]
    public void Quantiles_of_one_latency_share_a_chart_and_the_one_people_set_goals_by_comes_first()
    {
        var groups = SignalGroup.Of([
            Watch(1, "HTTP requests", "1/s"),
            Watch(2, "HTTP latency P50", "s"),
            Watch(3, "HTTP latency P95", "s"),
            Watch(4, "HTTP latency P99", "s"),
            Watch(5, "Memory", "By"),
        ]);

        Assert.Equal(["HTTP requests", "HTTP latency", "Memory"], groups.Select(group => group.Title));
        Assert.Equal(["P95", "P50", "P99"], groups[1].Watches.Select(groups[1].LineName));
    }

    [Fact]
    public void Errors_of_the_service_and_of_its_callers_share_a_chart()
    {
        var group = Assert.Single(SignalGroup.Of([Watch(1, "HTTP client errors (4xx)", "1"), Watch(2, "HTTP errors (5xx)", "1")]));

        Assert.Equal("HTTP errors", group.Title);
        Assert.Equal(["5xx", "4xx"], group.Watches.Select(group.LineName));
    }

    [Fact]
    public void A_quantile_without_others_keeps_its_whole_name()
    {
        var group = Assert.Single(SignalGroup.Of([Watch(1, "Queue wait P95", "s")]));

        Assert.Equal("Queue wait P95", group.Title);
        Assert.Equal("Queue wait P95", group.LineName(group.First));
    }

    [Fact]
    public void Watches_with_several_series_or_another_step_stay_apart()
    {
        var several = Watch(1, "HTTP latency P50", "s") with { Series = 3 };
        var slow = Watch(2, "HTTP latency P95", "s") with { Step = TimeSpan.FromMinutes(1) };

        Assert.Equal(3, SignalGroup.Of([several, slow, Watch(3, "HTTP latency P99", "s")]).Count);
    }

    private static ServiceWatchRow Watch(int id, string name, string unit) =>
        new(id, name, WatchSignal.Duration, unit, "up", TimeSpan.FromSeconds(15), 1, 1, null, null, null, null);
}
