using System.Diagnostics;
using System.Globalization;
using System.Text;
using Archon.Features.Rules;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>The list of rules with an estate of 2,000 of them and 200,000 alerts.</summary>
public sealed class RuleListBench(PostgresFixture postgres, Chromium chromium, BenchTable table)
{
    private const int Rules = 2000;
    private const int AlertsOfEach = 100;
    private const double MostMilliseconds = 100;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Two_thousand_rules()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Rules = Served();
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri), ("Prometheus:QueryTimeout", "00:01:00"));
        using (var scope = app.Services.CreateScope())
        {
            var job = scope.ServiceProvider.GetRequiredService<ImportRulesJob>();
            await job.ImportAsync(1, Token);
            var looked = Stopwatch.StartNew();
            await job.ImportAsync(1, Token);
            table.Add(new BenchRow($"one look at {Rules:#,0} rules with {Rules * AlertsOfEach:#,0} alerts on the server", looked.Elapsed.TotalSeconds, "s", 15, true));
        }
        var queries = app.Services.GetRequiredService<RuleQueries>();
        await queries.PictureAsync(1, Token);
        var read = Stopwatch.StartNew();
        Assert.Equal(Rules, (await queries.PictureAsync(1, Token)).Rules.Count);
        table.Add(new BenchRow($"{Rules:#,0} rules read from the database", read.Elapsed.TotalMilliseconds, "ms", MostMilliseconds, true));

        var page = await chromium.SignInAsync(app);
        await page.GotoAsync("rules");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        var took = new List<double>();
        foreach (var wanted in (string[])["Rule1999", "Rule0042", "Rule1234", "Rule0007", "Rule0815"])
        {
            await page.GetByRole(AriaRole.Searchbox, new() { Name = "Name, group or expression" }).FillAsync("");
            await Assertions.Expect(page.Locator("main .ph [role=status]")).ToContainTextAsync("2000 in all");
            await Assertions.Expect(page.Locator("table.rules tbody tr .name").Nth(5)).ToBeVisibleAsync();
            took.Add(await page.EvaluateAsync<double>(
                """
                name => new Promise(done => {
                  const rows = () => [...document.querySelectorAll("table.rules .name")];
                  const began = performance.now();
                  const look = () => rows().length === 1 && rows()[0].textContent === name && requestAnimationFrame(() => done(performance.now() - began));
                  new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
                  const field = document.querySelector("main input[type=search]");
                  field.value = name;
                  field.dispatchEvent(new Event("input", { bubbles: true }));
                })
                """, wanted));
        }
        await page.Context.CloseAsync();
        took.Sort();
        table.Add(new BenchRow($"{Rules:#,0} rules filtered, from the last letter to the paint, median", took[took.Count / 2], "ms", MostMilliseconds, true));
        table.Add(new BenchRow($"the same, slowest of {took.Count}", took[^1], "ms", null, true));
    }

    private static string Served()
    {
        var text = new StringBuilder("{\"groups\":[");
        for (var group = 0; group < Rules / 20; group++)
        {
            text.Append(group == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $"{{\"name\":\"group-{group}\",\"file\":\"/etc/rules/file-{group % 10}.yml\",\"interval\":15,\"rules\":[");
            for (var rule = 0; rule < 20; rule++)
            {
                var number = (group * 20) + rule;
                text.Append(rule == 0 ? "" : ",").Append(
                    CultureInfo.InvariantCulture,
                    $"{{\"name\":\"Rule{number:0000}\",\"query\":\"sum by (job, service) (rate(http_requests_total{{service=\\\"s{number}\\\"}}[5m])) > {number}\",\"type\":\"alerting\",\"state\":\"firing\",\"health\":\"ok\",\"duration\":300,\"labels\":{{\"severity\":\"warning\"}},\"annotations\":{{\"summary\":\"much\"}},\"alerts\":[");
                for (var alert = 0; alert < AlertsOfEach; alert++)
                {
                    text.Append(alert == 0 ? "" : ",").Append(
                        CultureInfo.InvariantCulture,
                        $"{{\"labels\":{{\"alertname\":\"Rule{number:0000}\",\"instance\":\"host-{alert}:9100\",\"job\":\"node\",\"severity\":\"warning\"}},\"annotations\":{{\"summary\":\"much\"}},\"state\":\"firing\",\"activeAt\":\"2026-11-24T08:00:00Z\",\"value\":\"1e+00\"}}");
                }
                text.Append("]}");
            }
            text.Append("]}");
        }
        return text.Append("]}").ToString();
    }
}
