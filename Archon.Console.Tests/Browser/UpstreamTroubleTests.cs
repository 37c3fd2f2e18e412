using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Features.Access;
using Archon.Integrations;
using Archon.Shell;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Upstreams that are killed, slow or answer rubbish: pages go on, and say since when and why they know nothing newer.</summary>
[SystemTest]
public sealed class UpstreamTroubleTests(PostgresFixture postgres, Chromium chromium)
{
    private static readonly string[] Names = ["Prometheus", "Alertmanager", "Loki"];

    // Shorter than one attempt at a slow upstream: no page waits for one.
    private static readonly TimeSpan PageLimit = TimeSpan.FromSeconds(9);
    private const string QueryTimeout = "00:00:10";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Trouble.Killed, "Nothing listens at")]
    [InlineData(Trouble.Slow, "did not answer within")]
    [InlineData(Trouble.Rubbish, "answered something that is not")]
    public async Task Pages_go_on_and_say_what_is_stale_and_recover(Trouble trouble, string words)
    {
        await using var upstream = await TroubledUpstream.StartAsync();
        await using var database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(database, 3);
        await using var app = await StartAsync(database, upstream);
        var health = app.Services.GetRequiredService<UpstreamHealth>();
        await Waits.UntilAsync(() => health.Of(1).All(one => one.LastAnswerAt is not null));
        var person = await app.SignInAsync();
        // Opened while all is well, and not loaded again.
        var faults = new ConcurrentQueue<string>();
        var page = await chromium.SignInAsync(app, onFault: faults.Enqueue);
        await page.GotoAsync("status");
        await page.EvaluateAsync("window.loadedOnce = true");
        await Assertions.Expect(page.GetByText("Prometheus scrapes nothing.")).ToBeVisibleAsync();

        await upstream.BecomeAsync(trouble);
        await Waits.UntilAsync(() => health.Of(1).All(one => one.FailingSince is not null));

        foreach (var path in app.Services.GetRequiredService<NavItems>().All.Select(item => item.Href).Append("/services/service-000"))
        {
            var began = Stopwatch.GetTimestamp();
            using var reply = await person.GetAsync(new Uri(path, UriKind.Relative), Token);
            var html = await reply.Content.ReadAsStringAsync(Token);

            Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
            Assert.True(Stopwatch.GetElapsedTime(began) < PageLimit, $"{path} took {Stopwatch.GetElapsedTime(began)}.");
            // The foot of every page tells of each source that what is shown is old, and how old.
            Assert.All(Names, name => Assert.Matches(Stale(name), html));
        }
        foreach (var name in Names)
        {
            // The page reads every ten seconds.
            var row = page.Locator("table.ups tr", new() { HasText = name });
            await Assertions.Expect(row).ToContainTextAsync("No answer since");
            await Assertions.Expect(row).ToContainTextAsync(words);
        }
        await Assertions.Expect(page.GetByText("Targets unknown")).ToBeVisibleAsync();
        var reported = await (await app.WithTokenAsync(Roles.Viewer)).GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/health/intelligent", UriKind.Relative),
            Token
        );
        Assert.Equal(
            3,
            reported
                .GetProperty("reasons")
                .EnumerateArray()
                .Count(reason => reason.GetProperty("message").GetString()!.Contains(words, StringComparison.Ordinal))
        );

        await upstream.BecomeAsync(Trouble.None);

        await Waits.UntilAsync(() => health.Of(1).All(one => one.FailingSince is null));
        await Assertions.Expect(page.GetByText("Prometheus scrapes nothing.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("No answer since")).ToHaveCountAsync(0);
        Assert.True(
            await page.EvaluateAsync<bool>("window.loadedOnce === true && window.pwned !== true"),
            "The page was loaded again, or ran what it was told."
        );
        Assert.Empty(faults);
        Assert.Empty(app.Errors);
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Charts_without_Prometheus_say_so_and_come_back_with_it()
    {
        await using var upstream = await TroubledUpstream.StartAsync();
        await upstream.BecomeAsync(Trouble.Killed);
        await using var database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(database, 1);
        await using var app = await StartAsync(database, upstream);
        var page = await chromium.SignInAsync(app);
        await page.GotoAsync("services/service-000");

        await Assertions.Expect(page.GetByText("no answer").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Nothing listens at").First).ToBeVisibleAsync();
        await upstream.BecomeAsync(Trouble.None);

        await Waits.UntilAsync(async () =>
        {
            // So many questions failed that the console leaves Prometheus alone for a moment. Charts ask again by themselves too, so the button may
            // be gone before it is pressed.
            await page.EvaluateAsync(
                "[...document.querySelectorAll('main button')].find(one => one.textContent.trim() === 'Retry')?.click()"
            );
            return await page.Locator("main").EvaluateAsync<bool>("main => !/Retry|Asking Prometheus|no answer/.test(main.innerText)");
        });
        await page.Context.CloseAsync();
    }

    private static Task<ArchonApp> StartAsync(TestDatabase database, TroubledUpstream upstream) =>
        ArchonApp.StartAsync(
            database,
            [
                .. Names.SelectMany(name =>
                    ((string, string?)[])[($"{name}:BaseAddress", upstream.Address.AbsoluteUri), ($"{name}:QueryTimeout", QueryTimeout)]
                ),
            ]
        );

    private static Regex Stale(string name) => new($"<b>{name}</b>\\s*<time[^>]*>[^<]*</time>, showing ");
}
