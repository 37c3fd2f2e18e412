using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Archon.Data.Alerts;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Features.Anomalies;
using Archon.Features.Rules.Coverage;
using Archon.Features.Services;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>What the console sends of an estate that no page can show as a whole. How long it takes is measured by ./archon
/// bench.</summary>
[SystemTest]
public sealed class LargeEstateTests(LargeConsole console) : IClassFixture<LargeConsole>
{
    private const int MostBytes = 300_000;

    public static TheoryData<string> Addresses =>
        new(
            "",
            "services",
            "services?page=7",
            "services?q=service-01",
            "anomalies",
            "anomalies?page=5",
            "rules",
            "rules/coverage",
            "rules/coverage?page=9&gaps=true",
            "rules/noise",
            "forecasts",
            "forecasts?all=1&page=4",
            "status",
            "services/service-00001",
            "services/new",
            "monitoring/health/intelligent",
            "monitoring/intelligence/anomalies?limit=500",
            "monitoring/intelligence/insights?limit=500",
            "monitoring/intelligence/predictions?limit=500"
        );

    public static TheoryData<string, string> Lists =>
        new()
        {
            { "monitoring/health/intelligent", "reasons" },
            { "monitoring/intelligence/anomalies", "anomalies" },
            { "monitoring/intelligence/insights", "insights" },
            { "monitoring/intelligence/predictions", "predictions" },
        };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Addresses))]
    public async Task The_first_reply_stays_small(string address)
    {
        var client = address.StartsWith("monitoring", StringComparison.Ordinal)
            ? await console.App.WithTokenAsync(Roles.Viewer)
            : await console.SignedInAsync();

        using var reply = await client.GetAsync(new Uri(address, UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.InRange((await reply.Content.ReadAsByteArrayAsync(Token)).Length, 100, MostBytes);
    }

    [Theory, MemberData(nameof(Lists))]
    public async Task A_list_comes_in_parts_that_together_are_the_whole_and_each_entry_once(string address, string entries)
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        var seen = new List<string>();
        int total;
        string? cursor = null;
        do
        {
            var part = await client.GetFromJsonAsync<JsonElement>(
                new Uri($"{address}?limit=137{(cursor is null ? "" : $"&cursor={cursor}")}", UriKind.Relative),
                Token
            );
            total = part.GetProperty("total").GetInt32();
            seen.AddRange(part.GetProperty(entries).EnumerateArray().Select(entry => entry.GetRawText()));
            cursor = part.GetProperty("nextCursor").GetString();
        } while (cursor is not null);

        Assert.InRange(total, 138, int.MaxValue);
        Assert.Equal(total, seen.Count);
        Assert.Equal(total, seen.Distinct().Count());
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=501")]
    [InlineData("limit=many")]
    [InlineData("cursor=nonsense")]
    [InlineData("cursor=%F0%9F%99%82")]
    [InlineData("cursor=WyJhbm9tYWxpZXMiLCJ4Il0")]
    public async Task A_part_that_there_cannot_be_is_refused_with_the_reason(string query)
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        foreach (var (address, _) in Lists.Select(row => row.Data))
        {
            using var reply = await client.GetAsync(new Uri($"{address}?{query}", UriKind.Relative), Token);

            Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
            Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task The_cursor_of_one_list_is_none_of_another()
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        var part = await client.GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/intelligence/predictions?limit=1", UriKind.Relative),
            Token
        );

        using var reply = await client.GetAsync(
            new Uri($"monitoring/intelligence/anomalies?cursor={part.GetProperty("nextCursor").GetString()}", UriKind.Relative),
            Token
        );

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
    }

    [Fact]
    public async Task Parts_are_described_by_OpenAPI()
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        var paths = (await client.GetFromJsonAsync<JsonElement>(new Uri("openapi/v1.json", UriKind.Relative), Token)).GetProperty("paths");

        foreach (var (address, _) in Lists.Select(row => row.Data))
        {
            var get = paths.GetProperty("/" + address).GetProperty("get");
            var parameters = get.GetProperty("parameters").EnumerateArray().Select(one => one.GetProperty("name").GetString()).ToList();
            Assert.Contains("limit", parameters);
            Assert.Contains("cursor", parameters);
            Assert.True(get.GetProperty("responses").TryGetProperty("400", out _));
        }
    }

    [Fact]
    public async Task Open_anomalies_come_in_the_order_of_their_states()
    {
        var queries = console.App.Services.GetRequiredService<AnomalyQueries>();
        var whole = await queries.PictureAsync(
            1,
            AnomalyFilter.Everything,
            new AnomalyWindow(0, LargeConsole.Estate.OpenAnomalies, 0),
            Token
        );

        var part = await queries.PictureAsync(1, AnomalyFilter.Everything, new AnomalyWindow(200, 50, 0), Token);

        Assert.Equal(whole.Open.Skip(200).Take(50).Select(row => row.Id), part.Open.Select(row => row.Id));
        Assert.True(whole.Open.Select(row => row.State).Distinct().Count() > 2);
        var (number, isCritical) = await queries.OpenCountAsync(1, Token);
        Assert.Equal(whole.Open.Count(row => row.State != HealthState.Judged), number);
        Assert.Equal(whole.Open.Any(row => row.State == HealthState.Critical), isCritical);
    }

    [Fact]
    public async Task The_coverage_is_computed_once_for_all_who_look_and_again_after_a_change()
    {
        await using var database = await console.CopyAsync();
        await using var app = await ArchonApp.StartAsync(database);
        var coverage = app.Services.GetRequiredService<CoverageQueries>();
        Task<CoveragePicture> LookAsync(string? text = null) => coverage.PictureAsync(1, new CoverageFilter(text, false), 0, 10, Token);

        var looks = await Task.WhenAll(LookAsync(), LookAsync("service-00003"), LookAsync());

        Assert.Same(looks[0].Table, looks[1].Table);
        Assert.Same(looks[0].Table, (await LookAsync()).Table);
        Assert.Equal(CoverageState.Covered, looks[1].Rows.Single().Cells[(int)GoldenSignal.Duration].State);
        Assert.Equal("Rule0003", looks[1].Rows.Single().Cells[(int)GoldenSignal.Duration].Rules.Single().Name);
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            await db
                .AlertRules.Where(rule => rule.Name == "Rule0003")
                .ExecuteUpdateAsync(
                    set =>
                        set.SetProperty(rule => rule.Served, (Archon.Data.Rules.ServedRule?)null)
                            .SetProperty(rule => rule.DeletedAt, DateTimeOffset.UtcNow),
                    Token
                );
        }
        Assert.Equal(CoverageState.Bare, (await LookAsync("service-00003")).Rows.Single().Cells[(int)GoldenSignal.Duration].State);
    }

    [Fact]
    public async Task An_estate_that_is_mostly_learning_is_not_called_healthy()
    {
        await using var database = await console.CopyAsync();
        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            await db.Anomalies.ExecuteDeleteAsync(Token);
            await db
                .WatchedSeries.Where(one => one.ServiceId % 10 > 0)
                .ExecuteUpdateAsync(set => set.SetProperty(one => one.Model, (byte[]?)null), Token);
            await db.WatchedSeries.ExecuteUpdateAsync(set => set.SetProperty(one => one.LastSampleAt, DateTimeOffset.UtcNow), Token);
            var now = DateTimeOffset.UtcNow;
            db.AlertPolls.Add(
                new AlertPoll
                {
                    EnvironmentId = MonitoredEnvironment.DefaultId,
                    PolledAt = now,
                    RulesCheckedAt = now,
                }
            );
            await db.SaveChangesAsync(Token);
        }
        await using var app = await ArchonApp.StartAsync(database);

        var verdict = await (await app.WithTokenAsync(Roles.Viewer)).GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/health/intelligent", UriKind.Relative),
            Token
        );
        var insights = await (await app.WithTokenAsync(Roles.Viewer)).GetFromJsonAsync<JsonElement>(
            new Uri("monitoring/intelligence/insights", UriKind.Relative),
            Token
        );
        var overview = await (await app.SignInAsync()).GetStringAsync(new Uri("", UriKind.Relative), Token);

        var words = string.Create(
            CultureInfo.InvariantCulture,
            $"Learning: {LargeConsole.Estate.Services * 9 / 10:#,0} of {LargeConsole.Estate.Services:#,0} services"
        );
        Assert.Equal("learning", verdict.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, verdict.GetProperty("score").ValueKind);
        Assert.StartsWith(words, verdict.GetProperty("reasons")[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(words, insights.GetProperty("insights")[0].GetProperty("title").GetString());
        Assert.Contains(words + ".", overview, StringComparison.Ordinal);
    }
}

/// <summary>A console of 2,000 services, 4,000 series, 900 open anomalies and 400 rules.</summary>
public sealed class LargeConsole(PostgresFixture postgres) : IAsyncLifetime
{
    internal static LargeEstate Estate { get; } = new(2_000, 900, 400);

    private FakeMetrics metrics = null!;
    private TestDatabase database = null!;
    private HttpClient? client;

    internal ArchonApp App { get; private set; } = null!;

    internal async Task<HttpClient> SignedInAsync() => client ??= await App.SignInAsync();

    /// <summary>Another database with the same estate, for a test that changes it.</summary>
    internal async Task<TestDatabase> CopyAsync()
    {
        var copy = await postgres.NewDatabaseAsync();
        await Estate.SeedAsync(copy, TestContext.Current.CancellationToken);
        return copy;
    }

    public async ValueTask InitializeAsync()
    {
        metrics = await FakeMetrics.StartAsync();
        Estate.Serve(metrics);
        database = await CopyAsync();
        App = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri));
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (metrics is not null)
            await metrics.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }
}
