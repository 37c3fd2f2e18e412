using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>A console with two services whose samples come from a server of ours: one series of theirs, and one whose label means harm.</summary>
public sealed partial class ChartedConsole(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Service = "service-000";

    internal ArchonApp App { get; private set; } = null!;
    internal TestDatabase Database { get; private set; } = null!;

    private FakeUpstream Prometheus { get; set; } = null!;

    private IBrowserContext? window;

    /// <summary>An empty page, signed in, in a window that all pages share.</summary>
    internal async Task<IPage> NewPageAsync(Chromium chromium, Action<string>? onFault)
    {
        window ??= await chromium.SignedInAsync(
            App,
            new()
            {
                ViewportSize = new() { Width = 1440, Height = 900 },
                ColorScheme = ColorScheme.Dark,
                ReducedMotion = ReducedMotion.Reduce,
            }
        );
        return await Chromium.NewPageAsync(window, onFault);
    }

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(Database, 2);
        Prometheus = await FakeUpstream.StartAsync(AnswerAsync);
        App = await ArchonApp.StartAsync(Database, ("Prometheus:BaseAddress", Prometheus.Address.AbsoluteUri));
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (Prometheus is not null)
            await Prometheus.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
    }

    private static Task AnswerAsync(HttpContext context)
    {
        var query = context.Request.Query;
        string Field(string name) => query[name].FirstOrDefault() ?? "";
        if (context.Request.Path.Value == "/api/v1/status/buildinfo")
            return SayAsync(context, """{"version":"3.5.0"}""");
        if (context.Request.Path.Value != "/api/v1/query_range")
            return SayAsync(context, """{"activeTargets":[],"groups":[],"alerts":[]}""");
        var (start, end, step) = (Number(Field("start")), Number(Field("end")), Number(Field("step")));
        var service = ServiceName().Match(Field("query")).Value;
        var times = Enumerable.Range(0, (int)((end - start) / step) + 1).Select(place => start + (place * step)).ToList();
        object Series(Dictionary<string, string> labels, double level) =>
            new
            {
                metric = labels,
                values = times.Select(at =>
                    new object[] { at, (level + (level / 10 * Math.Sin(at / 300))).ToString(CultureInfo.InvariantCulture) }
                ),
            };
        return SayAsync(
            context,
            JsonSerializer.Serialize(
                new
                {
                    resultType = "matrix",
                    result = new[]
                    {
                        Series(new() { ["service"] = service }, 0.4),
                        Series(new() { ["service"] = service, ["part"] = HostileConsole.Name }, 0.8),
                    },
                }
            )
        );
    }

    private static Task SayAsync(HttpContext context, string data)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"status":"success","data":{{data}}}""", context.RequestAborted);
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex("service-[0-9]+")]
    private static partial Regex ServiceName();
}
