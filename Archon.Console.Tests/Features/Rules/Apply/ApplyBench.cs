using System.Text;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>A catalogue, a folder, and a Prometheus that reads it.</summary>
internal sealed class ApplyBench : IAsyncDisposable
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private readonly ApplyPatience patience = new() { Gap = TimeSpan.FromMilliseconds(100), Grace = TimeSpan.FromSeconds(10) };
    private RealPrometheus? server;

    private ApplyBench(RuleBench bench, RealPrometheus server) => (Bench, this.server) = (bench, server);

    public RuleBench Bench { get; }

    public string? File =>
        System.IO.File.Exists(Path.Combine(Bench.Folder, "shop.yml"))
            ? System.IO.File.ReadAllText(Path.Combine(Bench.Folder, "shop.yml"))
            : null;

    public static async Task<ApplyBench> StartAsync(PostgresFixture postgres, bool hasLifecycle = true)
    {
        var folder = Directory.CreateTempSubdirectory("archon-rules").FullName;
        var server = await RealPrometheus.StartAsync(
            $"global: {{evaluation_interval: 1s}}\nrule_files: ['{folder}/*.yml']\n",
            Token,
            flags: hasLifecycle ? ["--web.enable-lifecycle"] : []
        );
        return new ApplyBench(await RuleBench.StartAsync(postgres, folder, server.Address), server);
    }

    public Task<int> SaveAsync(string expression) =>
        Bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", expression)));

    public async Task ImportAsync(string text)
    {
        var importer = new RuleImporter(TestActor.Gate(Bench.Contexts), Bench.Contexts, Bench.Target, TimeProvider.System);
        var results = await importer.ImportAsync(
            RuleBench.Environment,
            [new("shop.yml", Encoding.UTF8.GetBytes(text))],
            new Dictionary<string, ImportChoice>(),
            TestActor.Named("ada"),
            "",
            Token
        );
        Assert.IsType<ImportResult.Taken>(Assert.Single(results));
    }

    /// <summary>The catalogue and the server both have it.</summary>
    public async Task AgreeAsync(string text)
    {
        await ImportAsync(text);
        Assert.IsType<ApplyResult.Done>(await ApplyAsync());
    }

    public async Task<ApplyReview> ReviewAsync() =>
        Assert
            .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(Bench.Contexts, Bench.Target).ReviewAsync(RuleBench.Environment, Token))
            .Value;

    public async Task<ApplyResult> ApplyAsync(ApplyReview? review = null, RuleTarget? target = null, StageReports? reports = null)
    {
        var files = (review ?? await ReviewAsync()).Files.Where(file => file.State != ReviewState.InStep).ToList();
        return await Applier(target ?? Bench.Target, reports)
            .ApplyAsync(RuleBench.Environment, files, TestActor.Named("ada"), reports, Token);
    }

    public Task WatchAsync() =>
        new WatchRuleFilesJob(Bench.Contexts, Bench.Target, Applier(Bench.Target), TimeProvider.System).LookAsync(
            RuleBench.Environment,
            Token
        );

    public Task<RuleApply> LastAsync() =>
        Bench.ReadAsync(db => db.RuleApplies.AsNoTracking().OrderByDescending(apply => apply.Id).FirstAsync(Token));

    public async Task<IReadOnlyList<PrometheusRule>> RunningAsync() =>
        [
            .. Assert
                .IsType<Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok>(await Bench.Prometheus.RulesAsync(Token))
                .Value.SelectMany(group => group.Rules),
        ];

    public async Task StopServerAsync()
    {
        await server!.DisposeAsync();
        server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        await Bench.DisposeAsync();
    }

    private RuleApplier Applier(RuleTarget target, ILogger<RuleApplier>? logger = null) =>
        new(
            TestActor.Gate(Bench.Contexts),
            Bench.Contexts,
            target,
            Bench.Upstreams,
            TimeProvider.System,
            logger ?? NullLogger<RuleApplier>.Instance,
            patience
        );
}
