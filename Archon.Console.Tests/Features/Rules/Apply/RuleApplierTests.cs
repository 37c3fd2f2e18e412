using System.Text;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>Against a real Prometheus that reads a real folder.</summary>
[SystemTest]
public sealed class RuleApplierTests(PostgresFixture postgres)
{
    private const string Good =
        "groups:\n  - name: shop\n    interval: 1s\n    rules:\n      - alert: Quiet\n        expr: vector(1) == 2\n";

    // It parses, and only its evaluation finds out that both series end up with the same labels.
    private const string Failing =
        "groups:\n  - name: shop\n    interval: 1s\n    rules:\n      - record: shop:two\n        expr: label_replace(vector(1), \"x\", \"1\", \"\", \"\") or label_replace(vector(1), \"x\", \"2\", \"\", \"\")\n        labels: {x: same}\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_applied_runs_and_both_agree()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.SaveAsync("up == 0");

        var result = await stage.ApplyAsync();

        Assert.Null(Assert.IsType<ApplyResult.Done>(result).Note);
        Assert.Equal(await stage.Bench.ContentAsync("shop.yml"), stage.File);
        Assert.Equal("up == 0", (await stage.RunningAsync()).Single().Query);
        Assert.Equal(ReviewState.InStep, Assert.Single((await stage.ReviewAsync()).Files).State);
        await stage.Bench.LookAsync();
        Assert.Equal(
            RuleStanding.InStep,
            Assert.Single((await stage.Bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules).Standing
        );
        Assert.Equal(
            ["rules.apply", "rules.apply"],
            await stage.Bench.ReadAsync(db =>
                db.AuditEntries.Where(entry => entry.Subject == "rules").Select(entry => entry.Action).ToListAsync(Token)
            )
        );
    }

    [Theory]
    [InlineData("", 20_001, "")] // as text: Prometheus itself takes ten seconds to evaluate as long a chain of operators
    [InlineData("(", 400, ")")]
    public async Task A_rule_that_is_too_large_to_be_checked_is_imported_applied_and_exported_to_the_byte(
        string open,
        int count,
        string close
    )
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        var expression =
            string.Concat(Enumerable.Repeat(open, count))
            + $"up{{job!=\"{new string('a', count)}\"}}"
            + string.Concat(Enumerable.Repeat(close, count));
        var text = Good.Replace("vector(1) == 2", $"{expression} == 0", StringComparison.Ordinal);
        await stage.ImportAsync(text);

        var result = await stage.ApplyAsync();

        Assert.Null(Assert.IsType<ApplyResult.Done>(result).Note);
        Assert.Equal(text, stage.File);
        Assert.Equal(ReviewState.InStep, Assert.Single((await stage.ReviewAsync()).Files).State);
        var exported = Assert.Single(
            await new RuleExporter(stage.Bench.Contexts).ExportAsync(RuleBench.Environment, "shop.yml", null, Token)
        );
        Assert.Equal(text, Encoding.UTF8.GetString(exported.Content));
    }

    [Fact]
    public async Task A_rule_that_cannot_be_evaluated_is_put_back_with_the_servers_words()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.ImportAsync(Failing);

        var result = await stage.ApplyAsync();

        Assert.Contains("cannot be evaluated", Assert.IsType<ApplyResult.PutBack>(result).Reason, StringComparison.Ordinal);
        Assert.Equal(Good, stage.File);
        Assert.Equal("Quiet", (await stage.RunningAsync()).Single().Name);
        Assert.Equal(Failing, await stage.Bench.ContentAsync("shop.yml"));
    }

    [Fact]
    public async Task What_the_server_refuses_to_load_is_put_back()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.ImportAsync(Good.Replace("Quiet", "Calm", StringComparison.Ordinal));
        // One bad file and the server goes on with all of its old ones.
        await stage.Bench.WriteAsync("theirs.yml", "groups: 1\n");

        var result = await stage.ApplyAsync();

        Assert.StartsWith("The server did not take it up.", Assert.IsType<ApplyResult.PutBack>(result).Reason, StringComparison.Ordinal);
        Assert.Equal(Good, stage.File);
        Assert.Equal("Quiet", (await stage.RunningAsync()).Single().Name);
    }

    [Fact]
    public async Task A_server_that_may_not_be_reloaded_is_said_and_nothing_changes()
    {
        await using var stage = await ApplyBench.StartAsync(postgres, hasLifecycle: false);
        await stage.SaveAsync("up == 0");

        var result = await stage.ApplyAsync();

        Assert.Contains("--web.enable-lifecycle", Assert.IsType<ApplyResult.PutBack>(result).Reason, StringComparison.Ordinal);
        Assert.Null(stage.File);
    }

    [Fact]
    public async Task A_server_that_is_away_is_said_and_the_file_is_put_back()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.ImportAsync(Good.Replace("Quiet", "Calm", StringComparison.Ordinal));
        await stage.StopServerAsync();

        var result = await stage.ApplyAsync();

        Assert.Contains("Nothing listens", Assert.IsType<ApplyResult.PutBack>(result).Reason, StringComparison.Ordinal);
        Assert.Equal(Good, stage.File);
    }

    [Fact]
    public async Task A_file_that_was_changed_outside_is_never_overwritten()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.ImportAsync(Good.Replace("Quiet", "Calm", StringComparison.Ordinal));
        var review = await stage.ReviewAsync();
        await stage.Bench.WriteAsync("shop.yml", "# by hand\n" + Good);

        var refused = await stage.ApplyAsync(review);

        Assert.Contains("changed outside", Assert.IsType<ApplyResult.Refused>(refused).Reason, StringComparison.Ordinal);
        Assert.Equal(ReviewState.ChangedOutside, Assert.Single((await stage.ReviewAsync()).Files).State);
        Assert.Equal("# by hand\n" + Good, stage.File);
    }

    [Fact]
    public async Task What_was_edited_since_the_review_is_refused()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        var id = await stage.SaveAsync("up == 0");
        var review = await stage.ReviewAsync();
        await stage.Bench.Commands.SaveAsync(
            RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up < 1")) with
            {
                RuleId = id,
                BasedOn = 1,
            },
            TestActor.Named("bob"),
            Token
        );

        Assert.Contains(
            "was edited since",
            Assert.IsType<ApplyResult.Refused>(await stage.ApplyAsync(review)).Reason,
            StringComparison.Ordinal
        );
        Assert.Null(stage.File);
    }

    [Fact]
    public async Task Errors_of_the_linter_block()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.SaveAsync("up");

        var file = Assert.Single((await stage.ReviewAsync()).Files);

        Assert.Equal(ReviewState.Blocked, file.State);
        Assert.IsType<ApplyResult.Refused>(await stage.ApplyAsync());
    }

    [Theory]
    [InlineData(1, RuleApplyStage.Writing, RuleApplyStage.PutBack)]
    [InlineData(2, RuleApplyStage.Writing, RuleApplyStage.PutBack)]
    [InlineData(3, RuleApplyStage.Reloading, RuleApplyStage.Done)]
    [InlineData(4, RuleApplyStage.Reloading, RuleApplyStage.Done)]
    public async Task A_console_that_ends_at_any_step_is_followed(int deadly, RuleApplyStage left, RuleApplyStage ended)
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.ImportAsync(Good.Replace("Quiet", "Calm", StringComparison.Ordinal));

        await Assert.ThrowsAsync<ConsoleEndedException>(() => stage.ApplyAsync(target: new DeadlyTarget(stage.Bench.Target, deadly)));
        Assert.Equal(left, (await stage.LastAsync()).Stage);
        // As a write that was cut off leaves it.
        if (left == RuleApplyStage.Writing)
            await stage.Bench.WriteAsync(".shop.yml.partial", "groups:");
        await stage.WatchAsync();

        Assert.Equal(ended, (await stage.LastAsync()).Stage);
        var expected = ended == RuleApplyStage.Done ? "Calm" : "Quiet";
        Assert.Contains(expected, stage.File, StringComparison.Ordinal);
        Assert.Equal(expected, (await stage.RunningAsync()).Single().Name);
        Assert.Equal(["shop.yml"], Directory.EnumerateFiles(stage.Bench.Folder).Select(Path.GetFileName));
        Assert.Equal(1, await stage.Bench.ReadAsync(db => db.AuditEntries.CountAsync(entry => entry.Action == "rules.recover", Token)));
    }

    [Fact]
    public async Task While_one_applies_another_is_refused_and_no_one_ends_what_is_alive()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.SaveAsync("up == 0");
        var held = new HeldTarget(stage.Bench.Target);
        var first = stage.ApplyAsync(target: held);
        await held.Reached.Task.WaitAsync(Token);

        var second = await stage.ApplyAsync();
        await stage.WatchAsync();
        held.Go.SetResult();

        Assert.IsType<ApplyResult.Refused>(second);
        Assert.IsType<ApplyResult.Done>(await first);
    }

    [Fact]
    public async Task A_file_deleted_from_the_catalogue_goes()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        var id = await stage.SaveAsync("up == 0");
        await stage.ApplyAsync();
        await stage.Bench.Commands.DeleteAsync(id, 1, TestActor.Named("ada"), "gone", Token);

        Assert.IsType<ApplyResult.Done>(await stage.ApplyAsync());

        Assert.Empty(await stage.RunningAsync());
    }

    [Theory]
    [InlineData(Good, RuleApplyStage.Done)]
    [InlineData(Failing, RuleApplyStage.PutBack)]
    public async Task A_stage_is_reported_and_logged_once_it_is_committed(string text, RuleApplyStage end)
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.ImportAsync(text);
        var reports = new StageReports(stage.Bench.Contexts);

        await stage.ApplyAsync(reports: reports);

        Assert.Equal(end, reports.Seen[^1].Reported);
        Assert.All(reports.Seen, one => Assert.Equal(one.Reported, one.Stored));
        Assert.Equal(end, Assert.Single(reports.StoredWhenLogged));
    }

    [Fact]
    public async Task A_change_outside_is_noticed()
    {
        await using var stage = await ApplyBench.StartAsync(postgres);
        await stage.AgreeAsync(Good);
        await stage.Bench.WriteAsync("shop.yml", "# by hand\n" + Good);

        await stage.WatchAsync();

        var document = await stage.Bench.ReadAsync(db => db.RuleDocuments.AsNoTracking().SingleAsync(Token));
        Assert.Equal(
            ("# by hand\n" + Good, Good),
            (Encoding.UTF8.GetString(document.SeenContent!), Encoding.UTF8.GetString(document.AppliedContent!))
        );
    }

    private sealed class ConsoleEndedException : Exception;

    /// <summary>The console ends before or after a step: odd numbers before, even ones after; 1 and 2 are the write, 3 and 4 the reload.</summary>
    private sealed class DeadlyTarget(RuleTarget inner, int deadly) : PassingTarget(inner)
    {
        public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
        {
            if (deadly == 1)
                throw new ConsoleEndedException();
            var done = await base.WriteAsync(name, content, cancellationToken);
            return deadly == 2 ? throw new ConsoleEndedException() : done;
        }

        public override async Task<TargetResult> ReloadAsync(CancellationToken cancellationToken)
        {
            if (deadly == 3)
                throw new ConsoleEndedException();
            var done = await base.ReloadAsync(cancellationToken);
            return deadly == 4 ? throw new ConsoleEndedException() : done;
        }
    }

    private sealed class HeldTarget(RuleTarget inner) : PassingTarget(inner)
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
        {
            Reached.TrySetResult();
            await Go.Task.WaitAsync(cancellationToken);
            return await base.WriteAsync(name, content, cancellationToken);
        }
    }
}
