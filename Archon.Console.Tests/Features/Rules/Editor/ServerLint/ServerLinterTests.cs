using System.Net;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Rules.Editor.ServerLint;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.ConfigFiles.Rules;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor.ServerLint;

/// <summary>The linter against a real Prometheus that scrapes a small exporter.</summary>
[SystemTest]
public sealed class ServerLinterTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_only_a_server_can_report_is_found_against_one()
    {
        await using var exporter = await ServeAsync();
        var address = new Uri(exporter.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        await using var server = await RealPrometheus.StartAsync(
            $"{{global: {{scrape_interval: 1s}}, scrape_configs: [{{job_name: shop, static_configs: [{{targets: ['{address.Authority}']}}]}}]}}",
            Token
        );
        var prometheus = UpstreamClients.Prometheus(server.Address);
        await Waits.UntilAsync(async () =>
            await prometheus.QueryAsync("rate(jobs_done[10s]) and on () (count_over_time(up[1m]) > 5)", null, Token)
                is Fetch<QueryResult>.Ok { Value.Series.Count: > 0 }
        );

        var rules = $$$"""
            groups:
            - name: g
              rules:
              - {alert: MissingMetric, expr: nothing_like_it > 0}
              - {alert: MissingLabel, expr: 'temperature{zone="b"} > 100'}
              - {alert: MissingValue, expr: 'temperature{room="z"} > 100'}
              - {alert: MissingRecord, expr: 'job:gone:sum > 100'}
              - {alert: Recorded, expr: 'job:here:sum > 100'}
              - {record: 'job:here:sum', expr: sum by (job) (temperature)}
              - {alert: ShortWindow, expr: 'rate(jobs_done[1s]) > 100'}
              - {alert: GoodWindow, expr: 'rate(jobs_done[30s]) > 100'}
              - {alert: Gauge, expr: 'rate(temperature[1m]) > 100'}
              - {alert: Counter, expr: jobs_done > 1e9}
              - {alert: NeverMeet, expr: 'temperature - capacity > 100'}
              - {alert: Now, expr: temperature > 0, for: 5m}
              - {alert: Failing, expr: 'temperature * on (job) temperature > 0'}
              - {alert: Wanted, expr: absent(nothing_like_it)}
              - {alert: DeadLink, expr: temperature > 100, annotations: {runbook_url: '{{{address}}}none'}}
              - {alert: GoodLink, expr: temperature > 100, annotations: {runbook_url: '{{{address}}}metrics'}}
            """;
        var file = new NamedRuleFile("rules.yml", RuleCorpus.Read(rules));
        using var http = new HttpClient();
        var (findings, notChecked) = await new ServerLinter(prometheus, http, TimeProvider.System).LintAsync(
            [file],
            new ServerLintSettings { MostFirings = 0, Past = TimeSpan.FromHours(1) },
            null,
            Token
        );

        Assert.Null(notChecked);
        Expect("MissingMetric", LintChecks.MissingMetric, LintSeverity.Warning, "no series nothing_like_it");
        Expect("MissingLabel", LintChecks.MissingLabel, LintSeverity.Warning, "has the label zone");
        Expect("MissingValue", LintChecks.MissingLabel, LintSeverity.Warning, "matches room=\"z\"");
        Expect("MissingRecord", LintChecks.MissingRecord, LintSeverity.Warning, "no rule records it");
        Expect("ShortWindow", LintChecks.RateWindow, LintSeverity.Error, "too short for two samples");
        Expect("Gauge", LintChecks.RateOfGauge, LintSeverity.Error, "which is a gauge");
        Expect("Counter", LintChecks.CounterAsGauge, LintSeverity.Error, "is a counter");
        Expect("NeverMeet", LintChecks.Matching, LintSeverity.Error, "none of them meet");
        Expect("Now", LintChecks.FiresNow, LintSeverity.Info, "fire in 5m: 2 alerts");
        Expect("Failing", LintChecks.Failing, LintSeverity.Error, "many-to-many");
        Expect("Wanted", LintChecks.MissingMetric, LintSeverity.Info, "nothing_like_it");
        Expect("Wanted", LintChecks.Noisy, LintSeverity.Warning, "would have fired");
        Expect("DeadLink", LintChecks.RunbookLink, LintSeverity.Warning, "answers 404");
        Assert.DoesNotContain(findings, finding => finding.Rule == "Recorded" && finding.Check == LintChecks.MissingRecord);
        Assert.DoesNotContain(findings, finding => finding.Rule == "GoodWindow" && finding.Check == LintChecks.RateWindow);
        Assert.DoesNotContain(findings, finding => finding.Rule == "GoodLink" && finding.Check == LintChecks.RunbookLink);

        void Expect(string rule, LintCheck check, LintSeverity severity, string words)
        {
            var finding = Assert.Single(findings, finding => finding.Rule == rule && finding.Check == check);
            Assert.Equal(severity, finding.Severity);
            Assert.Contains(words, finding.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_not_taken_for_one_without_faults()
    {
        var file = new NamedRuleFile("rules.yml", RuleCorpus.Read("groups:\n- name: g\n  rules:\n  - {alert: A, expr: up == 0}\n"));

        var result = await new ServerLinter(UpstreamClients.Prometheus(NoServer.Address), null, TimeProvider.System).LintAsync(
            [file],
            new ServerLintSettings(),
            null,
            Token
        );

        Assert.NotNull(result.NotChecked);
        Assert.NotEmpty(result.Findings);
    }

    private static async Task<WebApplication> ServeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var count = 0;
        app.MapGet(
            "/metrics",
            () =>
                Results.Text(
                    $"""
                    # TYPE temperature gauge
                    temperature{"{room=\"a\"}"} 20
                    temperature{"{room=\"b\"}"} 30
                    # TYPE capacity gauge
                    capacity{"{size=\"x\"}"} 5
                    # TYPE jobs_done counter
                    jobs_done {++count}

                    """,
                    "text/plain; version=0.0.4",
                    statusCode: (int)HttpStatusCode.OK
                )
        );
        await app.StartAsync(Token);
        return app;
    }
}
