using System.Security.Claims;
using System.Text.Encodings.Web;
using Archon.Data;
using Archon.Data.Background;
using Archon.Features.Anomalies;
using Archon.Features.Services;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Features.Anomalies;

[SystemTest]
public sealed class AnomalyFeedTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reader_is_told_at_once_and_then_of_every_change()
    {
        var feed = new AnomalyFeed(TimeProvider.System);
        await using var ticks = feed.WatchAsync(Token).GetAsyncEnumerator(Token);

        Assert.True(await ticks.MoveNextAsync());
        feed.Tick();
        Assert.True(await ticks.MoveNextAsync());
    }

    [Fact]
    public async Task A_reader_who_leaves_is_forgotten()
    {
        var feed = new AnomalyFeed(TimeProvider.System);
        await using (var ticks = feed.WatchAsync(Token).GetAsyncEnumerator(Token))
        {
            await ticks.MoveNextAsync();
            Assert.Equal(1, feed.Readers);
        }

        Assert.Equal(0, feed.Readers);
    }

    [Fact]
    public async Task An_announcement_of_another_process_reaches_feed_and_hub_clients()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        var heard = Channel();
        await using var client = Client(app, signedIn: true);
        client.On<AnomaliesChanged>(nameof(ILiveClient.AnomaliesChanged), change => heard.Writer.TryWrite(change));
        await client.StartAsync(Token);
        var streamed = client.StreamAsync<AnomaliesChanged>(nameof(LiveHub.WatchAnomalies), Token).GetAsyncEnumerator(Token);
        Assert.True(await streamed.MoveNextAsync().AsTask().WaitAsync(Waits.Limit, Token));

        // Until the listener listens there is nobody to hear, so it is said until somebody does.
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var announcing = AnnounceAsync(database, done.Token);
        var pushed = await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(Waits.Limit, Token);
        var next = await streamed.MoveNextAsync().AsTask().WaitAsync(Waits.Limit, Token);
        await done.CancelAsync();
        await announcing;

        Assert.True(next);
        Assert.NotEqual(default, pushed.At);
    }

    [Fact]
    public async Task A_stranger_is_turned_away_from_the_hub()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        await using var client = Client(app, signedIn: false);

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.StartAsync(Token));

        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task Someone_without_a_role_is_turned_away_from_the_hub()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        await using var client = Client(app, signedIn: true, role: "guest");

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.StartAsync(Token));

        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private static System.Threading.Channels.Channel<AnomaliesChanged> Channel() =>
        System.Threading.Channels.Channel.CreateUnbounded<AnomaliesChanged>();

    private static async Task AnnounceAsync(TestDatabase database, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await using var db = await database.Contexts.CreateDbContextAsync(cancellationToken);
                await db.AnnounceAsync(FeedChannels.Anomalies, cancellationToken);
            }
        }
        catch (OperationCanceledException) { }
    }

    private static HubConnection Client(WebApplication app, bool signedIn, string role = "viewer")
    {
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new HubConnectionBuilder()
            .WithUrl(
                address + LiveHub.Path,
                options =>
                {
                    if (signedIn)
                        options.Headers["Authorization"] = role;
                }
            )
            .Build();
    }

    private static async Task<WebApplication> StartAsync(TestDatabase database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder
            .Services.AddSingleton(TimeProvider.System)
            .AddSingleton(database.Contexts)
            .AddSingleton(LiveDatabase.Connection(database))
            .AddSingleton<ArchonNotifications>()
            .AddSingleton(LiveDatabase.Ready())
            .AddSingleton<BackgroundServiceStates>()
            .AddSingleton<Supervision>();
        builder.Services.AddAnomalies();
        builder.Services.AddServices();
        builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, TestSignIn>("Test", null);
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapAnomalies();
        await app.StartAsync(Token);
        return app;
    }

    private sealed class TestSignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (!Request.Headers.ContainsKey("Authorization"))
                return Task.FromResult(AuthenticateResult.NoResult());
            var who = new ClaimsPrincipal(
                new ClaimsIdentity(
                    [new Claim(ClaimTypes.Name, "ada"), new Claim(ClaimTypes.Role, Request.Headers.Authorization.ToString())],
                    "Test"
                )
            );
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(who, "Test")));
        }
    }
}
