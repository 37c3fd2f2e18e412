using System.Globalization;

namespace Archon.Data.Embedded;

/// <summary>
/// Who runs the server. PostgreSQL refuses to run as root; a console that runs as root lends it an unprivileged account, by
/// <c>setpriv</c> of util-linux: the owner of the data, else <c>postgres</c>, else <c>nobody</c>.
/// </summary>
internal sealed class ServerAccount
{
    /// <summary>
    /// Lets the account pass folders that only root may enter, such as a checkout under <c>/root</c>, and read what lies there.
    /// PostgreSQL's programs look for each other with access(2), which heeds capabilities only with <c>no_setuid_fixup</c>.
    /// </summary>
    private static readonly string[] PassLockedFolders =
    [
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=+dac_read_search",
        "--securebits=+no_setuid_fixup",
    ];

    private readonly string owner;
    private string[] prefix;

    private ServerAccount(string owner, string[] prefix)
    {
        this.owner = owner;
        this.prefix = prefix;
    }

    private bool IsSelf => prefix.Length == 0;

    /// <exception cref="EmbeddedPostgresException">Root has no account to lend, or no <c>setpriv</c>.</exception>
    public static async Task<ServerAccount> ChooseAsync(
        string cluster,
        string binaries,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return new ServerAccount("", []);
        var owner =
            await OwnerAsync(cluster, limit, cancellationToken)
            ?? AccountOf("postgres")
            ?? AccountOf("nobody")
            ?? throw new EmbeddedPostgresException(
                "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as. Start the console as an ordinary user."
            );
        var ids = owner.Split(':');
        string[] lend = ["setpriv", $"--reuid={ids[0]}", $"--regid={ids[1]}", "--clear-groups"];
        var account = new ServerAccount(owner, lend);
        var programs = Path.Combine(binaries, "postgres");
        var folder = Path.GetDirectoryName(cluster)!;
        if (await account.CanAsync(["test", "-x", programs, "-a", "-x", folder], limit, cancellationToken))
            return account;
        account.prefix = [.. lend, .. PassLockedFolders];
        var tried = await account.RunAsync("test", ["-x", programs, "-a", "-x", folder], limit, cancellationToken);
        if (tried.ExitCode == 0)
            return account;
        throw new EmbeddedPostgresException(
            $"PostgreSQL does not run as root, and user {owner} may not enter {folder} or {binaries}: {tried.Output.Trim()}. "
                + "Start the console as an ordinary user, or move it to a folder that others may enter (chmod a+x), or install setpriv (util-linux)."
        );
    }

    /// <param name="input">What the program reads from standard input; null where it reads nothing.</param>
    public Task<Command.Result> RunAsync(
        string program,
        IEnumerable<string> arguments,
        TimeSpan limit,
        CancellationToken cancellationToken,
        string? input = null
    ) =>
        IsSelf
            ? Command.RunAsync(program, arguments, limit, cancellationToken, input)
            : Command.RunAsync(prefix[0], [.. prefix.Skip(1), program, .. arguments], limit, cancellationToken, input);

    /// <summary>Makes a file or folder the account's own.</summary>
    public async Task OwnAsync(string path, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (IsSelf)
            return;
        var owned = await Command.RunAsync("chown", [owner, path], limit, cancellationToken);
        if (owned.ExitCode != 0)
            throw new EmbeddedPostgresException($"{path} cannot be given to user {owner}, who runs PostgreSQL: {owned.Output.Trim()}");
    }

    private async Task<bool> CanAsync(string[] command, TimeSpan limit, CancellationToken cancellationToken) =>
        (await RunAsync(command[0], command[1..], limit, cancellationToken)).ExitCode == 0;

    /// <summary>Null where the cluster is not made yet, or was left to root by a copy.</summary>
    private static async Task<string?> OwnerAsync(string cluster, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(cluster))
            return null;
        var asked = await Command.RunAsync("stat", ["-c", "%u:%g", cluster], limit, cancellationToken);
        return asked.ExitCode == 0 && !asked.Output.StartsWith("0:", StringComparison.Ordinal) ? asked.Output.Trim() : null;
    }

    private static string? AccountOf(string name) =>
        File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .Where(fields =>
                fields.Length > 3
                && fields[0] == name
                && int.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && id != 0
            )
            .Select(fields => $"{fields[2]}:{fields[3]}")
            .FirstOrDefault();
}
