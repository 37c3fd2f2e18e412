using System.IO.Compression;
using Archon.Analysis;

namespace Archon.Cli;

/// <summary>Files as the tools take them: gzip is seen by its first bytes, <c>-</c> is standard input or output, and what is written is whole or absent.</summary>
internal static class Files
{
    private static ReadOnlySpan<byte> GzipMagic => [0x1f, 0x8b];

    public static string NameOf(string file) => file == "-" ? "standard input" : file;

    /// <param name="isStreamed">Whoever reads keeps no more than a piece of it, so that it may unpack to any size.</param>
    /// <exception cref="BadInputException">The file is not there or may not be read; while it is read: it unpacks to more than is taken.</exception>
    public static Stream OpenRead(string file, bool isStreamed = false)
    {
        try
        {
            var plain = file == "-" ? new BufferedStream(Console.OpenStandardInput(), 1 << 16) : (Stream)File.OpenRead(file);
            if (!plain.CanSeek)
                return plain;
            Span<byte> first = stackalloc byte[2];
            var isGzip = plain.ReadAtLeast(first, 2, throwOnEndOfStream: false) == 2 && first.SequenceEqual(GzipMagic);
            plain.Position = 0;
            if (!isGzip)
                return plain;
            var unpacked = new GZipStream(plain, CompressionMode.Decompress);
            return new BufferedStream(isStreamed ? unpacked : new UnpackedStream(unpacked, file, InputLimits.UnpackedSize), 1 << 16);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{NameOf(file)} cannot be read: {failure.Message}");
        }
    }

    /// <summary>Files below a folder whose names end in one of <paramref name="endings"/>, by path relative to it with forward slashes, in ordinal order.</summary>
    /// <exception cref="BadInputException">There is no such folder, or it holds none.</exception>
    public static IReadOnlyList<(string Name, string Path)> Below(string folder, params string[] endings)
    {
        if (!Directory.Exists(folder))
            throw new BadInputException($"There is no folder {folder}.");
        var found = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(path => endings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
            .Select(path => (Name: Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), Path: path))
            .OrderBy(one => one.Name, StringComparer.Ordinal)
            .ToList();
        return found.Count > 0 ? found : throw new BadInputException($"{folder} has no {string.Join(" or ", endings)} file.");
    }

    /// <summary>Writes beside the target and moves it there at the end, so that a tool that fails leaves no half a file. <c>-</c> is standard output.</summary>
    /// <exception cref="BadInputException">It cannot be written.</exception>
    public static async Task WriteAsync(string file, Func<TextWriter, Task> write, CancellationToken cancellationToken)
    {
        if (file == "-")
        {
            await using var console = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16) { NewLine = "\n" };
            await write(console);
            return;
        }
        var partial = $"{file}.{Environment.ProcessId}.partial";
        try
        {
            await using (var writer = new StreamWriter(partial, append: false) { NewLine = "\n" })
                await write(writer);
            cancellationToken.ThrowIfCancellationRequested();
            File.Move(partial, file, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{file} cannot be written: {failure.Message}");
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
