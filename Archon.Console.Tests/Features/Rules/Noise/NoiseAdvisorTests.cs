using Archon.Data.Incidents;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Noise;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Features.Rules.Noise;

/// <summary>Suggestions over a week that a fake Prometheus tells, minute by minute.</summary>
[SystemTest]
public sealed class NoiseAdvisorTests(PostgresFixture postgres)
{
    private const long Hour = 3600;
    private const long Day = 24 * Hour;

    // What happened stands at whole hours before this one, whatever the minute a test runs at.
    private static readonly long Anchor = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / Hour * Hour;
    private static readonly (long From, long To) Trouble = (Anchor - (2 * Day), Anchor - (2 * Day) + Hour);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flapping_alert_waits_longer_and_still_catches_the_real_incident()
    {
        await using var bench = await StartAsync(at => IsTrouble(at) || IsFlap(at) ? 10 : 1);
        await HappenedAsync(bench, Trouble.From, Trouble.To);

        var advice = (await AdviseAsync(bench, "load > 5")).Advice!;

        Assert.Equal("for none → 2m", advice.Change);
        Assert.True(advice.Before.Firings > 100, $"{advice.Before.Firings} firings");
        Assert.Equal((1, 1, 1, 1), (advice.After.Firings, advice.Troubles, advice.CaughtBefore, advice.CaughtAfter));
        Assert.True(advice.Past.IsWhole);
    }

    [Fact]
    public async Task Where_waiting_would_lose_the_incidents_a_flapping_alert_is_held_instead()
    {
        await using var bench = await StartAsync(at => IsFlap(at) ? 10 : 1);
        for (var start = Anchor - (6 * Day); start < Anchor - Day; start += 6 * Hour)
            await HappenedAsync(bench, start, start + (30 * 60));

        var advice = (await AdviseAsync(bench, "load > 5")).Advice!;

        Assert.StartsWith("keep_firing_for none → ", advice.Change, StringComparison.Ordinal);
        Assert.True(advice.After.Firings * 2 <= advice.Before.Firings, $"{advice.Before.Firings} → {advice.After.Firings}");
        Assert.Equal((20, 20, 20), (advice.Troubles, advice.CaughtBefore, advice.CaughtAfter));
    }

    [Fact]
    public async Task A_threshold_in_the_noise_is_raised_over_it_and_not_over_the_incident()
    {
        // Ninety minutes of every six hours are a little high: too long for any 'for'.
        await using var bench = await StartAsync(at =>
            IsTrouble(at) ? 50
            : Mod(at, 6 * Hour) < 90 * 60 ? 6 + (Mod(at, 600) / 600.0)
            : 1
        );
        await HappenedAsync(bench, Trouble.From, Trouble.To);

        var advice = (await AdviseAsync(bench, "load > 5")).Advice!;

        Assert.StartsWith("threshold 5 → ", advice.Change, StringComparison.Ordinal);
        Assert.InRange(AlertCondition.Of(advice.Content.Expression)!.Threshold, 5.5, 49.999);
        Assert.InRange(advice.After.Firings, 1, advice.Before.Firings / 2);
        Assert.Equal((1, 1), (advice.CaughtBefore, advice.CaughtAfter));
    }

    [Fact]
    public async Task Of_two_forms_as_quiet_the_one_that_reports_of_the_incident_sooner_is_proposed()
    {
        // Fifteen minutes of noise: waiting half an hour silences it, and so does a higher threshold, at once.
        await using var bench = await StartAsync(at =>
            IsTrouble(at) ? 50
            : Mod(at, 6 * Hour) < 15 * 60 ? 6
            : 1
        );
        await HappenedAsync(bench, Trouble.From, Trouble.To);

        var advice = (await AdviseAsync(bench, "load > 5")).Advice!;

        Assert.StartsWith("threshold 5 → ", advice.Change, StringComparison.Ordinal);
        Assert.Equal((1, 1), (advice.After.Firings, advice.CaughtAfter));
    }

    [Fact]
    public async Task A_form_that_would_have_missed_what_was_caught_is_no_advice()
    {
        // Every firing was an incident, and all are alike: whatever silences some loses them.
        await using var bench = await StartAsync(at => Mod(at, 6 * Hour) < 5 * 60 ? 10 : 1);
        for (var start = Anchor - (6 * Day); start < Anchor - Day; start += 6 * Hour)
        {
            var at = start + (6 * Hour) - Mod(start, 6 * Hour);
            await HappenedAsync(bench, at, at + (5 * 60));
        }

        var reported = await AdviseAsync(bench, "load > 5");

        Assert.Null(reported.Advice);
        Assert.True(reported.IsChecked);
        Assert.Contains("catches as much", reported.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_quiet_rule_needs_no_advice()
    {
        await using var bench = await StartAsync(_ => 1);

        var reported = await AdviseAsync(bench, "load > 5");

        Assert.Equal(
            (null, "As it is written now it would not have fired in 7 d.", true),
            (reported.Advice, reported.Words, reported.IsChecked)
        );
    }

    [Fact]
    public async Task A_server_that_has_recorded_for_minutes_only_is_not_taken_for_a_quiet_week()
    {
        var since = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - (7 * 60);
        await using var bench = await StartAsync(at => at >= since ? 1 : null, at => at >= since ? 1 : null);

        var reported = await AdviseAsync(bench, "load > 5");

        Assert.Null(reported.Advice);
        Assert.Matches("^As it is written now it would not have fired in [678] min of the 7 d asked for.$", reported.Words);
    }

    [Fact]
    public async Task Advice_from_a_short_past_says_how_short()
    {
        var since = Anchor - Day;
        await using var bench = await StartAsync(
            at =>
                at < since ? null
                : IsFlap(at) ? 10
                : 1,
            at => at >= since ? 1 : null
        );

        var advice = (await AdviseAsync(bench, "load > 5")).Advice!;

        Assert.False(advice.Past.IsWhole);
        Assert.Equal(since, advice.Past.Since!.Value.ToUnixTimeSeconds(), 60.0);
    }

    [Fact]
    public async Task Where_no_one_recorded_anything_or_no_one_answers_it_was_not_checked()
    {
        await using var bench = await StartAsync(_ => null, _ => null);

        var empty = await AdviseAsync(bench, "load > 5");
        bench.Metrics.Down = true;
        var away = await Advisor(bench).AdviseAsync((await bench.RuleAsync("Busy")).Id, Token);

        Assert.Equal((null, false), (empty.Advice, empty.IsChecked));
        Assert.Contains("no samples of the metric up", empty.Words, StringComparison.Ordinal);
        Assert.Equal((null, false), (away.Advice, away.IsChecked));
    }

    private async Task<RuleBench> StartAsync(Func<long, double?> load, Func<long, double?>? up = null)
    {
        var bench = await RuleBench.StartAsync(postgres);
        bench.Metrics.Serve("load", "shop", load);
        bench.Metrics.Queries["count(up)"] = [([], up ?? (_ => 1))];
        return bench;
    }

    private static async Task<AdviceResult> AdviseAsync(RuleBench bench, string expression) =>
        await Advisor(bench)
            .AdviseAsync(await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Busy", expression))), Token);

    private static NoiseAdvisor Advisor(RuleBench bench) =>
        new(
            bench.Queries,
            new TroubleQueries(bench.Contexts),
            bench.Upstreams,
            new BacktestSampleCache(TimeProvider.System),
            TimeProvider.System
        );

    private static Task<int> HappenedAsync(RuleBench bench, long from, long to) =>
        bench.ReadAsync(db =>
        {
            var (opened, resolved) = (DateTimeOffset.FromUnixTimeSeconds(from), DateTimeOffset.FromUnixTimeSeconds(to));
            db.Incidents.Add(
                new Incident
                {
                    EnvironmentId = RuleBench.Environment,
                    Title = "Load",
                    OpenedAt = opened,
                    ChangedAt = resolved,
                    ResolvedAt = resolved,
                }
            );
            return db.SaveChangesAsync(Token);
        });

    private static bool IsTrouble(long at) => at >= Trouble.From && at < Trouble.To;

    /// <summary>Six times for a minute, five minutes apart, every six hours.</summary>
    private static bool IsFlap(long at) => Mod(at - Anchor, 6 * Hour) is < 30 * 60 and var into && into % 300 < 60;

    private static long Mod(long at, long length) => ((at % length) + length) % length;
}
