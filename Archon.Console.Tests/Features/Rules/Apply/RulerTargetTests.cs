using System.Text;
using Archon.Features.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Exchange;
using Archon.Features.Rules.Files;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

public sealed class RulerTargetTests(PostgresFixture postgres)
{
    private const string Two = "groups:\n  - name: one\n    interval: 30s\n    rules:\n      - alert: One\n        expr: up == 1\n        annotations:\n          text: |\n            first\n            second\n  - name: two\n    rules:\n      - record: two:up\n        expr: sum(up)\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/prometheus/config/v1/rules")]
    [InlineData("/api/v1/rules")]
    [InlineData("/loki/api/v1/rules")]
    public async Task What_is_sent_is_what_is_read_and_what_is_gone_goes(string path)
    {
        await using var ruler = await FakeRuler.StartAsync(path);
        await using var services = Services(ruler);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());

        Assert.IsType<TargetResult.Done>(await target.WriteAsync("shop", Encoding.UTF8.GetBytes("# ours\n" + Two), Token));
        var held = Assert.IsType<Fetch<byte[]?>.Ok>(await target.ReadAsync("shop", Token)).Value;
        await target.WriteAsync("shop", Encoding.UTF8.GetBytes(Two[..Two.IndexOf("  - name: two", StringComparison.Ordinal)]), Token);
        var less = Assert.IsType<Fetch<byte[]?>.Ok>(await target.ReadAsync("shop", Token)).Value;
        await target.WriteAsync("shop", null, Token);

        Assert.True(target.IsSame(held, Encoding.UTF8.GetBytes(Two)), Encoding.UTF8.GetString(held!));
        Assert.Equal("one", Assert.Single(RuleFile.Read(less, out _)!.Groups).Content.Name);
        Assert.Empty(Assert.IsType<Fetch<IReadOnlyList<string>>.Ok>(await target.ListAsync(Token)).Value);
        Assert.All(ruler.Requests, request => Assert.Equal(("anna", "Bearer secret"), (request.Headers["X-Scope-OrgID"], request.Headers["Authorization"])));
    }

    [Fact]
    public async Task A_namespace_is_escaped()
    {
        await using var ruler = await FakeRuler.StartAsync("/prometheus/config/v1/rules");
        await using var services = Services(ruler);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());

        await target.WriteAsync("a b?c", Encoding.UTF8.GetBytes(Two), Token);

        Assert.Equal("a b?c", Assert.Single(Assert.IsType<Fetch<IReadOnlyList<string>>.Ok>(await target.ListAsync(Token)).Value));
    }

    [Fact]
    public async Task A_group_that_the_ruler_refuses_takes_the_others_back()
    {
        await using var ruler = await FakeRuler.StartAsync("/prometheus/config/v1/rules");
        await using var services = Services(ruler);
        await using var bench = await RuleBench.StartAsync(postgres);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        await ImportAsync(bench, target, Two[..Two.IndexOf("  - name: two", StringComparison.Ordinal)]);
        Assert.IsType<ApplyResult.Done>(await ApplyAsync(bench, target, services));
        await ImportAsync(bench, target, Two.Replace("up == 1", "up == 2", StringComparison.Ordinal));
        ruler.Refuses = "two";

        var result = await ApplyAsync(bench, target, services);

        Assert.Contains("unable to decode rule group", Assert.IsType<ApplyResult.PutBack>(result).Reason, StringComparison.Ordinal);
        var held = Assert.IsType<Fetch<byte[]?>.Ok>(await target.ReadAsync("shop", Token)).Value;
        Assert.Equal("up == 1", Assert.Single(RuleFile.Read(held, out _)!.Rules).Content.Expression);
    }

    private static ServiceProvider Services(FakeRuler ruler) => UpstreamClients.Build(
        ("Prometheus:BaseAddress", new Uri(ruler.Address, "prometheus").AbsoluteUri), ("Prometheus:Tenant", "anna"), ("Prometheus:BearerToken", "secret"));

    private static async Task ImportAsync(RuleBench bench, RuleTarget target, string text) => Assert.IsType<ImportResult.Taken>(Assert.Single(
        await new RuleImporter(bench.Contexts, target, TimeProvider.System).ImportAsync(
            RuleBench.Environment, [new("shop", Encoding.UTF8.GetBytes(text))], new Dictionary<string, ImportChoice>(), "ada", "", Token)));

    private static async Task<ApplyResult> ApplyAsync(RuleBench bench, RuleTarget target, ServiceProvider services)
    {
        var review = Assert.IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, target).ReviewAsync(RuleBench.Environment, Token)).Value;
        var applier = new RuleApplier(bench.Contexts, target, services.GetRequiredService<PrometheusClient>(), TimeProvider.System, NullLogger<RuleApplier>.Instance);
        return await applier.ApplyAsync(RuleBench.Environment, review.Files, "ada", null, Token);
    }
}
