using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Noise;
using Archon.Integrations;
using Archon.Tests.Kit;
using Archon.Ui.Format;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Rules.Noise;

[SystemTest]
public sealed class RuleRecordPanelTests(PostgresFixture postgres) : BunitContext
{
    private bool isReady;

    private static CancellationToken Token => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_record_of_the_version_that_runs_reports_firings_and_what_people_made_of_them()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await RunningAsync(bench, since: TimeSpan.FromDays(27));
        var hour = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 3600 * 3600;
        bench.Metrics.Queries["ALERTS{alertstate=\"firing\",alertname=\"Down\"}"] =
        [
            (new() { ["alertname"] = "Down", ["alertstate"] = "firing" }, at => at >= hour - 7200 && at < hour - 6600 ? 1 : null),
            (
                new()
                {
                    ["alertname"] = "Down",
                    ["alertstate"] = "firing",
                    ["job"] = "b",
                },
                at => at >= hour - 9000 && at < hour - 8400 ? 1 : null
            ),
        ];
        bench.Metrics.Queries["count(up)"] = [([], _ => 1)];
        var firing = new AlertFiring(
            new(new Dictionary<string, string> { ["alertname"] = "Down" }),
            (hour - 7200) * 1000,
            (hour - 6660) * 1000
        );
        await new AlertResponseCommands(TestActor.Gate(bench.Contexts, TimeProvider.System), TimeProvider.System).SetAsync(
            RuleBench.Environment,
            firing,
            id,
            AlertResponseKind.ActedOn,
            isGiven: true,
            TestActor.Named("ada"),
            Token
        );

        var panel = await ShownAsync(bench, id);

        Assert.Equal("Record of v1", panel.Find("h2").TextContent);
        Assert.Equal("27 d", Figures.Plain(panel.Find(".meta").TextContent));
        Assert.Equal(["2 times", "1 of 2", "1 of 1 spoken of", "0 of 1 spoken of"], panel.FindAll("dd").Select(one => one.TextContent));
    }

    [Fact]
    public async Task A_version_that_fires_as_the_one_before_goes_on_with_its_record()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await RunningAsync(bench, since: TimeSpan.FromDays(3));
        bench.Metrics.Queries["count(up)"] = [([], _ => 1)];
        var rule = (await bench.Queries.FindAsync(id, Token))!;
        var first = Assert.Single(rule.Versions);
        var laidOut = first with { Number = 2, Expression = "up==0", CreatedAt = DateTimeOffset.UtcNow };
        var other = first with { Number = 2, Expression = "up == 1", CreatedAt = DateTimeOffset.UtcNow };

        var same = await ShownAsync(bench, rule with { Versions = [laidOut, first], CurrentVersion = 2, RunningVersion = 2 });
        var changed = await ShownAsync(bench, rule with { Versions = [other, first], CurrentVersion = 2, RunningVersion = 2 });

        Assert.Equal("3 d", Figures.Plain(same.Find(".meta").TextContent));
        Assert.Equal("not yet: it runs for less than a minute", changed.Find("dd").TextContent);
    }

    [Fact]
    public async Task A_short_history_is_said_to_be_short()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await RunningAsync(bench, since: TimeSpan.FromDays(3));
        var began = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 600;
        bench.Metrics.Queries["count(up)"] = [([], at => at >= began ? 1 : null)];

        var panel = await ShownAsync(bench, id);

        Assert.Matches("^not in the (9|10|11) min that are known$", panel.Find("dd").TextContent);
        Assert.Contains("Known since", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_or_runs_none_of_it_leaves_the_record_not_known()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await RunningAsync(bench, since: TimeSpan.FromDays(3));
        var rule = (await bench.Queries.FindAsync(id, Token))!;
        bench.Metrics.Down = true;

        var away = await ShownAsync(bench, id);
        var other = Render<RuleRecordPanel>(one => one.Add(p => p.Rule, rule with { RunningVersion = null }));

        Assert.Contains("Not known: ", away.Markup, StringComparison.Ordinal);
        Assert.Empty(away.FindAll("dd"));
        Assert.Contains("the server runs none of the saved versions", other.Markup, StringComparison.Ordinal);
    }

    private async Task<IRenderedComponent<RuleRecordPanel>> ShownAsync(RuleBench bench, int id) =>
        await ShownAsync(bench, (await bench.Queries.FindAsync(id, Token))!);

    private async Task<IRenderedComponent<RuleRecordPanel>> ShownAsync(RuleBench bench, RuleDetail rule)
    {
        if (!isReady)
        {
            isReady = true;
            Services.AddSingleton(TimeProvider.System);
            Services.AddScoped(provider => new ViewState(
                new ConfiguredEnvironment(1),
                TimeProvider.System,
                provider.GetRequiredService<NavigationManager>()
            ));
            Services.AddSingleton(new NoiseQueries(bench.Contexts, bench.Queries, bench.Upstreams, TimeProvider.System));
        }
        var panel = Render<RuleRecordPanel>(one => one.Add(p => p.Rule, rule));
        await panel.WaitForStateAsync(
            () => !panel.Markup.Contains("Reading the history", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60)
        );
        return panel;
    }

    /// <summary>A rule whose first version was saved so long ago, and runs.</summary>
    private static async Task<int> RunningAsync(RuleBench bench, TimeSpan since)
    {
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var saved = DateTimeOffset.UtcNow - since - TimeSpan.FromMinutes(5);
        await bench.ReadAsync(db =>
            db.AlertRuleVersions.Where(one => one.RuleId == id)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.CreatedAt, saved), Token)
        );
        await bench.ReadAsync(db =>
            db.AlertRules.Where(one => one.Id == id).ExecuteUpdateAsync(set => set.SetProperty(one => one.RunningVersion, 1), Token)
        );
        return id;
    }
}
