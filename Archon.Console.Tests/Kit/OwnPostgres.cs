using System.Diagnostics;
using System.Globalization;
using Archon.Data;
using Archon.Data.Embedded;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Archon.Tests.Kit;

/// <summary>A server of a test's own, which can be stopped, started and frozen without harm to others.</summary>
internal sealed class OwnPostgres : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-own-").FullName;
    private EmbeddedPostgres? server;

    private OwnPostgres() => File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);

    public string ConnectionString { get; private set; } = "";

    public IDbContextFactory<ArchonDbContext> Contexts =>
        new PooledDbContextFactory<ArchonDbContext>(ArchonContextOptions.For(ConnectionString));

    private string PidFile => Path.Combine(folder, "data", "postmaster.pid");

    public static async Task<OwnPostgres> StartNewAsync(CancellationToken cancellationToken)
    {
        var own = new OwnPostgres();
        await own.StartAsync(cancellationToken);
        return own;
    }

    /// <summary>At the same address as before.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = folder, FastAndUnsafe = true },
            NullLogger.Instance,
            cancellationToken
        );
        if (ConnectionString.Length > 0 && ConnectionString != server.ConnectionString)
            throw new InvalidOperationException("Another program took the server's port.");
        ConnectionString = server.ConnectionString;
    }

    public async Task StopAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        server = null;
    }

    /// <summary>As a machine that swaps or a disk that hangs: connections are accepted by the kernel and nothing answers.</summary>
    public void Freeze() => Signal("STOP");

    public void Thaw() => Signal("CONT");

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            Thaw();
        await StopAsync();
        NpgsqlConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    private void Signal(string name)
    {
        var postmaster = int.Parse(File.ReadLines(PidFile).First(), CultureInfo.InvariantCulture);
        // The postmaster first, which would make new processes.
        foreach (var pid in Children(postmaster).Prepend(postmaster).ToList())
        {
            using var kill = Process.Start("kill", [$"-{name}", pid.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    /// <summary>Processes that a process started.</summary>
    public static IEnumerable<int> Children(int parent)
    {
        foreach (var directory in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
                continue;
            string status;
            try
            {
                status = File.ReadAllText(Path.Combine(directory, "stat"));
            }
            catch (IOException)
            {
                continue; // it ended meanwhile
            }
            var fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
            if (int.Parse(fields[1], CultureInfo.InvariantCulture) == parent)
                yield return pid;
        }
    }
}
