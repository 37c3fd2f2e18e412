using System.Text;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>What catalogue and target agree on while a file is applied and after, with the watch of the target's files inside each step.</summary>
[SystemTest]
public sealed class ApplyStatesTests(PostgresFixture postgres)
{
    private const string Older =
        "groups:\n  - name: shop\n    interval: 1s\n    rules:\n      - alert: Quiet\n        expr: vector(1) == 2\n";
    private const string Newer =
        "groups:\n  - name: shop\n    interval: 1s\n    rules:\n      - alert: Quiet\n        expr: vector(1) == 3\n";
    private const string Theirs = "groups: []\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public enum Failing
    {
        Nothing,
        Write,
        Reload,
        Evaluation,
        WritingBack,
        SomebodyElse,
        EndBeforeWrite,
        EndAfterWrite,
        EndBeforeReload,
        EndAfterReload,
    }

    [Theory]
    [InlineData(Failing.Nothing, RuleApplyStage.Done, Newer, ReviewState.InStep)]
    [InlineData(Failing.Write, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.Reload, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.Evaluation, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.WritingBack, RuleApplyStage.Stuck, Newer, ReviewState.Ready)]
    [InlineData(Failing.SomebodyElse, RuleApplyStage.Stuck, Theirs, ReviewState.ChangedOutside)]
    [InlineData(Failing.EndBeforeWrite, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.EndAfterWrite, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.EndBeforeReload, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    [InlineData(Failing.EndAfterReload, RuleApplyStage.PutBack, Older, ReviewState.Ready)]
    public async Task Each_end_of_an_apply_leaves_a_file_that_can_be_applied_or_was_changed_by_others(
        Failing failing,
        RuleApplyStage end,
        string held,
        ReviewState state
    )
    {
        await using var stage = await Stage.StartAsync(postgres);
        stage.Target.Failing = failing;

        // A console that was killed ends its apply at the next look.
        if (await stage.ApplyAsync() is not null)
            Assert.Equal(state, (await stage.ReviewAsync()).State);
        await stage.WatchAsync();
        await stage.WatchAsync();

        Assert.Equal((end, held), (await stage.EndAsync(), stage.File));
        Assert.Equal(state, (await stage.ReviewAsync()).State);
        Assert.True(stage.Target.Watched > 0);
        if (state != ReviewState.Ready)
            return;
        stage.Target.Failing = Failing.Nothing;
        Assert.IsType<ApplyResult.Done>(await stage.ApplyAsync());
        Assert.Equal(ReviewState.InStep, (await stage.ReviewAsync()).State);
    }

    [Fact]
    public async Task What_was_read_while_a_file_was_applied_is_forgotten_once_it_was_put_back()
    {
        await using var stage = await Stage.StartAsync(postgres);
        var late = new LateTarget(stage.Bench.Target);
        Task? watching = null;
        stage.Target.Failing = Failing.Evaluation;
        stage.Target.Inside = async () =>
        {
            if (stage.File != Newer)
                return;
            watching ??= stage.WatchAsync(late);
            await late.HasRead.Task;
        };

        Assert.IsType<ApplyResult.PutBack>(await stage.ApplyAsync());
        late.Go.SetResult();
        await watching!;

        Assert.Equal(ReviewState.Ready, (await stage.ReviewAsync()).State);
    }

    [Fact]
    public async Task A_file_that_a_former_version_left_as_applied_recovers_and_one_that_others_changed_does_not()
    {
        await using var stage = await Stage.StartAsync(postgres);
        stage.Target.Failing = Failing.Evaluation;
        await stage.ApplyAsync();
        await stage.SetAppliedAsync(Newer);
        Assert.Equal(ReviewState.ChangedOutside, (await stage.ReviewAsync()).State);

        await stage.WatchAsync();
        Assert.Equal(ReviewState.Ready, (await stage.ReviewAsync()).State);
        stage.Target.Failing = Failing.Nothing;
        Assert.IsType<ApplyResult.Done>(await stage.ApplyAsync());
        await stage.Bench.WriteAsync("shop.yml", Older);
        await stage.WatchAsync();

        Assert.Equal(ReviewState.ChangedOutside, (await stage.ReviewAsync()).State);
    }

    [Fact]
    public async Task A_file_that_somebody_brings_to_the_target_and_takes_back_was_changed_by_others()
    {
        await using var stage = await Stage.StartAsync(postgres);
        stage.Target.Failing = Failing.Evaluation;
        Assert.IsType<ApplyResult.PutBack>(await stage.ApplyAsync());
        await stage.Bench.WriteAsync("shop.yml", Newer);
        await stage.WatchAsync();
        Assert.Equal(ReviewState.InStep, (await stage.ReviewAsync()).State);

        await stage.Bench.WriteAsync("shop.yml", Older);
        await stage.WatchAsync();
        await stage.WatchAsync();

        Assert.Equal(ReviewState.ChangedOutside, (await stage.ReviewAsync()).State);
        Assert.IsType<ApplyResult.Refused>(await stage.ApplyAsync());
    }

    [Fact]
    public async Task A_look_reads_the_contents_of_an_apply_only_while_a_file_of_it_has_to_be_repaired()
    {
        await using var stage = await Stage.StartAsync(postgres);
        stage.Target.Failing = Failing.Evaluation;
        await stage.ApplyAsync();
        await stage.SetAppliedAsync(Newer);

        var first = await stage.WatchReadingAsync();
        await stage.Bench.WriteAsync("shop.yml", Theirs);
        var later = (await stage.WatchReadingAsync()) + (await stage.WatchReadingAsync());

        Assert.Equal(ReviewState.ChangedOutside, (await stage.ReviewAsync()).State);
        Assert.Equal((1, 0), (first, later));
    }

    [Fact]
    public async Task A_stuck_file_is_reloaded_and_can_be_applied_until_the_server_runs_it()
    {
        await using var stage = await Stage.StartAsync(postgres);
        stage.Target.Failing = Failing.WritingBack;

        Assert.IsType<ApplyResult.Stuck>(await stage.ApplyAsync());
        // After the write, and after the attempt to put it back.
        Assert.Equal(2, stage.Target.Reloads);
        var file = await stage.ReviewAsync();
        Assert.Equal((ReviewState.Ready, true, false), (file.State, file.IsStuck, file.Differs));
        Assert.StartsWith("The last apply could not be put back as a whole.", Assert.Single(file.Reasons), StringComparison.Ordinal);

        // Nothing of it can be put back: the file was the same before.
        stage.Target.Failing = Failing.Evaluation;
        Assert.IsType<ApplyResult.Stuck>(await stage.ApplyAsync());
        Assert.True((await stage.ReviewAsync()).IsStuck);

        stage.Target.Failing = Failing.Nothing;
        Assert.IsType<ApplyResult.Done>(await stage.ApplyAsync());
        file = await stage.ReviewAsync();
        Assert.Equal((ReviewState.InStep, false), (file.State, file.IsStuck));
    }

    [Fact]
    public async Task Files_of_one_environment_are_not_applied_in_another()
    {
        await using var stage = await Stage.StartAsync(postgres);
        await stage.Bench.ReadAsync(db =>
        {
            db.Environments.Add(new MonitoredEnvironment { Name = "staging" });
            return db.SaveChangesAsync(Token);
        });
        var other = await stage.Bench.ReadAsync(db =>
            db.Environments.Where(one => one.Name == "staging").Select(one => one.Id).SingleAsync(Token)
        );

        var refused = Assert.IsType<ApplyResult.Refused>(await stage.ApplyAsync(other));

        Assert.Equal("shop.yml is not a rule file of this environment.", refused.Reason);
        Assert.Equal(Older, stage.File);
    }

    private sealed class ConsoleEndedException : Exception;

    /// <summary>Has the files looked at before and after each step, and fails in one of them.</summary>
    private sealed class SteppedTarget(RuleBench bench) : PassingTarget(bench.Target)
    {
        private bool isWritten;

        public Failing Failing { get; set; }
        public Func<Task> Inside { get; set; } = () => Task.CompletedTask;
        public int Watched { get; private set; }
        public int Reloads { get; private set; }

        public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
        {
            await LookAsync();
            if (Failing == Failing.EndBeforeWrite)
                throw new ConsoleEndedException();
            if (Failing == Failing.Write && !isWritten)
            {
                isWritten = true;
                return new TargetResult.Failed("the disk is full.");
            }
            if (Failing == Failing.WritingBack && isWritten)
                return new TargetResult.Failed("the disk is full.");
            isWritten = true;
            var done = await base.WriteAsync(name, content, cancellationToken);
            await LookAsync();
            return Failing == Failing.EndAfterWrite ? throw new ConsoleEndedException() : done;
        }

        public override async Task<TargetResult> ReloadAsync(CancellationToken cancellationToken)
        {
            Reloads++;
            await LookAsync();
            if (Failing == Failing.EndBeforeReload)
                throw new ConsoleEndedException();
            bench.Metrics.Rules = Served(Failing is Failing.Evaluation or Failing.WritingBack ? "err" : "ok");
            if (Failing == Failing.SomebodyElse)
            {
                await bench.WriteAsync("shop.yml", Theirs);
                await LookAsync();
                return new TargetResult.Failed("no.");
            }
            if (Failing == Failing.EndAfterReload)
                throw new ConsoleEndedException();
            return Failing == Failing.Reload ? new TargetResult.Failed("no.") : new TargetResult.Done();
        }

        public override async Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> RunningAsync(CancellationToken cancellationToken)
        {
            await LookAsync();
            return null;
        }

        private async Task LookAsync()
        {
            Watched++;
            await Inside();
        }

        private string Served(string health) =>
            $$"""{"groups":[{"name":"shop","file":"{{bench.Folder}}/shop.yml","interval":1,"rules":[{"name":"Quiet","query":"vector(1) == 3","type":"alerting","state":"inactive","health":"{{health}}","lastError":"{{(health == "ok" ? "" : "no")}}","duration":0,"labels":{},"annotations":{},"alerts":[]}]}]}""";
    }

    /// <summary>Reads, and waits before it says what it has read.</summary>
    private sealed class LateTarget(RuleTarget inner) : PassingTarget(inner)
    {
        public TaskCompletionSource HasRead { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken)
        {
            var read = await base.ReadAsync(name, cancellationToken);
            HasRead.TrySetResult();
            await Go.Task.WaitAsync(cancellationToken);
            return read;
        }
    }

    /// <summary>A folder with a file that the catalogue has agreed on, and edited since.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        private Stage(RuleBench bench) => (Bench, Target) = (bench, new SteppedTarget(bench));

        public RuleBench Bench { get; }
        public SteppedTarget Target { get; }
        public string File => System.IO.File.ReadAllText(Path.Combine(Bench.Folder, "shop.yml"));

        public static async Task<Stage> StartAsync(PostgresFixture postgres)
        {
            var stage = new Stage(await RuleBench.StartAsync(postgres, hasFolder: true));
            await stage.Bench.WriteAsync("shop.yml", Older);
            await stage.ImportAsync(Older);
            await stage.WatchAsync();
            await stage.ImportAsync(Newer);
            Assert.Equal(ReviewState.Ready, (await stage.ReviewAsync()).State);
            stage.Target.Inside = () => stage.WatchAsync();
            return stage;
        }

        public async Task<ApplyResult?> ApplyAsync(int environmentId = RuleBench.Environment)
        {
            try
            {
                return await Applier(Target).ApplyAsync(environmentId, [await ReviewAsync()], TestActor.Named("ada"), null, Token);
            }
            catch (ConsoleEndedException)
            {
                return null;
            }
        }

        public Task WatchAsync(RuleTarget? target = null) =>
            new WatchRuleFilesJob(Bench.Contexts, target ?? Bench.Target, Applier(Bench.Target), TimeProvider.System).LookAsync(
                RuleBench.Environment,
                Token
            );

        public async Task<ReviewedFile> ReviewAsync() =>
            Assert.Single(
                Assert
                    .IsType<Fetch<ApplyReview>.Ok>(
                        await new RuleReviewer(Bench.Contexts, Bench.Target).ReviewAsync(RuleBench.Environment, Token)
                    )
                    .Value.Files
            );

        public Task<RuleApplyStage> EndAsync() =>
            Bench.ReadAsync(db => db.RuleApplies.Where(apply => apply.EndedAt != null).Select(apply => apply.Stage).SingleAsync(Token));

        /// <summary>As a former version left it, without the time.</summary>
        public Task<int> SetAppliedAsync(string text) =>
            Bench.ReadAsync(db =>
                db.RuleDocuments.ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(one => one.AppliedContent, Encoding.UTF8.GetBytes(text))
                            .SetProperty(one => one.AppliedAt, (DateTimeOffset?)null),
                    Token
                )
            );

        /// <returns>How often the contents of ended applies were read.</returns>
        public async Task<int> WatchReadingAsync()
        {
            var log = new CommandLog();
            await new WatchRuleFilesJob(Bench.ContextsLoggedBy(log), Bench.Target, Applier(Bench.Target), TimeProvider.System).LookAsync(
                RuleBench.Environment,
                Token
            );
            return log.Texts.Count(text =>
                text.Contains("FROM rule_applies", StringComparison.Ordinal) && !text.Contains("ended_at IS NULL", StringComparison.Ordinal)
            );
        }

        public ValueTask DisposeAsync() => Bench.DisposeAsync();

        private async Task ImportAsync(string text) =>
            Assert.IsType<ImportResult.Taken>(
                Assert.Single(
                    await new RuleImporter(TestActor.Gate(Bench.Contexts), Bench.Contexts, Bench.Target, TimeProvider.System).ImportAsync(
                        RuleBench.Environment,
                        [new("shop.yml", Encoding.UTF8.GetBytes(text))],
                        new Dictionary<string, ImportChoice>(),
                        TestActor.Named("ada"),
                        "",
                        Token
                    )
                )
            );

        private RuleApplier Applier(RuleTarget target) =>
            new(
                TestActor.Gate(Bench.Contexts),
                Bench.Contexts,
                target,
                Bench.Upstreams,
                TimeProvider.System,
                NullLogger<RuleApplier>.Instance,
                new ApplyPatience { Gap = TimeSpan.FromMilliseconds(20), Grace = TimeSpan.FromSeconds(10) }
            );
    }
}
