namespace Archon.Tests.Kit;

/// <summary>Where the real programs are that the tests run against.</summary>
internal static class Tools
{
    /// <summary>A program that <c>./archon test</c> unpacked, or the system's.</summary>
    /// <exception cref="InvalidOperationException">There is none: the test fails with words, for a skipped test proves nothing.</exception>
    public static string Find(string program)
    {
        var folders = new List<string>();
        if (Environment.GetEnvironmentVariable("ARCHON_TOOLS") is { Length: > 0 } named)
            folders.Add(Path.Combine(named, "usr", "bin"));
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            folders.Add(Path.Combine(folder, ".archon", "tools", "usr", "bin"));
        }
        folders.AddRange(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        );
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"{program} is not here. Run the tests by ./archon test, which fetches it.");
    }
}
