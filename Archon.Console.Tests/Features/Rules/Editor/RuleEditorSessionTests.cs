using System.Web;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using NetArchTest.Rules;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>What a writer does to a draft, with the database and the server away.</summary>
public sealed class RuleEditorSessionTests : IDisposable
{
    private readonly EditorDesk desk = EditorDesk.Alone();

    public void Dispose() => desk.Dispose();

    [Fact]
    public void The_editor_knows_nothing_of_how_it_is_shown()
    {
        var shown = Types
            .InAssembly(typeof(RuleEditorSession).Assembly)
            .That()
            .HaveNameMatching("^(RuleEditor|Draft(Backtest|Checks|Reading|Subject))")
            .Should()
            .NotHaveDependencyOnAny("Microsoft.AspNetCore", "MudBlazor")
            .GetResult();

        Assert.True(shown.IsSuccessful, string.Join(", ", shown.FailingTypeNames ?? []));
    }

    [Fact]
    public async Task A_database_that_is_away_is_a_reason_and_no_rule()
    {
        var session = await desk.OpenAsync(1);

        var began = desk.Clock.GetUtcNow();
        Assert.Equal(began, session.Failure!.Since);
        desk.Clock.Advance(TimeSpan.FromMinutes(2));
        await session.LoadAsync();
        Assert.Equal(began, session.Failure!.Since);
        Assert.Equal((false, false), (session.IsLoaded, session.IsMissing));
        Assert.True(await session.LeaveAsync());
        Assert.Empty(desk.Asked);
    }

    [Fact]
    public async Task An_expression_is_checked_when_the_writer_pauses()
    {
        var session = await desk.OpenAsync(null);

        session.SetExpression("rate(errors_total[5m]) >");
        Assert.Null(session.Checks.Lint);
        await desk.PauseAsync(session);

        Assert.Equal(LintChecks.Syntax, Assert.Single(session.Checks.Lint!.Findings).Check);
        Assert.Single(session.Checks.Marks);
        Assert.Equal("Invalid PromQL; backtest paused.", session.Checks.Reading.Waiting);
        Assert.Null(session.Backtest.Question);
    }

    [Fact]
    public async Task What_follows_from_a_change_is_given_up_for_the_next()
    {
        var session = await desk.OpenAsync(null);

        session.SetExpression("up ==");
        var first = session.Checks.Looking;
        session.SetExpression("up +");
        await first;
        Assert.Null(session.Checks.Lint);
        await desk.PauseAsync(session);

        Assert.NotEqual(first, session.Checks.Looking);
        Assert.NotNull(session.Checks.Lint);
    }

    [Fact]
    public async Task A_server_that_is_away_leaves_a_draft_unchecked_and_never_without_faults()
    {
        var session = await desk.OpenAsync(null);

        session.SetExpression("up == 0");
        await desk.PauseAsync(session);

        Assert.NotNull(session.Checks.Lint!.NotChecked);
        Assert.True(session.Checks.IsServerAsked);
        Assert.IsType<Archon.Integrations.Fetch<EvaluationNow>.Unavailable>(session.Checks.Now);
        Assert.Null(session.Backtest.Question!.Troubles);
    }

    [Fact]
    public async Task What_the_fields_say_is_read_once_for_each_change()
    {
        var session = await desk.OpenAsync(null);
        session.SetExpression("queue_length > 3");

        var reading = session.Checks.Reading;
        await desk.PauseAsync(session);
        Assert.Same(reading, session.Checks.Reading);
        session.SetThreshold(5);

        Assert.NotSame(reading, session.Checks.Reading);
        Assert.Equal((3, 5), (reading.Condition!.Threshold, session.Checks.Reading.Condition!.Threshold));
    }

    [Theory]
    [InlineData("queue_length > 3 # at noon", "queue_length > 5 # at noon")]
    [InlineData("up and queue_length > 3", "up and queue_length > 3")]
    [InlineData("3 < queue_length unless on () vector(0)", "5 < queue_length unless on () vector(0)")]
    public async Task Another_threshold_changes_its_number_and_nothing_else(string before, string after)
    {
        var session = await desk.OpenAsync(null);
        session.SetExpression(before);

        session.SetThreshold(5);

        Assert.Equal(after, session.Draft.Expression);
    }

    [Fact]
    public async Task A_finding_is_fixed_in_the_fields_or_accepted_in_the_expression()
    {
        var session = await desk.OpenAsync(null);
        session.Draft.Name = "Errors";
        session.SetExpression("rate(errors_total[30s]) > 1");
        session.SetSeverity("Critical");
        await desk.PauseAsync(session);

        session.Fix(session.Checks.Lint!.Findings.Single(one => one.Check == LintChecks.Severity));
        session.Accept(session.Checks.Lint!.Findings.Single(one => one.Check == LintChecks.RateWindow), "scraped\nevery second");
        await desk.PauseAsync(session);

        Assert.Equal("critical", session.Draft.Severity);
        Assert.Equal("# archon-accept: rate-window: scraped every second\nrate(errors_total[30s]) > 1", session.Draft.Expression);
        var accepted = session.Checks.Lint!.Findings.Single(one => one.Check == LintChecks.RateWindow);
        Assert.Equal("scraped every second", accepted.Accepted);
        Assert.Equal((28 + 23, 78), session.Checks.PlaceOf(accepted));
    }

    [Fact]
    public async Task Who_may_only_look_changes_nothing()
    {
        desk.Who = null;
        var session = await desk.OpenAsync(null);
        session.SetExpression("queue_length > 3");
        var finding = new LintFinding(LintChecks.For, LintSeverity.Info, "f", 1, null, null, "") { Fix = new RuleContent("x", true, "up") };

        session.SetThreshold(5);
        session.Fix(finding);
        session.Accept(finding, "why");
        await session.FormatAsync();
        // There is a stretch to make a test of.
        var now = desk.Clock.GetUtcNow();
        var range = new TimeRange(now.AddHours(-1), now);
        session.Backtest.Picked = range;
        var question = new BacktestQuestion(session.Checks.Reading.Content, null, "f.yml", new GroupContent("g"), range, null);
        session.Backtest.LastPicture = BacktestPicture.Begin(question) with { Interval = TimeSpan.FromSeconds(15) };
        Assert.False(await session.MakeTestAsync(mustFire: true));
        session.Draft.Reason = "mine";
        (session.Draft.Name, session.Draft.File, session.Draft.Group) = ("N", "f.yml", "g");
        Assert.Null(await session.SaveAsync());

        Assert.Equal("queue_length > 3", session.Draft.Expression);
        Assert.Equal("", session.Work.Notice);
        Assert.Empty(desk.Browser.Kept);
    }

    [Fact]
    public async Task A_draft_with_faults_or_without_a_reason_is_not_saved()
    {
        var session = await desk.OpenAsync(null);
        session.SetExpression("up == 0");

        Assert.Null(await session.SaveAsync());
        Assert.Equal("3 fields to fix.", session.Work.Notice);
        (session.Draft.Name, session.Draft.File, session.Draft.Group) = ("Down", "shop.yml", "shop");
        session.Changed();
        Assert.Empty(session.Faults);
        Assert.Null(await session.SaveAsync());
        Assert.Equal("Enter a reason. It is shown in the list of versions.", session.Work.Notice);
    }

    [Fact]
    public async Task Tests_wait_for_what_is_wrong_and_a_rule_without_a_place_is_tested_alone()
    {
        var session = await desk.OpenAsync(null);

        Assert.Equal((null, "Tests paused: A rule needs a name."), await session.RulesToTestAsync(TestContext.Current.CancellationToken));
        session.Draft.Name = "Down";
        session.SetExpression("up == 0");
        (session.Draft.File, session.Draft.Group) = ("", "");
        session.Read();
        var (rules, why) = await session.RulesToTestAsync(TestContext.Current.CancellationToken);

        Assert.Null(why);
        Assert.Contains("alert: Down", rules!, StringComparison.Ordinal);
        session.SetExpression("up ==");
        Assert.Equal((null, "Invalid PromQL; tests paused."), await session.RulesToTestAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(DraftSources.Anomaly, "Begun from an anomaly.")]
    [InlineData(DraftSources.Coverage, "Begun from a gap in the coverage.")]
    [InlineData(DraftSources.Noise, "A quieter form of this rule")]
    [InlineData("now-6h", null)]
    [InlineData(null, null)]
    public void The_page_that_wrote_a_draft_is_named_and_no_other(string? source, string? begin)
    {
        var words = WorkbenchWords.Origin(source);

        Assert.Equal(begin is not null, words is not null);
        Assert.StartsWith(begin ?? "", words ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_a_draft_leaves_the_parameter_of_the_range_alone()
    {
        var content = new RuleContent("Slow", true, "x > 1");
        var large = content with { Expression = string.Concat(Enumerable.Range(0, 3000).Select(at => $"x{at * 7919 % 9973} or ")) + "x" };

        foreach (var rule in (RuleContent[])[content, large])
        {
            var query = HttpUtility.ParseQueryString(
                new Uri(new Uri("http://console/"), WorkbenchLinks.New(rule, new("f", "g"), DraftSources.Anomaly)).Query
            );
            Assert.Equal((DraftSources.Anomaly, null), (query["source"], query["from"]));
        }
    }
}
