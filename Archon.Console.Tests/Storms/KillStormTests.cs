using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Audit;
using Archon.Data.Embedded;
using Archon.Data.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Archon.Tests.Storms;

/// <summary>
/// The console and its PostgreSQL are killed at random points while they scan and apply rules. Nothing that was reported as done is lost, and
/// nothing is done twice.
/// </summary>
[SystemTest, LongTest]
public sealed class KillStormTests : IDisposable
{
    private const int Seed = 20261130;
    private static readonly int Kills = StormLength.Of(24);

    private readonly string folder = Directory.CreateTempSubdirectory("archon-storm-").FullName;
    private readonly ConcurrentQueue<string> reports = [];
    private readonly Random random = new(Seed);
    private List<string> audit = [];
    private DateTimeOffset? scannedTo;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public KillStormTests()
    {
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
        Directory.CreateDirectory(Path.Combine(folder, "rules"));
    }

    [Fact(Explicit = true)]
    public async Task What_was_done_stays_done_and_once_however_often_the_console_and_its_database_are_killed()
    {
        await using var target = await SpikingTarget.StartAsync();
        await using var prometheus = await RealPrometheus.StartAsync(
            $"global: {{evaluation_interval: 1s}}\nrule_files: ['{folder}/rules/*.yml']\n{target.ScrapeConfig}\n",
            Token,
            flags: ["--web.enable-lifecycle"]
        );
        var console = await StartAsync(prometheus.Address);
        try
        {
            target.BeginSpikes();
            for (var kill = 0; kill < Kills; kill++)
            {
                // Mostly while it works, sometimes while it still starts.
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(6000)), Token);
                var (killsConsole, killsDatabase) = random.Next(4) switch
                {
                    0 => (false, true),
                    1 => (true, true),
                    _ => (true, false),
                };
                if (killsDatabase)
                    StormProcess.KillPostgres(folder, withBackends: random.Next(2) == 0);
                if (killsConsole)
                {
                    await console.KillAsync(Token);
                    console.Dispose();
                    console = Start(prometheus.Address);
                    if (random.Next(4) == 0)
                        continue;
                }
                await WorksAsync(console);
                await CheckAsync();
            }
            await WorksAsync(console);
            var spikes = await target.EndSpikesAsync();
            var contexts = Contexts();
            await Waits.UntilAsync(async () =>
                (await Learning.WatchAsync(contexts, Token))!.ScannedTo > spikes[^1].To + TimeSpan.FromSeconds(30)
            );
            Assert.Equal(0, await console.EndAsync(Token));

            await CheckEndAsync(spikes, UpstreamClients.Prometheus(prometheus.Address));
        }
        finally
        {
            console.Dispose();
            StormProcess.KillPostgres(folder, withBackends: true);
        }
    }

    public void Dispose()
    {
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    private StormProcess Start(Uri prometheus) => StormProcess.Start(folder, prometheus, reports.Enqueue);

    private async Task<StormProcess> StartAsync(Uri prometheus)
    {
        var console = Start(prometheus);
        await WorksAsync(console);
        return console;
    }

    /// <summary>Waits until it has ended one more apply than it had.</summary>
    private async Task WorksAsync(StormProcess console)
    {
        var before = Reported("ended").Count();
        await Waits.UntilAsync(() =>
        {
            Assert.False(console.HasEnded, $"The console ended by itself:\n{console.Errors}");
            return Reported("ended").Count() > before;
        });
    }

    private IEnumerable<string[]> Reported(string kind) => reports.Select(line => line.Split(' ')).Where(words => words[0] == kind);

    /// <summary>What must be true at every time, read in one snapshot while the console works.</summary>
    private async Task CheckAsync()
    {
        // What is reported later may not be in the snapshot.
        var (saved, ended) = (Reported("saved").ToList(), Reported("ended").ToList());
        var contexts = Contexts();
        await using var db = await contexts.CreateDbContextAsync(Token);
        await using var snapshot = await db.Database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Token);

        var applies = await db.RuleApplies.AsNoTracking().OrderBy(one => one.Id).ToListAsync(Token);
        Assert.InRange(applies.Count(one => one.EndedAt is null), 0, 1);
        Assert.DoesNotContain(applies, one => one.Stage == RuleApplyStage.Stuck);
        var stages = applies.ToDictionary(one => one.Id.ToString(CultureInfo.InvariantCulture), one => one.Stage.ToString());
        Assert.All(ended, words => Assert.Equal(words[2], stages[words[1]]));
        // Each apply begins where the one before it ended.
        foreach (var (one, next) in applies.Zip(applies.Skip(1)))
            Assert.Equal(Text(Left(one)), Text(next.Files.Single().Before));

        var rule = await db
            .AlertRules.AsNoTracking()
            .Include(one => one.Versions)
            .SingleAsync(one => one.Name == StormChild.RuleName, Token);
        Assert.Equal(Enumerable.Range(1, rule.CurrentVersion), rule.Versions.Select(one => one.Number).Order());
        Assert.All(saved, words => Assert.InRange(int.Parse(words[1], CultureInfo.InvariantCulture), 1, rule.CurrentVersion));
        Assert.Equal(saved.Count, saved.Select(words => words[1]).Distinct().Count());

        var entries = await db.AuditEntries.AsNoTracking().OrderBy(one => one.Id).ToListAsync(Token);
        Assert.Equal(applies.Count, entries.Count(one => one.Action == "rules.apply" && Begins(one)));
        Assert.Equal(applies.Count(one => one.EndedAt is not null), entries.Count(one => one.Action == "rules.apply" && !Begins(one)));
        Assert.Equal(rule.CurrentVersion, entries.Count(one => one.Action is "rule.create" or "rule.edit"));
        var lines = entries.ConvertAll(one => $"{one.Id} {one.At:O} {one.Actor} {one.Action} {one.Subject} {one.Detail}");
        Assert.Equal(audit, lines.Take(audit.Count));
        audit = lines;
        await using (var whole = await contexts.CreateDbContextAsync(Token))
            Assert.IsType<AuditCheck.Intact>(await AuditChain.CheckAsync(whole, Token));

        var watch = await Learning.WatchAsync(contexts, Token);
        Assert.True(scannedTo is null || watch!.ScannedTo >= scannedTo, $"Scans went back from {scannedTo:O} to {watch!.ScannedTo:O}.");
        scannedTo = watch!.ScannedTo;
        await ScanInvariants.NothingIsDoubledAsync(db, watch.Id, Token);
    }

    /// <summary>What must be true when nothing is left to do.</summary>
    private async Task CheckEndAsync(IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)> spikes, PrometheusClient prometheus)
    {
        await using var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = Path.Combine(folder, "postgres") },
            NullLogger.Instance,
            Token
        );
        await CheckAsync();
        var contexts = Contexts();
        await using var db = await contexts.CreateDbContextAsync(Token);

        var last = await db.RuleApplies.AsNoTracking().OrderByDescending(one => one.Id).FirstAsync(Token);
        var file = await File.ReadAllTextAsync(Path.Combine(folder, "rules", StormChild.File), Token);
        if (last.EndedAt is not null)
            Assert.Equal(Text(Left(last)), file);
        Assert.Equal([StormChild.File], Directory.EnumerateFiles(Path.Combine(folder, "rules")).Select(Path.GetFileName));
        await Waits.UntilAsync(async () =>
            await prometheus.RulesAsync(Token) is Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: [{ Rules: [var running] }] }
            && file.Contains(running.Query, StringComparison.Ordinal)
        );
        await ScanInvariants.EachSpikeIsOneAnomalyAsync(db, (await Learning.WatchAsync(contexts, Token))!.Id, spikes, Token);
    }

    /// <summary>What an apply left on the target.</summary>
    private static byte[]? Left(RuleApply apply) =>
        apply.Stage == RuleApplyStage.Done ? apply.Files.Single().After : apply.Files.Single().Before;

    private static string Text(byte[]? content) => content is null ? "" : Encoding.UTF8.GetString(content);

    private static bool Begins(AuditEntry entry) => entry.Detail?.StartsWith("begins", StringComparison.Ordinal) == true;

    /// <summary>By what the server's folder says now: after a kill it may have another port.</summary>
    private PooledDbContextFactory<ArchonDbContext> Contexts()
    {
        var postgres = Path.Combine(folder, "postgres");
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = int.Parse(File.ReadAllText(Path.Combine(postgres, "port")), CultureInfo.InvariantCulture),
            Username = ServerRoles.Owner,
            Password = File.ReadAllText(Path.Combine(postgres, "password")).Trim(),
            Database = "archon",
            Pooling = false,
        };
        return new(ArchonContextOptions.For(connection.ConnectionString));
    }
}
