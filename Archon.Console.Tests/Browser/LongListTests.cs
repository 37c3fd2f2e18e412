using System.Globalization;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Lists too long to be drawn at once.</summary>
[SystemTest]
public sealed class LongListTests(PostgresFixture postgres, Chromium chromium)
{
    private const int Rules = 400;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rules_are_drawn_as_far_as_they_are_seen_down_to_the_last()
    {
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Rules = Served();
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));
        using (var scope = app.Services.CreateScope())
            await scope.ServiceProvider.GetRequiredService<ImportRulesJob>().ImportAsync(1, Token);
        var page = await chromium.SignInAsync(app);
        var names = page.Locator("table.rules .name");

        await page.GotoAsync("rules");
        await Assertions.Expect(names.First).ToHaveTextAsync("Rule000");
        Assert.InRange(await names.CountAsync(), 10, 80);
        await page.EvaluateAsync("scrollTo(0, document.documentElement.scrollHeight)");

        await Assertions.Expect(names.Last).ToHaveTextAsync("Rule399");
        await Assertions.Expect(names.Last).ToBeInViewportAsync();
        Assert.InRange(await names.CountAsync(), 10, 80);

        await page.GetByRole(AriaRole.Searchbox).FillAsync("Rule123");

        await Assertions.Expect(names).ToHaveTextAsync(["Rule123"]);
        await page.Context.CloseAsync();
    }

    private static string Served()
    {
        var rules = Enumerable
            .Range(0, Rules)
            .Select(number =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"name":"Rule{{number:000}}","query":"up == {{number}}","type":"alerting","state":"inactive","health":"ok","duration":60,"labels":{},"annotations":{},"alerts":[]}"""
                )
            );
        return $$"""{"groups":[{"name":"all","file":"/etc/rules/all.yml","interval":15,"rules":[{{string.Join(',', rules)}}]}]}""";
    }
}
