using System.CommandLine;
using Archon.Ui.Format;

namespace Archon.Cli;

/// <summary>The engine as tools: the console's program, called with a tool's name first, does that and ends. Needs no database and no server.</summary>
internal static class CliCommands
{
    /// <summary>Whether the first word asks for a tool, or for help on them.</summary>
    public static bool Names(string[] args) => args.Length > 0 && Root().Subcommands.Any(tool => tool.Name == args[0]);

    /// <returns>The exit code: 0 done, 1 bad input or usage, 130 cancelled.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return await Root().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (BadInputException bad)
        {
            await Console.Error.WriteLineAsync(Outside.Lines($"archon {args[0]}: {bad.Message}"));
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private static RootCommand Root() =>
        new("Archon's analysis engine on files, and the console's own commands.")
        {
            ForecastCommand.Build(),
            ExhaustCommand.Build(),
            PatternsCommand.Build(),
            GroupCommand.Build(),
            RankCommand.Build(),
            DetectCommand.Build(),
            RulesCommand.Build(),
            AdminCommand.Build(),
            TokenCommand.Build(),
            AuditCommand.Build(),
        };
}
