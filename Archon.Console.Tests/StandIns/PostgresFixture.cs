// A simple stand-in until the part "data" lands its own test kit; whoever lands it deletes or adapts this file in the same commit.
#nullable enable
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Archon.Data;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Archon.Tests.Kit;

public sealed class TestDatabase : IAsyncDisposable
{
    public required string ConnectionString { get; init; }
    public required IDbContextFactory<ArchonDbContext> Contexts { get; init; }
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-pg").FullName;
    private readonly int port = FreePort();
    private int count;
    private const string Bin = "/usr/lib/postgresql/15/bin";

    public async ValueTask InitializeAsync()
    {
        Run("chown", "-R", "postgres", folder);
        Run("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", $"{Bin}/initdb", "-D", $"{folder}/data", "-A", "trust", "-U", "archon", "-N");
        Run("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", $"{Bin}/pg_ctl", "-D", $"{folder}/data", "-w", "-o", $"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off", "-l", $"{folder}/log", "start");
        await Task.CompletedTask;
    }

    public async Task<TestDatabase> NewDatabaseAsync()
    {
        var name = $"t{Interlocked.Increment(ref count)}";
        var connection = $"Host=127.0.0.1;Port={port};Username=archon;Database={name}";
        var factory = new PooledDbContextFactory<ArchonDbContext>(ArchonContextOptions.For(connection));
        await using var db = await factory.CreateDbContextAsync();
        await db.Database.MigrateAsync();
        return new TestDatabase { ConnectionString = connection, Contexts = factory };
    }

    public ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        Run("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", $"{Bin}/pg_ctl", "-D", $"{folder}/data", "-m", "immediate", "stop");
        Directory.Delete(folder, true);
        return ValueTask.CompletedTask;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = "/" })!;
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}");
    }
}
