using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Archon.Data.Embedded;

/// <summary>
/// A PostgreSQL server of our own on loopback, for a console that was given no database, and for tests. It outlives a console that
/// is killed; the next one takes it over. Consoles on one folder share one server, and the last to leave stops it.
/// </summary>
public sealed partial class EmbeddedPostgres : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly EmbeddedPostgresOptions options;
    private readonly ILogger logger;
    private readonly PostgresBinaries binaries;
    private readonly ServerAccount account;
    private readonly FileStream user;

    private EmbeddedPostgres(
        EmbeddedPostgresOptions options,
        ILogger logger,
        PostgresBinaries binaries,
        ServerAccount account,
        FileStream user
    )
    {
        this.options = options;
        this.logger = logger;
        this.binaries = binaries;
        this.account = account;
        this.user = user;
    }

    public string ConnectionString { get; private set; } = "";

    /// <summary>PostgreSQL's major version.</summary>
    public int Version => binaries.Major;

    /// <summary>Whether its process is there; it may still not answer.</summary>
    public bool IsRunning => RunningPort() is not null;

    private string Cluster => ClusterOf(options);
    private string Log => Path.Combine(options.DataFolder, "server.log");
    private string PasswordFile => Path.Combine(options.DataFolder, "password");
    private string PortFile => Path.Combine(options.DataFolder, "port");

    /// <summary>Ends when the server answers and the database is there.</summary>
    /// <exception cref="EmbeddedPostgresException">It cannot be brought up; what was in the folder is as it was.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options,
        ILogger logger,
        CancellationToken cancellationToken
    )
    {
        if (OperatingSystem.IsWindows())
        {
            throw new EmbeddedPostgresException(
                "On Windows the console brings no PostgreSQL of its own. Name a server in ConnectionStrings:Archon."
            );
        }
        options = options with { DataFolder = Path.GetFullPath(options.DataFolder) };
        try
        {
            Directory.CreateDirectory(options.DataFolder);
            await using var alone = await LockAsync(options, cancellationToken);
            var made = MajorOf(ClusterOf(options));
            var binaries = await PostgresBinaries.FindAsync(options, made, cancellationToken);
            var account = await ServerAccount.ChooseAsync(ClusterOf(options), binaries.Folder, options.TimeLimit, cancellationToken);
            var users = Path.Combine(options.DataFolder, "users");
            var isShared = IsUsed(users);
            var user = new FileStream(users, FileMode.OpenOrCreate, FileAccess.Read, FileShare.Read);
            var server = new EmbeddedPostgres(options, logger, binaries, account, user);
            try
            {
                await server.BringUpAsync(made is not null, isShared, cancellationToken);
                return server;
            }
            catch
            {
                await user.DisposeAsync();
                throw;
            }
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or IOException)
        {
            throw new EmbeddedPostgresException(
                $"The folder {options.DataFolder} of the embedded PostgreSQL cannot be used: {failure.Message}"
            );
        }
    }

    /// <summary>Stops the server unless another console still uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!user.SafeFileHandle.IsClosed)
        {
            await using var alone = await LockAsync(options, CancellationToken.None);
            await user.DisposeAsync();
            if (IsUsed(user.Name))
                return;
            NpgsqlConnection.ClearPool(new NpgsqlConnection(ConnectionString));
            var stopped = await StopServerAsync(CancellationToken.None);
            if (stopped.ExitCode == 0)
                LogStopped();
            else
                LogNotStopped(stopped.Output.Trim());
        }
    }

    private Task<Command.Result> StopServerAsync(CancellationToken cancellationToken) =>
        account.RunAsync(
            binaries["pg_ctl"],
            ["-D", Cluster, "-m", options.FastAndUnsafe ? "immediate" : "fast", "-w", "stop"],
            options.TimeLimit,
            cancellationToken
        );

    private static string ClusterOf(EmbeddedPostgresOptions options) => Path.Combine(options.DataFolder, "data");

    /// <summary>Of several consoles that start or stop at once, one acts and the others wait.</summary>
    private static async Task<FileStream> LockAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        var path = Path.Combine(options.DataFolder, "lock");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.TimeLimit * 2);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (!limit.IsCancellationRequested && File.Exists(path))
            {
                await Task.Delay(Poll, CancellationToken.None);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <returns>Null where there is no cluster yet.</returns>
    private static int? MajorOf(string cluster)
    {
        var version = Path.Combine(cluster, "PG_VERSION");
        if (File.Exists(version))
        {
            return int.TryParse(
                File.ReadAllText(version).Trim().Split('.')[0],
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var major
            )
                ? major
                : throw new EmbeddedPostgresException(
                    $"{version} does not name a version of PostgreSQL. Nothing was touched; restore the folder, or move it away to begin anew."
                );
        }
        if (Directory.Exists(cluster) && Directory.EnumerateFileSystemEntries(cluster).Any())
        {
            throw new EmbeddedPostgresException(
                $"{cluster} has files, but is no cluster of PostgreSQL. Nothing was changed. Move it away to start anew."
            );
        }
        return null;
    }

    /// <summary>Whether a console has the file open: each that uses the server does.</summary>
    private static bool IsUsed(string users)
    {
        try
        {
            using var noOneElse = new FileStream(users, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <param name="isShared">Another console uses the server, which therefore cannot be stopped.</param>
    private async Task BringUpAsync(bool isMade, bool isShared, CancellationToken cancellationToken)
    {
        await account.OwnAsync(options.DataFolder, options.TimeLimit, cancellationToken);
        var password = isMade ? ReadPassword() : await MakeClusterAsync(cancellationToken);
        if (!ServerRoles.AreSetUp(Cluster))
            await ConvertAsync(password, isShared, cancellationToken);
        var port = RunningPort();
        if (port is null)
        {
            port = await StartServerAsync(cancellationToken);
        }
        else
        {
            LogTakenOver(port.Value);
        }
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port.Value,
            Username = ServerRoles.Owner,
            Password = password,
            Database = options.Database,
            MaxPoolSize = 50,
            ApplicationName = "Archon Console",
        };
        ConnectionString = settings.ConnectionString;
        settings.Database = "postgres";
        settings.Pooling = false;
        await MakeDatabaseAsync(settings.ConnectionString, cancellationToken);
        LogUp(binaries.Major, port.Value, options.DataFolder);
    }

    /// <summary>Of a cluster that an earlier version made: takes its rights from the role that the console signs in as.</summary>
    private async Task ConvertAsync(string password, bool isShared, CancellationToken cancellationToken)
    {
        if (RunningPort() is not null)
        {
            if (isShared)
            {
                LogNotConverted();
                return;
            }
            // A console that was killed left it running.
            var stopped = await StopServerAsync(cancellationToken);
            if (stopped.ExitCode != 0)
                throw new EmbeddedPostgresException($"The embedded PostgreSQL does not stop: {stopped.Output.Trim()}");
        }
        await ServerRoles.SetUpAsync(binaries, account, Cluster, password, options.TimeLimit, cancellationToken);
        LogConverted(ServerRoles.Owner);
    }

    private string ReadPassword() =>
        File.Exists(PasswordFile)
            ? File.ReadAllText(PasswordFile).Trim()
            : throw new EmbeddedPostgresException(
                $"The password of the embedded PostgreSQL is missing: {PasswordFile}. Restore it, or move {options.DataFolder} away to begin anew."
            );

    /// <summary>Beside its place first: a cluster half made is never taken for a whole one.</summary>
    private async Task<string> MakeClusterAsync(CancellationToken cancellationToken)
    {
        var password = RandomNumberGenerator.GetHexString(48, lowercase: true);
        WriteSecret(PasswordFile, password);
        ForgetUnfinished();
        // A name of its own: what a killed console began may still be at work in its folder.
        var unfinished = $"{Cluster}.unfinished-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var passwordForInitdb = unfinished + ".password";
        try
        {
            // initdb wants one for its superuser, who loses it right after.
            WriteSecret(passwordForInitdb, RandomNumberGenerator.GetHexString(48, lowercase: true));
            await account.OwnAsync(passwordForInitdb, options.TimeLimit, cancellationToken);
            string[] arguments =
            [
                "-D",
                unfinished,
                "-U",
                ServerRoles.Superuser,
                "-A",
                "scram-sha-256",
                "--pwfile",
                passwordForInitdb,
                "-E",
                "UTF8",
                "--no-locale",
            ];
            var made = await account.RunAsync(
                binaries["initdb"],
                options.FastAndUnsafe ? [.. arguments, "-N"] : arguments,
                options.TimeLimit,
                cancellationToken
            );
            if (made.ExitCode != 0)
                throw new EmbeddedPostgresException($"PostgreSQL could not make its folder {Cluster}: {LastLines(made.Output)}");
        }
        finally
        {
            File.Delete(passwordForInitdb);
        }
        await ServerRoles.SetUpAsync(binaries, account, unfinished, password, options.TimeLimit, cancellationToken);
        if (Directory.Exists(Cluster))
            Directory.Delete(Cluster);
        Directory.Move(unfinished, Cluster);
        return password;
    }

    private void ForgetUnfinished()
    {
        try
        {
            foreach (var folder in Directory.GetDirectories(options.DataFolder, "data.unfinished-*"))
                Directory.Delete(folder, recursive: true);
            foreach (var file in Directory.GetFiles(options.DataFolder, "data.unfinished-*"))
                File.Delete(file);
        }
        catch (IOException)
        {
            // Someone still writes there; the next new cluster forgets it.
        }
    }

    private static void WriteSecret(string path, string secret)
    {
        File.Delete(path);
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, creation);
        using var writer = new StreamWriter(file);
        writer.Write(secret);
    }

    /// <summary>The port of a server that runs on this cluster already; null where none does.</summary>
    private int? RunningPort()
    {
        var pidFile = Path.Combine(Cluster, "postmaster.pid");
        if (!File.Exists(pidFile))
            return null;
        var lines = File.ReadAllLines(pidFile);
        if (
            lines.Length < 4
            || !int.TryParse(lines[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            || !int.TryParse(lines[3], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        )
        {
            return null;
        }
        var process = $"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline";
        if (!OperatingSystem.IsLinux())
            return port;
        if (!File.Exists(process))
            return null;
        var command = File.ReadAllText(process).Split('\0');
        if (Path.GetFileName(command[0]) == "postgres" && command.Contains(Cluster))
            return port;
        // The number went to another program after a crash. PostgreSQL would believe it is its own and refuse to start.
        File.Delete(pidFile);
        return null;
    }

    private async Task<int> StartServerAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = ChoosePort();
            var settings =
                $"-p {port.ToString(CultureInfo.InvariantCulture)} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
                + (options.FastAndUnsafe ? " -c fsync=off -c synchronous_commit=off -c full_page_writes=off" : "");
            var logged = File.Exists(Log) ? new FileInfo(Log).Length : 0;
            var seconds = options.TimeLimit.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
            var started = await account.RunAsync(
                binaries["pg_ctl"],
                ["-D", Cluster, "-l", Log, "-o", settings, "-t", seconds, "-w", "start"],
                options.TimeLimit + Poll,
                cancellationToken
            );
            if (started.ExitCode == 0)
                return port;
            var said = ReadFrom(Log, logged);
            // Someone may take the port between our look and the server's.
            if (attempt < 3 && said.Contains("could not bind", StringComparison.Ordinal))
                continue;
            throw new EmbeddedPostgresException(
                $"The embedded PostgreSQL does not start: {LastLines(said.Length > 0 ? said : started.Output)} (all of it is in {Log})"
            );
        }
    }

    /// <summary>The same as last time where it is free, so that a connection string noted elsewhere stays true.</summary>
    private int ChoosePort()
    {
        if (
            File.Exists(PortFile)
            && int.TryParse(File.ReadAllText(PortFile), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && IsFree(last)
        )
        {
            return last;
        }
        using var any = new TcpListener(IPAddress.Loopback, 0);
        any.Start();
        var port = ((IPEndPoint)any.LocalEndpoint).Port;
        File.WriteAllText(PortFile, port.ToString(CultureInfo.InvariantCulture));
        return port;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task MakeDatabaseAsync(string maintenance, CancellationToken cancellationToken)
    {
        await using var server = await ConnectAsync(maintenance, cancellationToken);
        await using var ask = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", server)
        {
            Parameters = { new() { Value = options.Database } },
        };
        if (await ask.ExecuteScalarAsync(cancellationToken) is not null)
            return;
        var name = new NpgsqlCommandBuilder().QuoteIdentifier(options.Database);
#pragma warning disable CA2100 // A name cannot be a parameter; it is quoted as PostgreSQL says.
        await using var make = new NpgsqlCommand($"CREATE DATABASE {name}", server);
#pragma warning restore CA2100
        await make.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A server taken over may still be coming up after a crash.</summary>
    private async Task<NpgsqlConnection> ConnectAsync(string connection, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.TimeLimit);
        while (true)
        {
            var server = new NpgsqlConnection(connection);
            try
            {
                await server.OpenAsync(limit.Token);
                return server;
            }
            catch (PostgresException refused) when (refused.SqlState is not PostgresErrorCodes.CannotConnectNow)
            {
                await server.DisposeAsync();
                throw new EmbeddedPostgresException(
                    $"The embedded PostgreSQL refused the console: {refused.MessageText}. If {PasswordFile} was changed, restore it."
                );
            }
            catch (Exception failure) when (failure is NpgsqlException or OperationCanceledException)
            {
                await server.DisposeAsync();
                cancellationToken.ThrowIfCancellationRequested();
                if (limit.IsCancellationRequested)
                    throw new EmbeddedPostgresException($"The embedded PostgreSQL does not answer: {failure.Message} (its log is {Log})");
                await Task.Delay(Poll, cancellationToken);
            }
        }
    }

    private static string ReadFrom(string path, long offset)
    {
        if (!File.Exists(path))
            return "";
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(Math.Min(offset, stream.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static string LastLines(string text) =>
        string.Join(" / ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(4));

    [LoggerMessage(Level = LogLevel.Information, Message = "Embedded PostgreSQL {Version} answers on 127.0.0.1:{Port}, data in {Folder}")]
    private partial void LogUp(int version, int port, string folder);

    [LoggerMessage(Level = LogLevel.Information, Message = "Embedded PostgreSQL runs already on port {Port} and is taken over")]
    private partial void LogTakenOver(int port);

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "The data of the embedded PostgreSQL was made by an earlier version; its user {User} is no superuser any more"
    )]
    private partial void LogConverted(string user);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The user of the embedded PostgreSQL is still its superuser. Another console uses the server; the next start converts it"
    )]
    private partial void LogNotConverted();

    [LoggerMessage(Level = LogLevel.Information, Message = "Embedded PostgreSQL stopped")]
    private partial void LogStopped();

    [LoggerMessage(Level = LogLevel.Warning, Message = "Embedded PostgreSQL did not stop and is left running: {Reason}")]
    private partial void LogNotStopped(string reason);
}
