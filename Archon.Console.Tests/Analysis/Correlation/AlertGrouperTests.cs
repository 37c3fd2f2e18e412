using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.Correlation;

public sealed class AlertGrouperTests
{
    // Two doors to one shop, and mail that has nothing to do with either.
    private static readonly ServiceGraph Estate = new(
        [],
        [("web", "shop"), ("web", "search"), ("shop", "stock"), ("shop", "pay"), ("search", "index"), ("app", "shop"), ("mail", "queue")]
    );

    private readonly AlertGrouper grouper = new(Estate, new AlertGrouperSettings());
    private readonly Dictionary<string, int> groups = new(StringComparer.Ordinal);
    private readonly List<GroupEvent> reported = [];
    private int alerts;

    [Fact]
    public void Trouble_that_climbs_from_callee_to_caller_is_one_group()
    {
        Fire(0, "stock", "latency", "s1");
        Fire(30, "shop", "latency", "s2");
        Fire(90, "web", "errors", "s3");

        Assert.Single(groups.Values.Distinct());
        Assert.Equal("errors of web began 60 s after latency of shop, it calls.", reported[^1].Reason);
    }

    [Fact]
    public void Alerts_far_apart_in_the_estate_or_in_time_are_not()
    {
        Fire(0, "stock", "latency", "s1");
        Fire(10, "mail", "errors", "other");
        Fire(1300, "shop", "latency", "late");

        Assert.Equal(3, groups.Values.Distinct().Count());
        Assert.Equal("No related alert came before it.", reported[^1].Reason);
    }

    [Fact]
    public void Alerts_no_one_service_can_be_behind_are_kept_apart_and_it_is_said()
    {
        Fire(0, "web", "requests", "r1");
        Fire(10, "shop", "requests", "r2");
        // It too calls shop, yet the load of web does not come from there.
        Fire(20, "app", "requests", "r3");

        Assert.Equal(groups["r1"], groups["r2"]);
        Assert.NotEqual(groups["r1"], groups["r3"]);
        var split = Assert.Single(reported.OfType<GroupEvent.Split>());
        Assert.Equal((groups["r1"], groups["r3"]), (split.From, split.Into));
        Assert.EndsWith("no service can be behind it and all of group 1.", split.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_alert_that_links_two_groups_merges_them_and_it_is_said()
    {
        Fire(0, "shop", "errors", "up");
        Fire(200, "stock", "cpu", "down");
        Assert.NotEqual(groups["up"], groups["down"]);

        Fire(230, "shop", "latency", "link");

        var merged = Assert.Single(reported.OfType<GroupEvent.Merged>());
        Assert.Single(groups.Values.Distinct());
        Assert.Equal(groups["link"], merged.Into);
        Assert.NotEmpty(merged.Alerts);
        Assert.EndsWith("So both groups can have one cause.", merged.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Latency_reported_before_the_requests_that_explain_it_is_one_group_with_them()
    {
        Fire(0, "shop", "latency", "s1");
        Fire(60, "web", "latency", "s2");
        // Until now shop could be behind both; from here web can, by its load.
        Fire(90, "web", "requests", "r1");
        Fire(100, "search", "requests", "r2");

        Assert.Single(groups.Values.Distinct());
        Assert.Empty(reported.OfType<GroupEvent.Split>());
    }

    [Fact]
    public void Requests_run_down_the_calls()
    {
        Fire(0, "web", "requests", "r1");
        Fire(15, "shop", "requests", "r2");
        Fire(30, "pay", "cpu", "c1");
        Fire(45, "pay", "latency", "l1");

        Assert.Equal([groups["r1"], groups["r1"], groups["r1"]], [groups["r2"], groups["l1"], groups["r1"]]);
    }

    [Fact]
    public void Alerts_of_one_service_in_one_moment_are_alone_until_something_joins()
    {
        Fire(0, "stock", "latency", "s1");
        Fire(0, "stock", "cpu", "s2");
        Assert.NotEqual(groups["s1"], groups["s2"]);

        Fire(30, "shop", "latency", "s3");

        Assert.Single(groups.Values.Distinct());
    }

    [Fact]
    public void An_id_reported_twice_changes_nothing()
    {
        Fire(0, "stock", "latency", "s1");

        Assert.Empty(grouper.Add(new GroupingAlert("s1", 60_000, "shop", "errors")));
    }

    [Fact]
    public void Services_the_estate_does_not_know_have_themselves()
    {
        Fire(0, "new", "latency", "n1");
        Fire(20, "new", "errors", "n2");
        Fire(30, "newer", "errors", "n3");

        Assert.Equal(groups["n1"], groups["n2"]);
        Assert.NotEqual(groups["n1"], groups["n3"]);
    }

    [Fact]
    public void What_was_reported_depends_on_what_came_before_alone()
    {
        var stream = Stream(1).ToList();

        for (var length = 1; length <= stream.Count; length += 13)
        {
            var part = new AlertGrouper(Estate, new AlertGrouperSettings());
            var all = new AlertGrouper(Estate, new AlertGrouperSettings());

            Assert.Equal(
                stream.Take(length).SelectMany(part.Add).Select(Text),
                stream
                    .SelectMany(alert => all.Add(alert).Select(one => (alert, one)))
                    .Where(one => stream.IndexOf(one.alert) < length)
                    .Select(one => Text(one.one))
            );
        }
    }

    [Fact]
    public void Every_alert_is_placed_once_and_late_ones_are_borne()
    {
        var stream = Stream(2).ToList();
        stream.Reverse(10, 40);

        var placed = stream.SelectMany(grouper.Add).OfType<GroupEvent.Placed>().Select(one => one.Alert);

        Assert.Equal(stream.Select(alert => alert.Id), placed);
    }

    private static IEnumerable<GroupingAlert> Stream(int seed)
    {
        var random = new Random(seed);
        var metrics = new[] { "latency", "errors", "requests", "cpu" };
        for (var i = 0; i < 120; i++)
        {
            yield return new GroupingAlert(
                $"a{i}",
                (i / 3 * 60_000L) + random.Next(60_000),
                Estate.Services[random.Next(Estate.Services.Count)],
                metrics[random.Next(4)]
            );
        }
    }

    private static string Text(GroupEvent one) =>
        one is GroupEvent.Merged merged ? $"{merged.From}>{merged.Into} {string.Join(',', merged.Alerts)} {merged.Reason}" : one.ToString();

    private void Fire(int second, string service, string metric, string id)
    {
        alerts++;
        foreach (var one in grouper.Add(new GroupingAlert(id, second * 1000L, service, metric)))
        {
            reported.Add(one);
            if (one is GroupEvent.Placed placed)
                groups[placed.Alert] = placed.Group;
            if (one is GroupEvent.Merged merged)
                foreach (var alert in merged.Alerts)
                    groups[alert] = merged.Into;
        }
        Assert.Equal(alerts, groups.Count);
    }
}
