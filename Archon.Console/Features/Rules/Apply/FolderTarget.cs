using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Apply;

/// <summary>A rule folder and a server that reads it: Prometheus, vmalert, Thanos ruler.</summary>
internal sealed class FolderTarget(string folder, string? serverFolder, Uri? reloadAddress, RuleServerClient server) : RuleTarget
{
    private static readonly string[] Endings = [".yml", ".yaml", ".rules"];

    private readonly string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
    private readonly string served = (serverFolder is { Length: > 0 } ? serverFolder : Path.GetFullPath(folder)).TrimEnd('/');

    public override string Words => $"the folder {folder}";

    public override string ServerFile(string name) => $"{served}/{name}";

    public override string? NameOf(string serverFile) =>
        serverFile.StartsWith(served + "/", StringComparison.Ordinal) ? serverFile[(served.Length + 1)..] : null;

    public override string? NameFault(string name) =>
        PathFault(name)
        ?? (
            Path.GetFileName(name).StartsWith('.') ? "The name of a rule file begins with no dot."
            : !Endings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
                ? $"The name of a rule file ends in {string.Join(" or ", Endings)}, or the server would not read it."
            : null
        );

    public override async Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return new Fetch<byte[]?>.Ok(await File.ReadAllBytesAsync(PathOf(name), cancellationToken));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            // A file that is gone is one thing, a folder that is away another.
            return Directory.Exists(folder) ? new Fetch<byte[]?>.Ok(null) : new Fetch<byte[]?>.Unavailable($"There is no folder {folder}.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new Fetch<byte[]?>.Unavailable($"{name} cannot be read: {failure.Message}");
        }
    }

    public override Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken)
    {
        try
        {
            IReadOnlyList<string> names =
            [
                .. Directory
                    .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                    .Select(path => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'))
                    .Where(name => NameFault(name) is null && !RuleTests.IsTestFile(name))
                    .Order(StringComparer.Ordinal),
            ];
            return Task.FromResult<Fetch<IReadOnlyList<string>>>(new Fetch<IReadOnlyList<string>>.Ok(names));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult<Fetch<IReadOnlyList<string>>>(
                new Fetch<IReadOnlyList<string>>.Unavailable($"The rule folder cannot be read: {failure.Message}")
            );
        }
    }

    public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        var partial = PartialOf(path);
        try
        {
            if (content is null)
            {
                File.Delete(path);
                return new TargetResult.Done();
            }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using (var stream = new FileStream(partial, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                await stream.WriteAsync(content, cancellationToken);
                stream.Flush(flushToDisk: true);
            }
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(partial, File.Exists(path) ? File.GetUnixFileMode(path) : Readable);
            File.Move(partial, path, overwrite: true);
            return new TargetResult.Done();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new TargetResult.Failed($"{name} cannot be written: {Reason(failure)} The file there is as it was.");
        }
        finally
        {
            Remove(partial);
        }
    }

    public override void Tidy(string name) => Remove(PartialOf(PathOf(name)));

    public override async Task<TargetResult> ReloadAsync(CancellationToken cancellationToken) =>
        reloadAddress is null
            ? new TargetResult.Failed(
                "No server is configured that could reload. Set Prometheus:BaseAddress or Archon:Rules:ReloadAddress."
            )
            : TargetResult.Of(await server.ReloadAsync(reloadAddress, cancellationToken));

    // The server often runs as another user.
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private string PathOf(string name) =>
        NameFault(name) is { } fault ? throw new ArgumentException(fault, nameof(name)) : Path.Combine(folder, name);

    /// <summary>Beside the target, so that the move is one step; with a name that no server's pattern for rule files takes.</summary>
    private static string PartialOf(string path) => Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.partial");

    private static string Reason(Exception failure) =>
        failure switch
        {
            UnauthorizedAccessException => "the console may not write there.",
            IOException { Message: var words } when IsFull(words) => "the disk is full.",
            _ => failure.Message,
        };

    private static bool IsFull(string words) =>
        words.Contains("No space left", StringComparison.Ordinal) || words.Contains("not enough space", StringComparison.Ordinal);

    private static void Remove(string partial)
    {
        try
        {
            File.Delete(partial);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The next write begins with the same name.
        }
    }
}
