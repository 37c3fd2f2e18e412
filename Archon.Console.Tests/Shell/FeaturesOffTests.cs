using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Shell;
using Archon.Tests.Architecture;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Shell;

/// <summary>The console without one feature: all that is left works.</summary>
[SystemTest]
public sealed partial class FeaturesOffTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Alerts", null)]
    [InlineData("Explore", "/rules")]
    [InlineData("Forecasts", "/forecasts")]
    [InlineData("Incidents", null)]
    [InlineData("MonitoringApi", null)]
    [InlineData("Notifications", "/channels")]
    [InlineData("Overview", null)]
    [InlineData("Rules", "/rules")]
    public async Task Every_other_page_opens_without_it(string feature, string? gone)
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:FeaturesOff:0", feature));
        var anomaly = await FillAsync(database);
        var admin = await app.SignInAsync();
        var features = app.Services.GetRequiredService<ConsoleFeatures>();
        var pages = Pages().ToList();

        Assert.Contains(feature, features.Optional);
        Assert.True(pages.Count > 15, $"{pages.Count} pages: not all were found.");
        foreach (var (page, address) in pages)
        {
            using var reply = await admin.GetAsync(
                new Uri(address.Replace("{anomaly}", $"{anomaly}", StringComparison.Ordinal), UriKind.Relative),
                Token
            );
            var html = await reply.Content.ReadAsStringAsync(Token);
            if (!features.Has(page))
            {
                Assert.True(
                    address == "/" || reply.StatusCode == HttpStatusCode.NotFound,
                    $"{address} of {page.Name} is there: {reply.StatusCode}"
                );
                continue;
            }
            Assert.True(reply.IsSuccessStatusCode, $"{address} of {page.Name}: {reply.StatusCode}");
            Assert.DoesNotContain("This part of the page failed", html, StringComparison.Ordinal);
        }
        var navigation = app.Services.GetRequiredService<NavItems>().All;
        Assert.DoesNotContain(navigation, item => item.Href == gone);
        Assert.DoesNotContain(app.Log, line => line.Contains("Unhandled exception", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_feature_that_can_be_left_out_is_tried() =>
        Assert.Equal(
            typeof(FeaturesOffTests)
                .GetMethod(nameof(Every_other_page_opens_without_it))!
                .GetCustomAttributes<InlineDataAttribute>()
                .Select(data => (string)data.Data[0]!)
                .Order(StringComparer.Ordinal),
            Contributions.Features.Where(feature => !feature.IsCore).Select(feature => feature.Name).Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_section_has_a_place_on_a_page()
    {
        var places = SourceFolders.Markup().SelectMany(text => Place().Matches(text)).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.NotEmpty(Contributions.Sections);
        Assert.All(Contributions.Sections, section => Assert.Contains(section.Place, places));
    }

    private static IEnumerable<(Type Page, string Address)> Pages() =>
        from type in typeof(Program).Assembly.GetTypes()
        from route in type.GetCustomAttributes<RouteAttribute>()
        let address = route
            .Template.Replace("{Name}", "shop", StringComparison.Ordinal)
            .Replace("{Id:long}", "{anomaly}", StringComparison.Ordinal)
        // Pages of one rule or watch need one; signing out is no page to look at.
        where !address.Replace("{anomaly}", "", StringComparison.Ordinal).Contains('{')
        where address is not ("/not-found" or "/failed" or "/sign-in" or "/denied" or "/signed-out")
        select (type, address);

    /// <returns>The id of an anomaly of a service.</returns>
    private static async Task<long> FillAsync(TestDatabase database)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        var service = new Service
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            Name = "shop",
            Matchers = new Dictionary<string, string> { ["job"] = "shop" },
            Origin = CatalogueOrigin.Accepted,
        };
        var watch = new Watch
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            Name = "Latency",
            Query = "up",
            Unit = "s",
            Step = TimeSpan.FromSeconds(15),
        };
        db.AddRange(service, watch);
        await db.SaveChangesAsync(Token);
        var series = new WatchedSeries
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            WatchId = watch.Id,
            ServiceId = service.Id,
            LabelsKey = "job=shop",
            Labels = new Dictionary<string, string> { ["job"] = "shop" },
        };
        db.Add(series);
        await db.SaveChangesAsync(Token);
        var now = DateTimeOffset.UtcNow;
        await Partitions.EnsureAsync(db, now, Token);
        var anomaly = new Anomaly
        {
            EnvironmentId = MonitoredEnvironment.DefaultId,
            WatchId = watch.Id,
            SeriesId = series.Id,
            ServiceId = service.Id,
            StartedAt = now,
            LastSeenAt = now,
            Severity = AnomalySeverity.Warning,
            Confidence = 0.9,
            Season = "day",
        };
        db.Add(anomaly);
        await db.SaveChangesAsync(Token);
        return anomaly.Id;
    }

    [GeneratedRegex("<Sections Place=\"([^\"]+)\"")]
    private static partial Regex Place();
}
