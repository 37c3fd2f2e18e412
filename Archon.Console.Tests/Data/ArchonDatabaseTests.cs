using System.Net;
using System.Net.Sockets;
using Archon.Data;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

[SystemTest]
public sealed class ArchonDatabaseTests(PostgresFixture postgres)
{
    private static readonly TimeSpan Limit = Waits.Limit;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_consoles_that_start_at_once_on_an_empty_database_both_come_up()
    {
        await using var empty = await postgres.NewEmptyDatabaseAsync();
        var connection = empty.ConnectionString;
        using var one = Console(connection);
        using var other = Console(connection);

        await Task.WhenAll(one.StartAsync(Token), other.StartAsync(Token));
        await Task.WhenAll(ReadyAsync(one), ReadyAsync(other));

        await using var db = await one.Services.GetRequiredService<IDbContextFactory<ArchonDbContext>>().CreateDbContextAsync(Token);
        Assert.Equal("local", (await db.Environments.SingleAsync(Token)).Name);
        Assert.Empty(await db.Database.GetPendingMigrationsAsync(Token));
        Assert.False(db.Database.HasPendingModelChanges(), "The model changed without a migration.");
        await Task.WhenAll(one.StopAsync(Token), other.StopAsync(Token));
    }

    [Fact]
    public async Task A_database_that_is_away_at_the_start_is_awaited()
    {
        await using var empty = await postgres.NewEmptyDatabaseAsync();
        using var relay = new Relay(empty.ConnectionString);
        using var console = Console(relay.ConnectionString);
        var database = console.Services.GetRequiredService<ArchonDatabase>();

        await console.StartAsync(Token);
        var away = Assert.IsType<DatabaseState.Away>(await UntilAsync(database, state => state is DatabaseState.Away));
        Assert.Contains("cannot be reached", away.Reason, StringComparison.Ordinal);
        relay.Open();

        await ReadyAsync(console);
        await console.StopAsync(Token);
    }

    [Fact]
    public async Task A_database_that_goes_away_is_noticed_and_so_is_its_return()
    {
        await using var empty = await postgres.NewEmptyDatabaseAsync();
        using var relay = new Relay(empty.ConnectionString);
        relay.Open();
        using var console = Console(relay.ConnectionString);
        var database = console.Services.GetRequiredService<ArchonDatabase>();
        await console.StartAsync(Token);
        await ReadyAsync(console);

        relay.Close();
        await UntilAsync(database, state => state is DatabaseState.Away);
        Assert.False(database.WhenReadyAsync(Token).IsCompleted);
        relay.Open();

        await ReadyAsync(console);
        await console.StopAsync(Token);
    }

    [Fact]
    public async Task A_wrong_password_is_said_without_showing_it()
    {
        await using var empty = await postgres.NewEmptyDatabaseAsync();
        var connection = empty.ConnectionString;
        using var console = Console(new NpgsqlConnectionStringBuilder(connection) { Password = "hunter2-secret" }.ConnectionString);
        var database = console.Services.GetRequiredService<ArchonDatabase>();

        await console.StartAsync(Token);

        var away = Assert.IsType<DatabaseState.Away>(await UntilAsync(database, state => state is DatabaseState.Away));
        Assert.DoesNotContain("hunter2-secret", away.Reason, StringComparison.Ordinal);
        await console.StopAsync(Token);
    }

    [Fact]
    public async Task A_listener_hears_what_another_connection_says_once_it_listens()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var notifications = new ArchonNotifications(new ArchonConnection(database.ConnectionString));
        var heard = System.Threading.Channels.Channel.CreateUnbounded<string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var listening = notifications.ListenAsync(
            ["archon_words", "archon_others"],
            (channel, word) => heard.Writer.TryWrite($"{channel} {word}"),
            stop.Token
        );
        Assert.Equal("archon_words ", await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(Limit, Token));
        Assert.Equal("archon_others ", await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(Limit, Token));
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        await db.Database.ExecuteSqlAsync($"SELECT pg_notify('archon_words', 'it''s <b>')", Token);

        Assert.Equal("archon_words it's <b>", await heard.Reader.ReadAsync(Token).AsTask().WaitAsync(Limit, Token));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
    }

    private static IHost Console(string connection)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?>
            {
                ["ConnectionStrings:Archon"] = connection,
                ["Archon:Database:ProbeInterval"] = "00:00:00.100",
                ["Archon:Database:ShortestRetry"] = "00:00:00.100",
                ["Archon:Database:LongestRetry"] = "00:00:00.200",
            }
        );
        builder.Services.AddArchonData(builder.Configuration);
        return builder.Build();
    }

    private static Task ReadyAsync(IHost console) =>
        console.Services.GetRequiredService<ArchonDatabase>().WhenReadyAsync(Token).WaitAsync(Limit, Token);

    private static async Task<DatabaseState> UntilAsync(ArchonDatabase database, Func<DatabaseState, bool> wanted)
    {
        var seen = new TaskCompletionSource<DatabaseState>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            var state = database.State;
            if (wanted(state))
                seen.TrySetResult(state);
        }
        database.Changed += Look;
        Look();
        try
        {
            return await seen.Task.WaitAsync(Limit, Token);
        }
        finally
        {
            database.Changed -= Look;
        }
    }

    /// <summary>A way to the database that can be shut and opened, so that no shared server need be stopped.</summary>
    private sealed class Relay : IDisposable
    {
        private readonly NpgsqlConnectionStringBuilder target;
        private readonly int port;
        private readonly Lock gate = new();
        private readonly List<TcpClient> clients = [];
        private TcpListener? listener;

        public Relay(string connection)
        {
            target = new(connection);
            var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Dispose();
        }

        public string ConnectionString =>
            new NpgsqlConnectionStringBuilder(target.ConnectionString) { Host = "127.0.0.1", Port = port }.ConnectionString;

        public void Open()
        {
            var open = listener = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = false };
            open.Start();
            _ = AcceptAsync(open);
        }

        public void Close()
        {
            listener?.Dispose();
            lock (gate)
            {
                foreach (var client in clients)
                    client.Dispose();
                clients.Clear();
            }
        }

        public void Dispose() => Close();

        private async Task AcceptAsync(TcpListener open)
        {
            try
            {
                while (true)
                    _ = PassAsync(await open.AcceptTcpClientAsync());
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                // Closed: that is what the test wanted.
            }
        }

        private async Task PassAsync(TcpClient near)
        {
            var far = new TcpClient();
            lock (gate)
                clients.AddRange([near, far]);
            try
            {
                await far.ConnectAsync(target.Host!, target.Port);
                await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
            }
            catch (Exception closed) when (closed is IOException or SocketException or ObjectDisposedException)
            {
                // Either side hung up.
            }
            near.Dispose();
            far.Dispose();
        }
    }
}
