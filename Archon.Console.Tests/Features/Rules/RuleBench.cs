using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Archon.Tests.Features.Rules;

/// <summary>A catalogue of rules in a database of its own, a fake Prometheus, and a folder to apply to.</summary>
internal sealed class RuleBench : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly ServiceProvider upstreams;
    private readonly DirectoryInfo folder;

    private RuleBench(TestDatabase database, FakeMetrics metrics, Uri prometheus, string? path)
    {
        (this.database, Metrics) = (database, metrics);
        folder = path is null ? Directory.CreateTempSubdirectory("archon-rules") : new DirectoryInfo(path);
        upstreams = UpstreamClients.Build(
            ("Prometheus:BaseAddress", prometheus.AbsoluteUri),
            ("Alertmanager:BaseAddress", "http://127.0.0.1:9/")
        );
        Target = path is not null
            ? new FolderTarget(folder.FullName, null, new Uri(prometheus, "-/reload"), upstreams.GetRequiredService<RuleServerClient>())
            : new NoTarget();
        Commands = new RuleCommands(TestActor.Gate(Contexts), Contexts, Target, TimeProvider.System);
        Queries = new RuleQueries(Contexts, Target);
    }

    public const int Environment = MonitoredEnvironment.DefaultId;
    public FakeMetrics Metrics { get; }
    public RuleTarget Target { get; }
    public RuleCommands Commands { get; }
    public RuleQueries Queries { get; }
    public IDbContextFactory<ArchonDbContext> Contexts => database.Contexts;

    public IDbContextFactory<ArchonDbContext> ContextsLoggedBy(CommandLog log) => log.Contexts(database);

    public string Folder => folder.FullName;
    public string ConnectionString => database.ConnectionString;
    public Upstreams Upstreams => upstreams.GetRequiredService<Upstreams>();
    public UpstreamHealth UpstreamHealth => upstreams.GetRequiredService<UpstreamHealth>();
    public PrometheusClient Prometheus => upstreams.GetRequiredService<PrometheusClient>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="hasFolder">Otherwise there is no target.</param>
    public static Task<RuleBench> StartAsync(PostgresFixture postgres, bool hasFolder = false) =>
        StartAsync(postgres, hasFolder ? Directory.CreateTempSubdirectory("archon-rules").FullName : null, null);

    /// <param name="folder">To apply to; it goes with the bench.</param>
    /// <param name="prometheus">A real one in place of the fake.</param>
    public static async Task<RuleBench> StartAsync(PostgresFixture postgres, string? folder, Uri? prometheus)
    {
        var metrics = await FakeMetrics.StartAsync();
        return new RuleBench(await postgres.NewDatabaseAsync(), metrics, prometheus ?? metrics.Address, folder);
    }

    public Task LookAsync() =>
        new ImportRulesJob(Contexts, Upstreams, Target, TimeProvider.System, NullLogger<ImportRulesJob>.Instance).ImportAsync(
            Environment,
            Token
        );

    public Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(Folder, name), text, Token);

    public static RuleDraft New(string file, string group, RuleContent content) =>
        new(Environment, null, file, group, content, 0, "wanted");

    public static RuleContent Alert(string name, string expression, TimeSpan @for = default) => new(name, true, expression) { For = @for };

    public async Task<T> ReadAsync<T>(Func<ArchonDbContext, Task<T>> read)
    {
        await using var db = await Contexts.CreateDbContextAsync(Token);
        return await read(db);
    }

    public async Task<string> ContentAsync(string name) =>
        Encoding.UTF8.GetString(
            (await ReadAsync(db => db.RuleDocuments.AsNoTracking().SingleAsync(one => one.Name == name, Token))).Content
        );

    public async Task<AlertRule> RuleAsync(string name) =>
        await ReadAsync(db => db.AlertRules.AsNoTracking().Include(rule => rule.Versions).SingleAsync(rule => rule.Name == name, Token));

    /// <summary>Saves a new rule.</summary>
    public async Task<int> SavedAsync(RuleDraft draft) =>
        Assert.IsType<RuleSaveResult.Saved>(await Commands.SaveAsync(draft, TestActor.Named("ada"), Token)).RuleId;

    /// <summary>Looks at what the files of the target contain.</summary>
    public Task WatchFilesAsync()
    {
        var applier = new RuleApplier(
            TestActor.Gate(Contexts),
            Contexts,
            Target,
            Upstreams,
            TimeProvider.System,
            NullLogger<RuleApplier>.Instance
        );
        return new WatchRuleFilesJob(Contexts, Target, applier, TimeProvider.System).LookAsync(Environment, Token);
    }

    /// <summary>Takes in what the target contains of a file: the two agree on it.</summary>
    public async Task ImportFromTargetAsync(string name, string text) =>
        Assert.IsType<ImportResult.Taken>(
            Assert.Single(
                await new RuleImporter(TestActor.Gate(Contexts), Contexts, Target, TimeProvider.System).ImportAsync(
                    Environment,
                    [new IncomingFile(name, Encoding.UTF8.GetBytes(text), IsFromTarget: true)],
                    new Dictionary<string, ImportChoice>(),
                    TestActor.Named("ada"),
                    "",
                    Token
                )
            )
        );

    public async ValueTask DisposeAsync()
    {
        await upstreams.DisposeAsync();
        await Metrics.DisposeAsync();
        await database.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
