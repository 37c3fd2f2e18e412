using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Archon.Tests.Data;

/// <summary>A data folder of an earlier version for each set of programs, made once; tests change copies of it.</summary>
public sealed class OldFolders : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-old-").FullName;
    private readonly Dictionary<string, string> made = [];

    public OldFolders() => File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);

    /// <param name="binaries">Folder of the programs; null: those that the console brings.</param>
    internal async Task CopyAsync(string to, string? binaries)
    {
        if (!made.TryGetValue(binaries ?? "", out var original))
        {
            original = Path.Combine(folder, made.Count.ToString(CultureInfo.InvariantCulture));
            await ServerRolesTests.MakeOldAsync(original, binaries);
            made[binaries ?? ""] = original;
        }
        // With its owner, who is not the user of the tests where that is root.
        using var copy = Process.Start("cp", ["-a", original, to]);
        await copy.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, copy.ExitCode);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
