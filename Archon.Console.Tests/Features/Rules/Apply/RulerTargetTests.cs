using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

[SystemTest]
public sealed class RulerTargetTests(PostgresFixture postgres)
{
    private const string Two =
        "groups:\n  - name: one\n    interval: 30s\n    rules:\n      - alert: One\n        expr: up == 1\n        annotations:\n          text: |\n            first\n            second\n  - name: two\n    rules:\n      - record: two:up\n        expr: sum(up)\n";

    private const string Logs = """
        groups:
          - name: logs
            rules:
              - alert: Errors
                expr: sum by (service) (rate({app="rag"} |= "error" [5m])) > 5
                for: 5m
                annotations:
                  summary: "{{ $labels.service }} writes errors"
        """;

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
        Assert.All(
            ruler.Requests,
            request => Assert.Equal(("anna", "Bearer secret"), (request.Headers["X-Scope-OrgID"], request.Headers["Authorization"]))
        );
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

    [Fact]
    public async Task Loki_takes_LogQL_that_no_one_here_can_check_and_is_asked_itself_whether_it_runs()
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));
        await using var bench = await RuleBench.StartAsync(postgres);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        await ImportAsync(bench, target, Logs);

        var file = Assert.Single(
            Assert
                .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, target).ReviewAsync(RuleBench.Environment, Token))
                .Value.Files
        );
        var result = await ApplyAsync(bench, target, services);

        Assert.Equal(ReviewState.Ready, file.State);
        Assert.Equal(
            ["not-promql", "severity"],
            file.Findings.Where(one => one.Rule is null || one.Severity != LintSeverity.Info).Select(one => one.Check.Id)
        );
        Assert.Contains("do not apply to LogQL", file.Findings[0].Message, StringComparison.Ordinal);
        Assert.Null(Assert.IsType<ApplyResult.Done>(result).Note);
        Assert.Contains("|= \"error\"", ruler.Requests.Single(request => request.Method == "POST").Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_Loki_reports_in_other_words_is_applied_and_said_to_be_unread()
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));
        await using var bench = await RuleBench.StartAsync(postgres);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        await ImportAsync(bench, target, Logs);
        ruler.Prints = """(sum by(service)(rate({app="rag"} |= "error"[300s])) > 5)""";

        var result = await ApplyAsync(
            bench,
            target,
            services,
            new ApplyPatience { Gap = TimeSpan.FromMilliseconds(10), Most = TimeSpan.FromMilliseconds(100) }
        );

        Assert.Contains("Errors in its own form", Assert.IsType<ApplyResult.Done>(result).Note, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("""(sum by(service)(rate({app="rag"} |= "error"[300s])) > 5)""")]
    public async Task What_Loki_runs_is_listed_as_applied_in_whatever_form_it_reports_it(string? prints)
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));
        await using var bench = await RuleBench.StartAsync(postgres);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        ruler.Prints = prints;
        await ImportAsync(bench, target, Logs);
        Assert.Equal(RuleStanding.NotApplied, (await OnlyAsync()).Standing);
        await ApplyAsync(
            bench,
            target,
            services,
            new ApplyPatience { Gap = TimeSpan.FromMilliseconds(10), Most = TimeSpan.FromMilliseconds(100) }
        );

        await LookAsync(bench, target, services);

        var listed = await OnlyAsync();
        Assert.Equal((RuleStanding.InStep, "inactive", RuleLanguage.Logql), (listed.Standing, listed.ServerState, listed.Language));
        await ImportAsync(bench, target, Logs.Replace("> 5", "> 6", StringComparison.Ordinal));
        await LookAsync(bench, target, services);
        Assert.Equal(RuleStanding.NotApplied, (await OnlyAsync()).Standing);

        async Task<RuleRow> OnlyAsync() =>
            Assert.Single((await new RuleQueries(bench.Contexts, target).PictureAsync(RuleBench.Environment, Token)).Rules);
    }

    [Fact]
    public async Task Neither_server_takes_the_rules_of_the_other_away_while_it_is_not_asked()
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var bench = await RuleBench.StartAsync(postgres);
        await using var both = UpstreamClients.Build(("Prometheus:BaseAddress", bench.Metrics.Address.AbsoluteUri));
        await using var lokiAlone = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));
        bench.Metrics.Rules =
            """{"groups":[{"name":"node","file":"/etc/node.yml","interval":15,"rules":[{"name":"Down","query":"up == 0","type":"alerting","state":"inactive","health":"ok","duration":0,"labels":{},"annotations":{},"alerts":[]}]}]}""";
        var target = new RulerTarget(ruler.Rules, both.GetRequiredService<RuleServerClient>());
        await target.WriteAsync("logs", Encoding.UTF8.GetBytes(Logs), Token);
        await LookAsync(bench, target, both);

        await LookAsync(bench, target, lokiAlone);
        var withoutPrometheus = await NamesAsync();
        var gone = new RulerTarget(new Uri("http://127.0.0.1:9/loki/api/v1/rules"), both.GetRequiredService<RuleServerClient>());
        await LookAsync(bench, gone, both);
        var withoutLoki = await NamesAsync();
        await target.WriteAsync("logs", null, Token);
        await LookAsync(bench, target, both);

        Assert.Equal(["Down", "Errors"], withoutPrometheus);
        Assert.Equal(["Down", "Errors"], withoutLoki);
        Assert.Equal(["Down"], await NamesAsync());

        async Task<IEnumerable<string>> NamesAsync() =>
            (await new RuleQueries(bench.Contexts, target).PictureAsync(RuleBench.Environment, Token))
                .Rules.Select(rule => rule.Name)
                .Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task LogQL_is_saved_beside_what_is_PromQL_by_chance()
    {
        await using var ruler = await FakeRuler.StartAsync("/loki/api/v1/rules");
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));
        await using var bench = await RuleBench.StartAsync(postgres);
        var target = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        await ImportAsync(bench, target, "groups:\n  - name: logs\n    rules:\n      - alert: Clock\n        expr: vector(1) > 0\n");
        var content = new RuleContent("Errors", true, """sum(rate({app="rag"} |= "error" [5m])) > 5""");

        var saved = await new RuleCommands(TestActor.Gate(bench.Contexts), bench.Contexts, target, TimeProvider.System).SaveAsync(
            new RuleDraft(RuleBench.Environment, null, "shop", "logs", content, 0, "errors"),
            TestActor.Named("ada"),
            Token
        );

        Assert.IsType<RuleSaveResult.Saved>(saved);
        Assert.Equal(
            RuleLanguage.Logql,
            (await new RuleQueries(bench.Contexts, target).FindAsync(((RuleSaveResult.Saved)saved).RuleId, Token))!.Language
        );
    }

    [Theory]
    [InlineData("sum(rate({app=\"rag\"} |= `error` [5m])) > 5", "(sum(rate({app=\"rag\"} |= \"error\"[5m])) > 5)", true)]
    [InlineData("(a + b) * c", "a + b * c", false)]
    [InlineData("(a) + (b)", "a) + (b", false)]
    [InlineData("rate({a=\"x\"} |= \"(\" [5m])", "rate({a=\"x\"} |= \"\" [5m])", false)]
    public void Only_brackets_around_all_of_a_LogQL_text_say_nothing(string one, string other, bool same) =>
        Assert.Equal(same, ServedRules.SameLogql(one, other));

    [Fact]
    public async Task LogQL_is_refused_where_a_Prometheus_would_read_it()
    {
        await using var ruler = await FakeRuler.StartAsync("/prometheus/config/v1/rules");
        await using var services = Services(ruler);
        await using var bench = await RuleBench.StartAsync(postgres);
        var loki = new RulerTarget(new Uri(ruler.Address, "loki/api/v1/rules"), services.GetRequiredService<RuleServerClient>());
        var mimir = new RulerTarget(ruler.Rules, services.GetRequiredService<RuleServerClient>());
        await ImportAsync(bench, loki, Logs);

        var file = Assert.Single(
            Assert
                .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, mimir).ReviewAsync(RuleBench.Environment, Token))
                .Value.Files
        );
        var imported = Assert.Single(
            await new RuleImporter(TestActor.Gate(bench.Contexts), bench.Contexts, mimir, TimeProvider.System).ImportAsync(
                RuleBench.Environment,
                [new("logs", Encoding.UTF8.GetBytes(Logs))],
                new Dictionary<string, ImportChoice>(),
                TestActor.Named("ada"),
                "",
                Token
            )
        );

        Assert.Equal(ReviewState.Blocked, file.State);
        Assert.Contains("could not parse expression", Assert.Single(file.Reasons), StringComparison.Ordinal);
        Assert.IsType<ImportResult.Refused>(imported);
    }

    private static ServiceProvider Services(FakeRuler ruler) =>
        UpstreamClients.Build(
            ("Prometheus:BaseAddress", new Uri(ruler.Address, "prometheus").AbsoluteUri),
            ("Prometheus:Tenant", "anna"),
            ("Prometheus:BearerToken", "secret")
        );

    private static async Task ImportAsync(RuleBench bench, RuleTarget target, string text) =>
        Assert.IsType<ImportResult.Taken>(
            Assert.Single(
                await new RuleImporter(TestActor.Gate(bench.Contexts), bench.Contexts, target, TimeProvider.System).ImportAsync(
                    RuleBench.Environment,
                    [new("shop", Encoding.UTF8.GetBytes(text))],
                    new Dictionary<string, ImportChoice>(),
                    TestActor.Named("ada"),
                    "",
                    Token
                )
            )
        );

    private static Task LookAsync(RuleBench bench, RuleTarget target, ServiceProvider services) =>
        new ImportRulesJob(
            bench.Contexts,
            services.GetRequiredService<Upstreams>(),
            target,
            TimeProvider.System,
            NullLogger<ImportRulesJob>.Instance
        ).ImportAsync(RuleBench.Environment, Token);

    private static async Task<ApplyResult> ApplyAsync(
        RuleBench bench,
        RuleTarget target,
        ServiceProvider services,
        ApplyPatience? patience = null
    )
    {
        var review = Assert
            .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, target).ReviewAsync(RuleBench.Environment, Token))
            .Value;
        var applier = new RuleApplier(
            TestActor.Gate(bench.Contexts),
            bench.Contexts,
            target,
            services.GetRequiredService<Upstreams>(),
            TimeProvider.System,
            NullLogger<RuleApplier>.Instance,
            patience
        );
        return await applier.ApplyAsync(RuleBench.Environment, review.Files, TestActor.Named("ada"), null, Token);
    }
}
