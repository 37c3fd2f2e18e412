using System.IO.Compression;
using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Import;

public sealed record ExportedFile(string Name, byte[] Content);

/// <summary>Hands rule files out: to the byte what came in, but for what was edited, each with its unit tests beside it.</summary>
public sealed class RuleExporter(IDbContextFactory<ArchonDbContext> contexts)
{
    /// <param name="name">Null for all files.</param>
    /// <param name="group">Only files with a group of the name, with this group alone; null for whole files.</param>
    public async Task<IReadOnlyList<ExportedFile>> ExportAsync(
        int environmentId,
        string? name,
        string? group,
        CancellationToken cancellationToken
    )
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var documents = await db
            .RuleDocuments.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.DeletedAt == null && (name == null || one.Name == name))
            .OrderBy(one => one.Name)
            .ToListAsync(cancellationToken);
        return [.. documents.SelectMany(document => Export(document, group))];
    }

    public static byte[] Zip(IReadOnlyList<ExportedFile> files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var file in files)
            {
                using var entry = zip.CreateEntry(file.Name).Open();
                entry.Write(file.Content);
            }
        }
        return bytes.ToArray();
    }

    private static IEnumerable<ExportedFile> Export(RuleDocument document, string? group)
    {
        var content = document.Content;
        if (group is not null)
        {
            var file = RuleCatalogue.Read(content);
            if (file.Groups.All(one => one.Content.Name != group))
                yield break;
            for (var i = file.Groups.Count - 1; i >= 0; i--)
            {
                if (file.Groups[i].Content.Name != group)
                    file = RuleFileEditor.RemoveGroup(file, i);
            }
            content = file.ToBytes();
        }
        yield return new ExportedFile(document.Name, content);
        if (document.Tests.Length > 0)
        {
            yield return new ExportedFile(
                RuleTests.NameFor(document.Name),
                Encoding.UTF8.GetBytes(RuleTests.Export(document.Name, document.Tests))
            );
        }
    }
}
