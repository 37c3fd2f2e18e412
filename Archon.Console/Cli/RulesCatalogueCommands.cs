using System.CommandLine;
using System.Text.Json;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Features.Access;
using Archon.Features.Rules;
using Archon.Features.Rules.Import;
using Archon.Hosting;
using Archon.Ui.Format;
using Microsoft.EntityFrameworkCore;

namespace Archon.Cli;

/// <summary><c>archon rules import</c> and <c>export</c>: the console's catalogue of rule files, from a shell.</summary>
internal static class RulesCatalogueCommands
{
    public static Command Import()
    {
        var files = new Argument<string[]>("FILE")
        {
            Arity = ArgumentArity.OneOrMore,
            Description = "Rule files, files of unit tests (NAME_test.yml), or folders of both.",
        };
        var environment = EnvironmentOption();
        var reason = new Option<string>("--reason")
        {
            HelpName = "TEXT",
            DefaultValueFactory = _ => "Imported by command",
            Description = "Shown with the new version.",
        };
        var take = new Option<MergeSide?>("--take")
        {
            HelpName = "ours|theirs",
            Description = "Whose to take where catalogue and file changed the same: ours is the catalogue's.",
        };
        var output = RulesCommand.Output(OutputForm.Text);
        var command = new Command(
            "import",
            $"""
            Takes rule files into the catalogue, each whole or not at all. A file is named by its path below the folder that was given, else by its last part.
            Where both the file and the catalogue changed since the last import, rules that one side changed are taken from it; for the others say --take.

            {CommandHost.WhichDatabase}
            Exit code: 0 all taken or the same, 1 a file cannot be read or Prometheus would refuse it, 2 a conflict; other files are taken all the same.
            """
        )
        {
            files,
            environment,
            reason,
            take,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var incoming = new List<IncomingFile>();
                foreach (var path in parsed.GetRequiredValue(files))
                    incoming.AddRange(await ReadAsync(path, cancellationToken));
                if (incoming.GroupBy(one => one.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
                {
                    throw new BadInputException($"{twice.Key} is given twice.");
                }
                await using var catalogue = await CatalogueAsync(parsed.GetValue(environment), cancellationToken);
                var importer = catalogue.Services.GetRequiredService<RuleImporter>();
                var choices = new Dictionary<string, ImportChoice>();
                if (parsed.GetValue(take) is { } side)
                {
                    var reviews = await importer.ReviewAsync(catalogue.EnvironmentId, incoming, cancellationToken);
                    foreach (var known in reviews.OfType<ImportReview.Known>())
                    {
                        choices[known.Name] = ImportChoice.OfConflicts(known, side);
                    }
                }
                var results = await importer.ImportAsync(
                    catalogue.EnvironmentId,
                    incoming,
                    choices,
                    Actor.OnMachine,
                    parsed.GetRequiredValue(reason),
                    cancellationToken
                );
                if (parsed.GetValue(output) == OutputForm.Json)
                {
                    Console.WriteLine(JsonSerializer.Serialize(results.Select(Row), RulesCommand.Json));
                }
                else
                {
                    foreach (var result in results)
                    {
                        await (result is ImportResult.Refused ? Console.Error : Console.Out).WriteLineAsync(Outside.Lines(Text(result)));
                    }
                }
                return results.Any(result => result is ImportResult.Refused) ? 1
                    : results.Any(result => result is ImportResult.Conflict or ImportResult.ChangedMeanwhile) ? RulesCommand.Found
                    : 0;
            }
        );
        return command;
    }

    public static Command Export()
    {
        var files = new Argument<string[]>("FILE")
        {
            Arity = ArgumentArity.ZeroOrMore,
            Description = "Names of files in the catalogue; all without one.",
        };
        var group = new Option<string?>("--group") { HelpName = "G", Description = "Only this group of each file that has it." };
        var folder = new Option<string?>("-o")
        {
            HelpName = "DIR",
            Description = "Folder to write into. Without it one file is written to standard output, and several are listed.",
        };
        var environment = EnvironmentOption();
        var output = RulesCommand.Output(OutputForm.Text);
        var command = new Command(
            "export",
            $"""
            Writes rule files of the catalogue: to the byte what was imported, but for what was edited; with -o also their unit tests, as NAME_test.yml.

            {CommandHost.WhichDatabase}
            Exit code: 0 done, 1 it cannot be written, 2 the catalogue contains no such file or group.
            """
        )
        {
            files,
            group,
            folder,
            environment,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var catalogue = await CatalogueAsync(parsed.GetValue(environment), cancellationToken);
                var exporter = catalogue.Services.GetRequiredService<RuleExporter>();
                var wanted = parsed.GetValue(files) ?? [];
                var found = new List<ExportedFile>();
                foreach (var name in wanted.Length > 0 ? wanted : (string?[])[null])
                {
                    var exported = await ExportAsync(exporter, catalogue.EnvironmentId, name, parsed.GetValue(group), cancellationToken);
                    if (exported.Count == 0)
                        return Missing(name, parsed.GetValue(group));
                    found.AddRange(exported);
                }
                if (parsed.GetValue(folder) is { } target)
                {
                    foreach (var file in found)
                        await WriteAsync(target, file, cancellationToken);
                    if (parsed.GetValue(output) == OutputForm.Json)
                    {
                        var written = found.Select(file => new { file = file.Name, bytes = file.Content.Length });
                        Console.WriteLine(JsonSerializer.Serialize(written, RulesCommand.Json));
                    }
                    return 0;
                }
                if (parsed.GetValue(output) == OutputForm.Json)
                {
                    var texts = found.Select(file => new { file = file.Name, content = System.Text.Encoding.UTF8.GetString(file.Content) });
                    Console.WriteLine(JsonSerializer.Serialize(texts, RulesCommand.Json));
                }
                else if (found.Count(file => !RuleTests.IsTestFile(file.Name)) > 1)
                {
                    foreach (var file in found)
                        Console.WriteLine(Outside.Text(file.Name));
                }
                else
                {
                    await using var console = Console.OpenStandardOutput();
                    await console.WriteAsync(found[0].Content, cancellationToken);
                }
                return 0;
            }
        );
        return command;
    }

    private static async Task<IReadOnlyList<ExportedFile>> ExportAsync(
        RuleExporter exporter,
        int environmentId,
        string? name,
        string? group,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await exporter.ExportAsync(environmentId, name, group, cancellationToken);
        }
        catch (RuleEditException shared)
        {
            throw new BadInputException(shared.Message);
        }
    }

    private static int Missing(string? name, string? group)
    {
        var (file, within) = (name is null ? "no file" : $"no file {name}", group is null ? "" : $" with a group {group}");
        Console.Error.WriteLine(Outside.Text($"archon rules: The catalogue has {file}{within}."));
        return RulesCommand.Found;
    }

    private static async Task<IReadOnlyList<IncomingFile>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(path))
        {
            var name = path == "-" ? "stdin.yml" : Path.GetFileName(path);
            return [new IncomingFile(name, await RulesCommand.BytesAsync(path, cancellationToken))];
        }
        var files = new List<IncomingFile>();
        foreach (var (name, file) in Files.Below(path, ".yml", ".yaml", ".rules"))
        {
            files.Add(new IncomingFile(name, await RulesCommand.BytesAsync(file, cancellationToken)));
        }
        return files;
    }

    private static async Task WriteAsync(string folder, ExportedFile file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, file.Name);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, file.Content, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be written: {failure.Message}");
        }
    }

    private static Option<string?> EnvironmentOption() =>
        new("--environment") { HelpName = "NAME", Description = "Environment of the catalogue; the first without it." };

    /// <exception cref="BadInputException">The database does not answer, or there is no such environment.</exception>
    private static async Task<Catalogue> CatalogueAsync(string? environment, CancellationToken cancellationToken)
    {
        var host = await CommandHost.StartAsync(
            services => services.AddConfiguredUpstreams().AddSingleton<CommandGate>().AddRules(),
            cancellationToken
        );
        try
        {
            var contexts = host.Services.GetRequiredService<IDbContextFactory<ArchonDbContext>>();
            await using var db = await contexts.CreateDbContextAsync(cancellationToken);
            var ids = await db
                .Environments.Where(one => environment == null || one.Name == environment)
                .OrderBy(one => one.Id)
                .Select(one => one.Id)
                .ToListAsync(cancellationToken);
            return ids is [var id, ..] ? new Catalogue(host, id) : throw new BadInputException($"There is no environment {environment}.");
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    private static string Text(ImportResult result) =>
        result switch
        {
            ImportResult.Taken taken => $"{taken.Name}: taken as version {taken.Version}",
            ImportResult.Unchanged same => $"{same.Name}: unchanged. {same.Why}",
            ImportResult.Refused refused => string.Join('\n', refused.Reasons.Select(reason => $"{refused.Name}: {reason}")),
            ImportResult.Conflict conflict =>
                $"{conflict.Name}: conflict. Both the file and the catalogue changed {conflict.Conflicts} of the same; "
                    + "say --take ours or --take theirs",
            _ => $"{result.Name}: somebody changed it meanwhile; run this again",
        };

    private static object Row(ImportResult result) =>
        result switch
        {
            ImportResult.Taken taken => new
            {
                file = taken.Name,
                result = "taken",
                version = (int?)taken.Version,
                reasons = (IReadOnlyList<string>?)null,
            },
            ImportResult.Unchanged same => new
            {
                file = same.Name,
                result = "unchanged",
                version = (int?)null,
                reasons = (IReadOnlyList<string>?)[same.Why],
            },
            ImportResult.Refused refused => new
            {
                file = refused.Name,
                result = "refused",
                version = (int?)null,
                reasons = (IReadOnlyList<string>?)refused.Reasons,
            },
            ImportResult.Conflict conflict => new
            {
                file = conflict.Name,
                result = "conflict",
                version = (int?)null,
                reasons = (IReadOnlyList<string>?)null,
            },
            _ => new
            {
                file = result.Name,
                result = "changed",
                version = (int?)null,
                reasons = (IReadOnlyList<string>?)null,
            },
        };

    private sealed class Catalogue(CommandHost host, int environmentId) : IAsyncDisposable
    {
        public IServiceProvider Services => host.Services;
        public int EnvironmentId => environmentId;

        public ValueTask DisposeAsync() => host.DisposeAsync();
    }
}
