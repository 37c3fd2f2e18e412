using System.Security.Claims;
using System.Text.Encodings.Web;
using Archon.Data;
using Archon.Data.Background;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Live;

[SystemTest]
public sealed class ChangeListenerTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_announcement_of_another_process_reaches_feed_and_hub_clients()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        var heard = Channel();
        await using var client = Client(app, signedIn: true);
        client.On<TopicChanged>(nameof(ILiveClient.TopicChanged), change => heard.Writer.TryWrite(change));
        await client.StartAsync(Token);
        var streamed = client.StreamAsync<TopicChanged>(nameof(LiveHub.Watch), TestTopic.Id, Token).GetAsyncEnumerator(Token);
        Assert.True(await streamed.MoveNextAsync().AsTask().WaitAsync(Waits.Limit, Token));

        // Until the listener listens there is nobody to hear, so it is said until somebody does.
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var announcing = AnnounceAsync(database, done.Token);
        // A listener that begins ticks all environments first.
        TopicChanged pushed;
        do pushed = await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(Waits.Limit, Token);
        while (pushed.EnvironmentId is null);
        var next = await streamed.MoveNextAsync().AsTask().WaitAsync(Waits.Limit, Token);
        await done.CancelAsync();
        await announcing;

        Assert.True(next);
        Assert.Equal((TestTopic.Id, 7), (pushed.Topic, pushed.EnvironmentId));
        Assert.NotEqual(default, pushed.At);
    }

    [Fact]
    public async Task An_unknown_topic_is_refused_with_those_that_there_are()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        await using var client = Client(app, signedIn: true);
        await client.StartAsync(Token);

        var refused = await Assert.ThrowsAsync<HubException>(async () =>
            await client.StreamAsync<TopicChanged>(nameof(LiveHub.Watch), "weather", Token).GetAsyncEnumerator(Token).MoveNextAsync()
        );

        Assert.Contains("There is no such topic. The topics are test.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_are_reported_when_changes_are_no_longer_heard_and_when_they_are_again()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await StartAsync(database);
        var (updates, topic) = (app.Services.GetRequiredService<LiveUpdates>(), app.Services.GetRequiredService<TestTopic>());
        await Waits.UntilAsync(() => topic.Version > 0);
        var breaks = new List<LiveBreak?>();
        updates.Changed += () => breaks.Add(updates.Break);

        await using (var db = await database.Contexts.CreateDbContextAsync(Token))
        {
            await db.Database.ExecuteSqlAsync(
                $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'archon listens'",
                Token
            );
        }
        await Waits.UntilAsync(() => breaks.Count >= 2);

        Assert.NotEmpty(breaks[0]!.Reason);
        Assert.Null(updates.Break);
        // Nobody knows what was said meanwhile.
        Assert.True(topic.Version > 1);
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

    private static System.Threading.Channels.Channel<TopicChanged> Channel() =>
        System.Threading.Channels.Channel.CreateUnbounded<TopicChanged>();

    private static async Task AnnounceAsync(TestDatabase database, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                await using var db = await database.Contexts.CreateDbContextAsync(cancellationToken);
                await db.AnnounceAsync(TestTopic.Id, 7, cancellationToken);
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
        builder.Services.AddLive();
        builder.Services.AddTopic<TestTopic>();
        builder.Services.AddAuthentication("Test").AddScheme<AuthenticationSchemeOptions, TestSignIn>("Test", null);
        builder.Services.AddAuthorization();
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapLive();
        await app.StartAsync(Token);
        return app;
    }

    private sealed class TestTopic(TimeProvider clock) : LiveTopic(Id, clock)
    {
        public const string Id = "test";
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
