using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>The list of rules with an estate of 2,000 of them and 200,000 alerts.</summary>
[SystemTest]
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
        await using var app = await ArchonApp.StartAsync(
            database,
            ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri),
            ("Prometheus:QueryTimeout", "00:01:00")
        );
        using (var scope = app.Services.CreateScope())
        {
            var job = scope.ServiceProvider.GetRequiredService<ImportRulesJob>();
            await job.ImportAsync(1, Token);
            var looked = Stopwatch.StartNew();
            await job.ImportAsync(1, Token);
            table.Add(
                new BenchRow(
                    $"one look at {Rules:#,0} rules with {Rules * AlertsOfEach:#,0} alerts on the server",
                    looked.Elapsed.TotalSeconds,
                    "s",
                    15,
                    true
                )
            );
        }
        var queries = app.Services.GetRequiredService<RuleQueries>();
        await queries.PictureAsync(1, Token);
        var read = Stopwatch.StartNew();
        Assert.Equal(Rules, (await queries.PictureAsync(1, Token)).Rules.Count);
        table.Add(new BenchRow($"{Rules:#,0} rules read from the database", read.Elapsed.TotalMilliseconds, "ms", MostMilliseconds, true));

        var page = await chromium.SignInAsync(app);
        await page.GotoAsync("rules");
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.Locator("table.rules .name").Nth(10)).ToBeVisibleAsync();
        var (typed, cleared) = (new List<double>(), new List<double>());
        foreach (
            var wanted in (string[])
                ["Rule1999", "Rule0042", "Rule1234", "Rule0007", "Rule0815", "Rule1500", "Rule0300", "Rule1717", "Rule0999"]
        )
        {
            typed.Add(await page.EvaluateAsync<double>(UntilPainted, wanted));
            await Assertions.Expect(page).ToHaveURLAsync(new Regex($"rules\\?q={wanted}$"));
            cleared.Add(await page.EvaluateAsync<double>(UntilPainted, ""));
            await Assertions.Expect(page).ToHaveURLAsync(new Regex("rules$"));
        }
        await page.Context.CloseAsync();
        Add("2,000 rules filtered", typed);
        Add("the filter cleared", cleared);

        void Add(string what, List<double> took)
        {
            took.Sort();
            table.Add(
                new BenchRow($"{what}, from the last letter to the paint, median", took[took.Count / 2], "ms", MostMilliseconds, true)
            );
            table.Add(new BenchRow($"the same, slowest of {took.Count}", took[^1], "ms", null, true));
        }
    }

    // Letter by letter as a fast typist does, 60 ms apart; an empty text is one step, as the field's own cross does it.
    private const string UntilPainted = """
        async text => {
          const rows = () => [...document.querySelectorAll("table.rules .name")];
          const field = document.querySelector("main input[type=search]");
          const say = value => { field.value = value; field.dispatchEvent(new Event("input", { bubbles: true })); };
          for (let length = 1; length < text.length; length++) {
            say(text.slice(0, length));
            await new Promise(done => setTimeout(done, 60));
          }
          return await new Promise(done => {
            const began = performance.now();
            const shown = () => text === "" ? rows().length > 5 : rows().length === 1 && rows()[0].textContent === text;
            const look = () => shown() && requestAnimationFrame(() => done(performance.now() - began));
            new MutationObserver(look).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
            say(text);
          });
        }
        """;

    private static string Served()
    {
        var text = new StringBuilder("{\"groups\":[");
        for (var group = 0; group < Rules / 20; group++)
        {
            text.Append(group == 0 ? "" : ",")
                .Append(
                    CultureInfo.InvariantCulture,
                    $"{{\"name\":\"group-{group}\",\"file\":\"/etc/rules/file-{group % 10}.yml\",\"interval\":15,\"rules\":["
                );
            for (var rule = 0; rule < 20; rule++)
            {
                var number = (group * 20) + rule;
                text.Append(rule == 0 ? "" : ",")
                    .Append(
                        CultureInfo.InvariantCulture,
                        $"{{\"name\":\"Rule{number:0000}\",\"query\":\"sum by (job, service) (rate(http_requests_total{{service=\\\"s{number}\\\"}}[5m])) > {number}\",\"type\":\"alerting\",\"state\":\"firing\",\"health\":\"ok\",\"duration\":300,\"labels\":{{\"severity\":\"warning\"}},\"annotations\":{{\"summary\":\"much\"}},\"alerts\":["
                    );
                for (var alert = 0; alert < AlertsOfEach; alert++)
                {
                    text.Append(alert == 0 ? "" : ",")
                        .Append(
                            CultureInfo.InvariantCulture,
                            $"{{\"labels\":{{\"alertname\":\"Rule{number:0000}\",\"instance\":\"host-{alert}:9100\",\"job\":\"node\",\"severity\":\"warning\"}},\"annotations\":{{\"summary\":\"much\"}},\"state\":\"firing\",\"activeAt\":\"2026-11-24T08:00:00Z\",\"value\":\"1e+00\"}}"
                        );
                }
                text.Append("]}");
            }
            text.Append("]}");
        }
        return text.Append("]}").ToString();
    }
}
