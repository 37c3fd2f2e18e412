using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Catalogue;

[SystemTest]
public sealed class ImportRulesJobTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_rule_of_the_server_is_imported_as_version_one()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Served("up == 0", "firing");

        await ImportAsync(bench);

        var rule = Assert.Single(await Rules(bench));
        Assert.Equal(("Down", AlertRuleKind.Alerting, 1, "firing"), (rule.Name, rule.Kind, rule.CurrentVersion, rule.ServerState));
        var version = Assert.Single(rule.Versions);
        Assert.Equal(("up == 0", TimeSpan.FromMinutes(5), "critical"), (version.Expression, version.For, version.Labels["severity"]));
    }

    [Fact]
    public async Task A_rule_that_says_the_same_gets_no_version_and_one_that_changed_gets_the_next()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Served("up == 0", "inactive");
        await ImportAsync(bench);
        bench.Metrics.Rules = Served("up == 0", "firing");
        await ImportAsync(bench);
        bench.Metrics.Rules = Served("up < 1", "firing");

        await ImportAsync(bench);

        var rule = Assert.Single(await Rules(bench));
        Assert.Equal(2, rule.CurrentVersion);
        Assert.Equal(["up == 0", "up < 1"], rule.Versions.OrderBy(version => version.Number).Select(version => version.Expression));
    }

    [Fact]
    public async Task A_rule_that_is_gone_is_marked_and_keeps_its_versions()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Served("up == 0", "inactive");
        await ImportAsync(bench);
        bench.Metrics.Rules = """{"groups":[]}""";

        await ImportAsync(bench);

        var rule = Assert.Single(await Rules(bench));
        Assert.NotNull(rule.DeletedAt);
        Assert.Single(rule.Versions);
    }

    [Fact]
    public async Task No_one_answering_marks_nothing_as_gone()
    {
        await using var bench = await JobBench.StartAsync(postgres);
        bench.Metrics.Rules = Served("up == 0", "inactive");
        await ImportAsync(bench);
        bench.Metrics.Down = true;

        await ImportAsync(bench);

        Assert.Null(Assert.Single(await Rules(bench)).DeletedAt);
    }

    private static string Served(string query, string state) =>
        $$"""
            {"groups":[{"name":"archon","file":"/etc/prometheus/rules.yml","interval":15,"limit":0,"evaluationTime":0.001,
            "lastEvaluation":"2026-11-24T08:00:00.123456789Z","rules":[{"name":"Down","query":"{{query}}","type":"alerting","state":"{{state}}","health":"ok",
            "duration":300,"keepFiringFor":0,"labels":{"severity":"critical"},"annotations":{"summary":"<b>down</b>"},"alerts":[],
            "evaluationTime":0.001,"lastEvaluation":"2026-11-24T08:00:00.123456789Z"}]}]}
            """;

    private static Task ImportAsync(JobBench bench) => bench.Get<ImportRulesJob>().ImportAsync(MonitoredEnvironment.DefaultId, Token);

    private static Task<List<AlertRule>> Rules(JobBench bench) =>
        bench.ReadAsync(db => db.AlertRules.AsNoTracking().Include(rule => rule.Versions).ToListAsync(Token));
}
