using Archon.Data;
using Archon.Tests.Kit;
using Bunit;
using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.PageStates;

/// <summary>What each page says of a new catalogue, and when the database goes away after that.</summary>
[SystemTest]
public sealed class PageDataStateTests(NewCatalogue catalogue) : BunitContext, IClassFixture<NewCatalogue>
{
    public static TheoryData<PageCase> WithEmpty => [.. PageCase.All.Where(one => one.Empty is not null)];

    public static TheoryData<PageCase> WithStale => [.. PageCase.All.Where(one => one.Stale is not null)];

    [Theory]
    [MemberData(nameof(WithEmpty), DisableDiscoveryEnumeration = true)]
    public void An_empty_catalogue_is_said_to_be_empty(PageCase page)
    {
        Add();

        var drawn = this.Draw(page);

        drawn.WaitForAssertion(() => Assert.Contains(page.Empty!, drawn.Words(), StringComparison.Ordinal));
        Assert.DoesNotContain(page.Loading, drawn.Words(), StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be read", drawn.Words(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WithStale), DisableDiscoveryEnumeration = true)]
    public void A_database_that_goes_away_leaves_what_was_read_and_says_how_old_it_is(PageCase page)
    {
        Add();
        var drawn = this.Draw(page);
        drawn.WaitForAssertion(() => Assert.Contains(page.Empty!, drawn.Words(), StringComparison.Ordinal));

        // Not at the time of the read, which some pages show anyway.
        var clock = (FakeTimeProvider)Services.GetRequiredService<TimeProvider>();
        clock.Advance(TimeSpan.FromMinutes(2));
        Services
            .GetRequiredService<ArchonDatabase>()
            .Become(new DatabaseState.Away("The database cannot be reached: connection refused.", clock.GetUtcNow()));

        drawn.WaitForAssertion(() => Assert.Contains($"{page.Stale} 03:09:18", drawn.Words(), StringComparison.Ordinal));
        Assert.Contains(page.Empty!, drawn.Words(), StringComparison.Ordinal);
    }

    private void Add()
    {
        this.AddPages(catalogue.Database.Contexts, catalogue.Server.Address);
        Services.AddSingleton<JobStorage>(catalogue.Jobs);
    }
}

/// <summary>A migrated database without a row of ours, and servers that know nothing.</summary>
public sealed class NewCatalogue(PostgresFixture postgres) : IAsyncLifetime
{
    internal TestDatabase Database { get; private set; } = null!;
    internal FakeUpstream Server { get; private set; } = null!;
    internal PostgreSqlStorage Jobs { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        Server = await FakeUpstream.StartAsync(context =>
            context.Response.WriteAsync("""{"status":"success","data":{"resultType":"matrix","result":[]}}""")
        );
        var options = new PostgreSqlStorageOptions();
        Jobs = new PostgreSqlStorage(new NpgsqlConnectionFactory(Database.ConnectionString, options), options);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Database.DisposeAsync();
    }
}
