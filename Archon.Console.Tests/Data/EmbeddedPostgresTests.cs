using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Archon.Data.Embedded;
using Archon.Tests.Kit;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Archon.Tests.Data;

[SystemTest]
public sealed class EmbeddedPostgresTests : IDisposable
{
    private static readonly TimeSpan Limit = Waits.Limit;
    private readonly string folder = Directory.CreateTempSubdirectory("archon-embedded-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;
    private string Data => Path.Combine(folder, "postgres");

    public EmbeddedPostgresTests()
    {
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
    }

    [Fact]
    public async Task What_was_written_is_there_after_a_restart_on_the_same_port()
    {
        string first;
        await using (var server = await StartAsync())
        {
            first = server.ConnectionString;
            await RunAsync(server, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('yes')");
        }
        Assert.False(Runs(), "The last console to leave stops the server.");

        await using var again = await StartAsync();

        Assert.Equal("yes", await RunAsync(again, "SELECT word FROM kept"));
        Assert.Equal(first, again.ConnectionString);
    }

    [Fact]
    public async Task It_answers_on_loopback_only_and_never_without_its_password()
    {
        await using var server = await StartAsync();

        Assert.Equal("127.0.0.1", await RunAsync(server, "SHOW listen_addresses"));
        Assert.Equal("", (await File.ReadAllLinesAsync(Path.Combine(Data, "data", "postmaster.pid"), Token))[4]); // its Unix socket
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(Path.Combine(Data, "password")));
        Assert.Single(Directory.GetFiles(Data, "*password*"));
        await using var without = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guess", Pooling = false }.ConnectionString
        );
        var refused = await Assert.ThrowsAsync<PostgresException>(() => without.OpenAsync(Token));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    [Fact]
    public async Task A_server_whose_console_was_killed_is_taken_over_and_not_started_twice()
    {
        // A killed process lets go of its locks and disposes nothing; a second handle that never took part in stopping looks the same.
        var abandoned = await StartAsync();
        var pid = Pid();

        await using (var next = await StartAsync())
        {
            Assert.Equal(abandoned.ConnectionString, next.ConnectionString);
            Assert.Equal(pid, Pid());
        }
        Assert.True(Runs(), "Another console still uses it.");

        await abandoned.DisposeAsync();
        Assert.False(Runs());
    }

    [Fact]
    public async Task Two_consoles_that_start_at_once_share_one_server()
    {
        var servers = await Task.WhenAll(StartAsync(), StartAsync());

        Assert.Equal(servers[0].ConnectionString, servers[1].ConnectionString);
        await Task.WhenAll(servers.Select(server => server.DisposeAsync().AsTask()));
        Assert.False(Runs());
    }

    [Fact]
    public async Task After_a_kill_of_the_server_itself_the_next_start_recovers()
    {
        var server = await StartAsync();
        await RunAsync(server, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('yes')");
        using (var process = Process.GetProcessById(Pid()))
        {
            process.Kill();
            await process.WaitForExitAsync(Token).WaitAsync(Limit, Token);
        }
        await server.DisposeAsync();

        await using var again = await StartAsync();

        Assert.Equal("yes", await RunAsync(again, "SELECT word FROM kept"));
    }

    [Fact]
    public async Task A_pid_file_whose_number_went_to_another_program_is_not_believed()
    {
        await using (await StartAsync()) { }
        var stale = Path.Combine(Data, "data", "postmaster.pid");
        await File.WriteAllLinesAsync(
            stale,
            [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), Path.Combine(Data, "data"), "1", "5432", "", "127.0.0.1"],
            Token
        );

        await using var again = await StartAsync();

        Assert.Equal("1", await RunAsync(again, "SELECT 1"));
    }

    [Fact]
    public async Task A_port_that_someone_took_is_replaced_by_a_free_one()
    {
        int port;
        await using (var server = await StartAsync())
            port = new NpgsqlConnectionStringBuilder(server.ConnectionString).Port;
        using var other = new TcpListener(IPAddress.Loopback, port);
        other.Start();

        await using var again = await StartAsync();

        Assert.NotEqual(port, new NpgsqlConnectionStringBuilder(again.ConnectionString).Port);
        Assert.Equal("1", await RunAsync(again, "SELECT 1"));
    }

    [Fact]
    public async Task Data_of_another_major_version_is_refused_in_words_and_left_as_it_is()
    {
        await using (await StartAsync()) { }
        var version = Path.Combine(Data, "data", "PG_VERSION");
        var real = await File.ReadAllTextAsync(version, Token);
        await File.WriteAllTextAsync(version, "9\n", Token);
        var before = Snapshot();

        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(StartAsync);

        Assert.Contains("made by PostgreSQL 9", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ARCHON_POSTGRES_BIN", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, Snapshot());
        await File.WriteAllTextAsync(version, real, Token);
        await using var again = await StartAsync();
    }

    [Fact]
    public async Task A_folder_that_has_something_else_is_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(Data, "data"));
        await File.WriteAllTextAsync(Path.Combine(Data, "data", "letters.txt"), "dear", Token);

        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(StartAsync);

        Assert.Contains("no cluster of PostgreSQL", refused.Message, StringComparison.Ordinal);
        Assert.Equal("dear", await File.ReadAllTextAsync(Path.Combine(Data, "data", "letters.txt"), Token));
    }

    [Fact]
    public async Task Without_programs_it_says_what_to_do()
    {
        var refused = await Assert.ThrowsAsync<EmbeddedPostgresException>(() =>
            EmbeddedPostgres.StartAsync(
                new EmbeddedPostgresOptions { DataFolder = Data, BinariesFolder = folder },
                NullLogger.Instance,
                Token
            )
        );

        Assert.Contains($"No PostgreSQL server is in {folder}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:Archon", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_start_shows_its_last_words()
    {
        await using (await StartAsync()) { }
        await File.AppendAllTextAsync(Path.Combine(Data, "data", "postgresql.conf"), "shared_buffers = nonsense\n", Token);

        var failed = await Assert.ThrowsAsync<EmbeddedPostgresException>(StartAsync);

        Assert.Contains("shared_buffers", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_lends_it_an_account_even_where_only_root_may_enter()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root has this case.");
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        await using var server = await StartAsync();

        Assert.Equal("1", await RunAsync(server, "SELECT 1"));
        var owner = (await File.ReadAllLinesAsync($"/proc/{Pid()}/status", Token)).Single(line =>
            line.StartsWith("Uid:", StringComparison.Ordinal)
        );
        Assert.NotEqual("0", owner.Split('\t')[1]);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<EmbeddedPostgres> StartAsync() =>
        EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                DataFolder = Data,
                FastAndUnsafe = false,
                TimeLimit = Limit,
            },
            NullLogger.Instance,
            Token
        );

    private int Pid() => int.Parse(File.ReadLines(Path.Combine(Data, "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private bool Runs() => File.Exists(Path.Combine(Data, "data", "postmaster.pid"));

    private static UnixFileMode Mode(string path) => File.GetUnixFileMode(path);

    private List<string> Snapshot() =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Data, "data"), "*", SearchOption.AllDirectories)
                .Order()
                .Select(path => $"{path} {new FileInfo(path).Length} {File.GetLastWriteTimeUtc(path):O}"),
        ];

    private static async Task<string?> RunAsync(EmbeddedPostgres server, string sql)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false }.ConnectionString
        );
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (await command.ExecuteScalarAsync(Token))?.ToString();
    }
}
