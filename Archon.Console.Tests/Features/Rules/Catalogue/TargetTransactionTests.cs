using System.Collections.Concurrent;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Rules.Catalogue;

/// <summary>A slow ruler keeps no transaction open, and with it no lock of the catalogue.</summary>
[SystemTest]
public sealed class TargetTransactionTests(PostgresFixture postgres)
{
    private const string Rules = "groups:\n  - name: shop\n    interval: 30s\n    rules:\n      - alert: Down\n        expr: up == 0\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_transaction_is_open_while_the_target_is_asked()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        string[] names = ["shop.yml", "other.yml", "third.yml", "fourth.yml", "last.yml"];
        foreach (var name in names)
            await bench.WriteAsync(name, Rules);
        bench.Metrics.Rules = Served("up == 0", "ok", names.Select(name => Path.Combine(bench.Folder, name)));
        await bench.LookAsync();
        var rules = await bench.ReadAsync(db =>
            db.AlertRules.Where(rule => rule.Name == "Down").OrderBy(rule => rule.Id).ToListAsync(Token)
        );
        Assert.Equal(5, rules.Count);
        var target = new AskedTarget(bench.Target, bench.ConnectionString);
        var commands = new RuleCommands(TestActor.Gate(bench.Contexts), bench.Contexts, target, TimeProvider.System);
        var importer = new RuleImporter(TestActor.Gate(bench.Contexts), bench.Contexts, target, TimeProvider.System);
        var applier = new RuleApplier(
            TestActor.Gate(bench.Contexts),
            bench.Contexts,
            target,
            bench.Upstreams,
            TimeProvider.System,
            NullLogger<RuleApplier>.Instance,
            new ApplyPatience { Gap = TimeSpan.FromMilliseconds(20), Grace = TimeSpan.FromSeconds(10) }
        );
        var settling = new OutsideChangeCommands(TestActor.Gate(bench.Contexts), target, TimeProvider.System);
        (string Name, Func<Task> Run)[] steps =
        [
            ("restore", () => commands.RestoreAsync(rules[3].Id, 1, TestActor.Named("ada"), "as before", Token)),
            ("save", () => commands.SaveAsync(Draft(rules[0]), TestActor.Named("ada"), Token)),
            ("tests", () => commands.SaveTestsAsync(rules[1].Id, "", TestActor.Named("ada"), Token)),
            ("delete", () => commands.DeleteAsync(rules[2].Id, rules[2].CurrentVersion, TestActor.Named("ada"), "old", Token)),
            ("take in", () => importer.TakeServerAsync(RuleBench.Environment, TestActor.Named("ada"), Token)),
            (
                "look",
                () => new WatchRuleFilesJob(bench.Contexts, target, applier, TimeProvider.System).LookAsync(RuleBench.Environment, Token)
            ),
            ("put back", async () => Assert.IsType<ApplyResult.PutBack>(await ApplyAsync("err"))),
            ("apply", async () => Assert.IsType<ApplyResult.Done>(await ApplyAsync("ok"))),
            (
                "settle",
                async () =>
                {
                    File.Delete(Path.Combine(bench.Folder, "shop.yml"));
                    Assert.IsType<OutsideChangeResult.Done>(
                        await settling.KeepOursAsync(RuleBench.Environment, await ReviewAsync(), TestActor.Named("ada"), Token)
                    );
                }
            ),
        ];

        foreach (var (name, run) in steps)
        {
            target.Open.Clear();
            await run();
            Assert.True(!target.Open.IsEmpty, $"{name} asked nothing.");
            Assert.True(target.Open.All(count => count == 0), $"{name} had a transaction open: {string.Join(' ', target.Open)}");
        }

        async Task<ReviewedFile> ReviewAsync() =>
            Assert
                .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, target).ReviewAsync(RuleBench.Environment, Token))
                .Value.Files.Single(file => file.Name == "shop.yml");

        async Task<ApplyResult> ApplyAsync(string health)
        {
            bench.Metrics.Rules = Served("up < 1", health, [Path.Combine(bench.Folder, "shop.yml")]);
            return await applier.ApplyAsync(RuleBench.Environment, [await ReviewAsync()], TestActor.Named("ada"), null, Token);
        }

        RuleDraft Draft(AlertRule rule) =>
            new(RuleBench.Environment, rule.Id, "shop.yml", rule.Group, RuleBench.Alert("Down", "up < 1"), rule.CurrentVersion, "edited");
    }

    private static string Served(string expression, string health, params IEnumerable<string> files) =>
        $$"""{"groups":[{{string.Join(',', files.Select(file => $$"""{"name":"shop","file":"{{file}}","interval":30,"rules":[{"name":"Down","query":"{{expression}}","type":"alerting","state":"inactive","health":"{{health}}","lastError":"no","duration":0,"labels":{},"annotations":{},"alerts":[]}]}"""))}}]}""";

    /// <summary>Counts the transactions that wait while it is asked.</summary>
    private sealed class AskedTarget(RuleTarget inner, string connectionString) : PassingTarget(inner)
    {
        public ConcurrentQueue<long> Open { get; } = [];

        public override async Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken)
        {
            await CountAsync(cancellationToken);
            return await base.ReadAsync(name, cancellationToken);
        }

        public override async Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken)
        {
            await CountAsync(cancellationToken);
            return await base.ListAsync(cancellationToken);
        }

        public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
        {
            await CountAsync(cancellationToken);
            return await base.WriteAsync(name, content, cancellationToken);
        }

        public override async Task<TargetResult> ReloadAsync(CancellationToken cancellationToken)
        {
            await CountAsync(cancellationToken);
            return new TargetResult.Done();
        }

        public override async Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> RunningAsync(CancellationToken cancellationToken)
        {
            await CountAsync(cancellationToken);
            return await base.RunningAsync(cancellationToken);
        }

        private async Task CountAsync(CancellationToken cancellationToken)
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            await using var ask = new NpgsqlCommand(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
                connection
            );
            Open.Enqueue((long)(await ask.ExecuteScalarAsync(cancellationToken))!);
        }
    }
}
