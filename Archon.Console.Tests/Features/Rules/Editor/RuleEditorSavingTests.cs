using Archon.Data.Catalogue;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>How rules that are written get into the catalogue, and drafts into the browser and back.</summary>
[SystemTest]
public sealed class RuleEditorSavingTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_is_begun_from_an_address_saved_and_saved_again()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var start = new RuleEditorStart("queue_length > 3", "1m", "critical", "QueueLong", DraftSources.Coverage, null);
        var session = await desk.OpenAsync(null, start);
        Assert.StartsWith("Begun from a gap in the coverage.", session.Origin, StringComparison.Ordinal);
        Assert.Equal(("1m", "critical"), (session.Draft.For, session.Draft.Severity));
        (session.Draft.File, session.Draft.Group, session.Draft.Reason) = ("shop.yml", "queues", "Queues block the shop");
        session.Changed();

        var id = await session.SaveAsync();

        Assert.NotNull(id);
        // What is saved is not lost by leaving.
        Assert.True(await session.LeaveAsync());
        Assert.Empty(desk.Asked);
        var again = await desk.OpenAsync(id);
        Assert.False(again.IsDirty);
        again.SetThreshold(5);
        again.Draft.Reason = "Sooner";
        Assert.Null(await again.SaveAsync());
        Assert.Equal("Saved as v2. It runs once it is applied.", again.Work.Notice);
        Assert.Equal((false, 2, "queue_length > 5"), (again.IsDirty, again.Rule!.CurrentVersion, again.Rule.Content.Expression));
        Assert.Equal(("ada", "Sooner"), (again.Rule.Versions[0].Author, again.Rule.Versions[0].Reason));
    }

    [Fact]
    public async Task Two_who_write_at_once_are_reported_and_nothing_of_either_is_lost()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "queues", RuleBench.Alert("QueueLong", "queue_length > 3")));
        var (mine, theirs) = (await desk.OpenAsync(id), await desk.OpenAsync(id));
        await WriteAsync(mine, "2m", "impatience");
        desk.Who = "eve";
        await WriteAsync(theirs, "9m", "patience");
        await theirs.SaveAsync();
        desk.Who = "ada";

        await mine.SaveAsync();

        Assert.Equal(("eve", 2, "patience"), (mine.Theirs!.Author, mine.Theirs.Number, mine.Theirs.Reason));
        Assert.Equal(("2m", true, "Not saved yet."), (mine.Draft.For, mine.Work.IsProblem, mine.Work.Notice));
        Assert.Equal((2, RuleEditorSession.DraftVersion), (mine.DiffFrom, mine.DiffTo));
        await mine.SaveAsync();
        Assert.Equal("Saved as v3. It runs once it is applied.", mine.Work.Notice);
        Assert.Null(mine.Theirs);
        // What theirs said is a version like any other, and comes back.
        await mine.RestoreAsync(2);
        Assert.Equal(("Restore v2?", "v2 is back as v4.", "9m"), (desk.Asked.Single(), mine.Work.Notice, mine.Draft.For));
    }

    [Fact]
    public async Task A_draft_is_given_up_for_what_others_saved_meanwhile()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "queues", RuleBench.Alert("QueueLong", "queue_length > 3")));
        var (mine, theirs) = (await desk.OpenAsync(id), await desk.OpenAsync(id));
        await WriteAsync(mine, "2m", "impatience");
        await WriteAsync(theirs, "9m", "patience");
        await theirs.SaveAsync();
        await mine.SaveAsync();

        await mine.TakeTheirsAsync();

        Assert.Equal(("9m", false), (mine.Draft.For, mine.IsDirty));
        Assert.Null(mine.Theirs);
        Assert.Empty(desk.Browser.Kept);
    }

    [Fact]
    public async Task A_rule_is_deleted_for_a_reason_and_after_a_question()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var session = await desk.OpenAsync(await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0"))));

        await session.DeleteAsync();
        Assert.True(session.IsAskingWhy);
        Assert.Empty(desk.Asked);
        session.Draft.Reason = "Replaced";
        desk.Agrees = false;
        await session.DeleteAsync();
        Assert.False(session.Rule!.IsDeleted);
        desk.Agrees = true;
        await session.DeleteAsync();

        Assert.Equal(["Delete Down?", "Delete Down?"], desk.Asked);
        Assert.True(session.Rule!.IsDeleted);
        Assert.Equal("Deleted. It stops alerting once that is applied.", session.Work.Notice);
    }

    [Fact]
    public async Task A_refusal_is_reported_and_keeps_the_draft()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var session = await desk.OpenAsync(await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0"))));
        session.SetExpression("up ==");
        session.Draft.Reason = "Quickly";

        await session.SaveAsync();

        Assert.StartsWith("Not saved: ", session.Work.Notice, StringComparison.Ordinal);
        Assert.Equal("up ==", session.Draft.Expression);
        Assert.True(session.IsDirty);
    }

    [Fact]
    public async Task Leaving_a_draft_is_asked_and_a_draft_that_is_left_is_gone()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var session = await desk.OpenAsync(await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0"))));
        Assert.True(await session.LeaveAsync());
        session.SetExpression("up == 1");
        await session.KeepDraftAsync();
        Assert.Single(desk.Browser.Kept);

        desk.Agrees = false;
        Assert.False(await session.LeaveAsync());
        Assert.Single(desk.Browser.Kept);
        desk.Agrees = true;
        Assert.True(await session.LeaveAsync());

        Assert.Equal(["Leave this draft?", "Leave this draft?"], desk.Asked);
        Assert.Empty(desk.Browser.Kept);
    }

    [Fact]
    public async Task A_draft_comes_back_after_a_lost_connection_and_is_offered_after_a_closed_tab()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var session = await desk.OpenAsync(id);
        session.SetExpression("up == 1");
        await session.KeepDraftAsync();

        desk.Browser.IsAfterLoss = true;
        var back = await desk.OpenAsync(id);
        Assert.Equal("up == 1", back.Draft.Expression);
        Assert.StartsWith("Your draft is back", back.Origin, StringComparison.Ordinal);
        desk.Browser.IsAfterLoss = false;
        var offered = await desk.OpenAsync(id);
        Assert.Equal(("up == 0", "up == 1"), (offered.Draft.Expression, offered.Older!.Expression));
        offered.TakeOlder();

        Assert.Equal(("up == 1", true), (offered.Draft.Expression, offered.IsDirty));
        await offered.DiscardAsync();
        Assert.Equal(("up == 0", false), (offered.Draft.Expression, offered.IsDirty));
        Assert.Empty(desk.Browser.Kept);
    }

    [Fact]
    public async Task A_shared_draft_is_held_against_what_is_saved_now()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var session = await desk.OpenAsync(id);
        session.SetExpression("up == 1");
        var packed = session.Checks.Reading.Shared!;

        var shared = await desk.OpenAsync(id, RuleEditorStart.Empty with { SharedDraft = packed });
        var broken = await desk.OpenAsync(id, RuleEditorStart.Empty with { SharedDraft = "?" });

        Assert.Equal(("up == 1", 1, true), (shared.Draft.Expression, shared.Draft.BasedOn, shared.IsDirty));
        Assert.Equal("The draft in this link cannot be opened: it cannot be read.", broken.Origin);
        Assert.False(broken.IsDirty);
    }

    [Fact]
    public async Task A_rule_of_another_environment_is_missing()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        await using (var db = await bench.Contexts.CreateDbContextAsync(Token))
        {
            var staging = new MonitoredEnvironment { Name = "staging" };
            db.Environments.Add(staging);
            await db.SaveChangesAsync(Token);
            await db
                .AlertRules.Where(rule => rule.Id == id)
                .ExecuteUpdateAsync(set => set.SetProperty(rule => rule.EnvironmentId, staging.Id), Token);
        }

        var session = await desk.OpenAsync(id);

        Assert.Equal((true, false), (session.IsMissing, session.IsLoaded));
    }

    [Fact]
    public async Task Unit_tests_of_a_new_rule_outlive_a_database_that_goes_away_between_the_two()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var database = new EditorDesk.LeavingDatabase(bench.Contexts);
        using var desk = EditorDesk.At(bench, database);
        var session = await desk.OpenAsync(null, RuleEditorStart.Empty with { Expression = "up == 0", Name = "Down" });
        (session.Draft.File, session.Draft.Group, session.Draft.Reason) = ("shop.yml", "shop", "wanted");
        session.Draft.Tests = "tests: []\n";
        session.Changed();
        desk.Browser.Dropped = () => database.Left = 0;

        var id = await session.SaveAsync();

        Assert.NotNull(id);
        Assert.StartsWith("The rule is saved, its unit tests are not: ", Assert.Single(desk.Warnings), StringComparison.Ordinal);
        // What is left in the browser is that of the rule, not one of another new rule.
        Assert.Equal([$"rule/1/{id}"], desk.Browser.Kept);
        database.Left = int.MaxValue;
        var again = await desk.OpenAsync(id);
        Assert.Equal(("", "tests: []\n"), (again.Draft.Tests, again.Older!.Tests));
        again.TakeOlder();
        await again.SaveTestsAsync();
        Assert.Equal(("tests: []\n", false), ((await bench.Queries.FindAsync(id!.Value, Token))!.Tests, again.HasUnsaved));
    }

    [Fact]
    public async Task A_database_that_goes_away_after_a_save_leaves_what_is_shown_as_it_was()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var database = new EditorDesk.LeavingDatabase(bench.Contexts);
        using var desk = EditorDesk.At(bench, database);
        var session = await desk.OpenAsync(await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0"))));
        await WriteAsync(session, "2m", "sooner");
        // The rule can still be read, and the list of the others not.
        desk.Browser.Dropped = () => database.Left = 1;

        await session.SaveAsync();

        Assert.StartsWith(
            "Saved as v2. It runs once it is applied. The new version cannot be shown: ",
            session.Work.Notice,
            StringComparison.Ordinal
        );
        Assert.Equal((1, true, true), (session.Rule!.CurrentVersion, session.IsDirty, session.Work.IsProblem));
        database.Left = int.MaxValue;
        await session.TakeTheirsAsync();
        Assert.Equal((2, "2m", false), (session.Rule!.CurrentVersion, session.Draft.For, session.IsDirty));
    }

    private static async Task WriteAsync(RuleEditorSession session, string pendingPeriod, string reason)
    {
        (session.Draft.For, session.Draft.Reason) = (pendingPeriod, reason);
        session.Changed();
        await session.KeepDraftAsync();
    }
}
