using System.Net;
using System.Text.Json;
using Archon.Data;
using Archon.Data.Embedded;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Shell;
using Archon.Tests.Features.Watches;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

/// <summary>A connection string may lead to a server of these versions; the embedded one, on which all other tests run, is newer.</summary>
[SystemTest]
public sealed class PostgresVersionsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-versions-").FullName;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public PostgresVersionsTests() => File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    public async Task The_whole_console_works_by_connection_string(int major)
    {
        await using var server = await StartAsync(PostgresVersions.BinariesOf(major));
        Assert.Equal(major, server.Version);
        await using var metrics = await FakeMetrics.StartAsync();
        metrics.Queries["up"] = [(new Dictionary<string, string> { ["job"] = "shop", ["instance"] = "a:1" }, _ => 1)];
        metrics.Queries["min by (job, service, namespace, instance) (up)"] = metrics.Queries["up"];
        metrics.Queries["timestamp(up)"] = [(new Dictionary<string, string> { ["job"] = "shop" }, at => at / 15 * 15)];
        metrics.MetricNames.Add("up");
        await using (
            var app = await ArchonApp.StartAsync(
                server.ConnectionString,
                ("Archon:Role", "All"),
                ("Prometheus:BaseAddress", metrics.Address.AbsoluteUri)
            )
        )
        {
            var options = ArchonContextOptions.For(server.ConnectionString);
            await Waits.UntilAsync(async () =>
                app.Services.GetRequiredService<ArchonDatabase>().IsReady && await ReadAsync(options, db => db.Users.AnyAsync(Token))
            );
            var person = await app.SignInAsync();
            foreach (var path in app.Services.GetRequiredService<NavItems>().All.Select(item => item.Href))
            {
                using var reply = await person.GetAsync(new Uri(path, UriKind.Relative), Token);
                Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
            }

            // Discovery, a scan and a fit write by every bulk statement there is; housekeeping makes and drops partitions.
            // A console discovers by itself when it starts. Told again and again, each run would keep a worker waiting for its turn.
            await Waits.UntilAsync(() => ReadAsync(options, db => db.Watches.AnyAsync(Token)));
            using var client = await app.WithTokenAsync(Roles.Responder);
            using var started = await client.PostAsync(new Uri("monitoring/intelligence/start_analysis", UriKind.Relative), null, Token);
            Assert.Equal(HttpStatusCode.Accepted, started.StatusCode);
            var analysis = started.Headers.Location!;
            await Waits.UntilAsync(async () =>
                JsonDocument.Parse(await client.GetStringAsync(analysis, Token)).RootElement.GetProperty("status").GetString()
                == "succeeded"
            );
            await Waits.UntilAsync(() =>
                ReadAsync(options, db => db.WatchedSeries.AnyAsync(series => series.Model != null && series.LastSampleAt != null, Token))
            );
            await using (var scope = app.Services.CreateAsyncScope())
                await scope.ServiceProvider.GetRequiredService<HousekeepingJob>().CleanAsync(Token);
            using var reported = JsonDocument.Parse(
                await client.GetStringAsync(new Uri("monitoring/intelligence/anomalies", UriKind.Relative), Token)
            );
            Assert.True(reported.RootElement.GetProperty("checking").GetProperty("seriesWithBand").GetInt32() > 0);
            Assert.Empty(app.Errors);
        }
        NpgsqlConnection.ClearAllPools();
    }

    [Fact]
    public async Task Data_that_another_major_version_made_is_refused_in_words_and_is_there_again_with_that_version()
    {
        var old = PostgresVersions.BinariesOf(15);
        await using (var made = await StartAsync(old))
            await RunAsync(made, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('yes')");

        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(() => StartAsync(PostgresVersions.BinariesOf(16)));

        Assert.Contains(
            "made by PostgreSQL 15, but only PostgreSQL 16 is here. Nothing was touched.",
            refused.Message,
            StringComparison.Ordinal
        );
        await using var again = await StartAsync(old);
        Assert.Equal("yes", await RunAsync(again, "SELECT word FROM kept"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<EmbeddedPostgres> StartAsync(string binaries) =>
        EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataFolder = Path.Combine(folder, "postgres"),
                BinariesFolder = binaries,
                TimeLimit = Waits.Limit,
            },
            NullLogger.Instance,
            Token
        );

    private static async Task<string?> RunAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync(Token))?.ToString();
    }

    private static async Task<T> ReadAsync<T>(DbContextOptions<ArchonDbContext> options, Func<ArchonDbContext, Task<T>> read)
    {
        await using var db = new ArchonDbContext(options);
        return await read(db);
    }
}
