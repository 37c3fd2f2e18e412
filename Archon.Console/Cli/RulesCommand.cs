using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Features.Rules.Editor.ServerLint;
using Archon.Ui.Format;

namespace Archon.Cli;

internal enum OutputForm
{
    Text,
    Json,
}

/// <summary><c>archon rules</c>: rule files of Prometheus, in pipelines and before they are applied.</summary>
internal static class RulesCommand
{
    /// <summary>Exit code of a comparison that found a difference, and of a check that found a fault.</summary>
    internal const int Found = 2;

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static Command Build() =>
        new(
            "rules",
            """
            Checks, compares and replays rule files of Prometheus, and moves them in and out of the console's catalogue. Only import and export need its
            database; what asks a server takes its credentials from the environment (Prometheus__BearerToken, or Prometheus__Username and Prometheus__Password; Prometheus__Tenant).
            """
        )
        {
            RoundTrip(),
            Lint(),
            RulesBacktestCommand.Build(),
            Diff(),
            RulesCatalogueCommands.Import(),
            RulesCatalogueCommands.Export(),
        };

    private static Command RoundTrip()
    {
        var files = FileArguments();
        var output = Output(OutputForm.Text);
        var command = new Command(
            "roundtrip",
            """
            Reads each rule file as strictly as Prometheus and writes it again. Prints nothing when every byte is the same, else where they differ.

            Exit code: 0 the same, 1 a file cannot be read or Prometheus would refuse it, 2 a difference.
            """
        )
        {
            files,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var results = new List<object>();
                var worst = 0;
                foreach (var name in parsed.GetRequiredValue(files))
                {
                    var bytes = await BytesAsync(name, cancellationToken);
                    var file = RuleFile.Read(bytes, out var errors);
                    if (file is null)
                    {
                        worst = Math.Max(worst, 1);
                        var reported = errors.Select(error => new { line = error.Line, message = error.Message });
                        results.Add(
                            new
                            {
                                file = name,
                                equal = false,
                                errors = reported,
                            }
                        );
                        if (parsed.GetValue(output) == OutputForm.Text)
                        {
                            foreach (var error in errors)
                                await Console.Error.WriteLineAsync(Located(name, error.Line, error.Message));
                        }
                        continue;
                    }
                    // Every rule goes through the writer, with what was read of it.
                    var written = file
                        .Rules.Aggregate(
                            file,
                            (now, rule) => RuleFileEditor.SetRule(now, rule.Group.Index, rule.Index, rule.Content with { })
                        )
                        .ToBytes();
                    var place = bytes.AsSpan().CommonPrefixLength(written);
                    var isSame = place == bytes.Length && place == written.Length;
                    results.Add(new { file = name, equal = isSame });
                    if (isSame)
                        continue;
                    worst = Found;
                    if (parsed.GetValue(output) == OutputForm.Text)
                    {
                        var line = bytes.AsSpan(0, place).Count((byte)'\n') + 1;
                        Console.WriteLine(Located(name, line, "differs"));
                        Console.WriteLine($"- {LineAt(bytes, place)}\n+ {LineAt(written, place)}");
                    }
                }
                if (parsed.GetValue(output) == OutputForm.Json)
                    Console.WriteLine(JsonSerializer.Serialize(results, Json));
                return worst;
            }
        );
        return command;
    }

    private static Command Lint()
    {
        var files = FileArguments();
        var output = Output(OutputForm.Text);
        var prometheus = PrometheusOption(
            required: false,
            "Also check against what this server has: metrics, labels, types, cost, and what would have fired."
        );
        var failOn = new Option<LintSeverity>("--fail-on")
        {
            HelpName = "error|warning|info",
            DefaultValueFactory = _ => LintSeverity.Error,
            Description = "The least severity that makes the exit code 2.",
        };
        var past = new Option<string>("--past")
        {
            HelpName = "LENGTH",
            DefaultValueFactory = _ => "7d",
            Description = "How far back alerts are replayed on the server; 0 not at all.",
        };
        var firings = new Option<int>("--most-firings")
        {
            HelpName = "N",
            DefaultValueFactory = _ => 20,
            Description = "More firings than this in that time are noise.",
        };
        var links = new Option<bool>("--links") { Description = "Try the links to runbooks." };
        var all = new Option<bool>("--all") { Description = "Also print what the files accept." };
        var command = new Command(
            "lint",
            $"""
            Finds faults of rules. Accept one in the file, in the rule or right above it, with a reason:
              # archon-accept: CHECK: REASON         and for the whole file: # archon-accept-file: CHECK: REASON

            Checks: {string.Join(", ", LintChecks.All.Select(check => check.Id))}.
            Exit code: 0 nothing of that severity, 1 a file cannot be read or the server does not answer, 2 found.
            """
        )
        {
            files,
            prometheus,
            failOn,
            past,
            firings,
            links,
            all,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (read, refused) = (new List<NamedRuleFile>(), new List<LintFinding>());
                foreach (var name in parsed.GetRequiredValue(files))
                {
                    if (RuleFile.Read(await BytesAsync(name, cancellationToken), out var errors) is { } file)
                    {
                        read.Add(new NamedRuleFile(name, file));
                    }
                    else
                        refused.AddRange(RuleLinter.Refused(name, errors));
                }
                var findings = RuleLinter.Lint(read);
                string? notChecked = null;
                if (parsed.GetValue(prometheus) is { } address)
                {
                    using var connection = PrometheusConnection.To(address);
                    using var http = parsed.GetValue(links) ? new HttpClient() : null;
                    using var progress = new Progress("Checking", Math.Max(1, read.Sum(one => one.File.Rules.Count())));
                    var settings = new ServerLintSettings
                    {
                        Past = Length(parsed.GetRequiredValue(past)),
                        MostFirings = parsed.GetValue(firings),
                    };
                    var linter = new ServerLinter(connection.Client, http, TimeProvider.System);
                    (findings, notChecked) = await linter.LintAsync(read, settings, new Advancing(progress), cancellationToken);
                }
                else if (parsed.GetValue(links))
                {
                    throw new BadInputException("--links needs --prometheus.");
                }
                List<LintFinding> reported = [.. refused, .. findings.Where(finding => parsed.GetValue(all) || finding.Accepted is null)];
                if (parsed.GetValue(output) == OutputForm.Json)
                    Console.WriteLine(JsonSerializer.Serialize(reported.Select(Row), Json));
                else
                    foreach (var finding in reported)
                        Console.WriteLine(Line(finding));
                if (notChecked is not null)
                    throw new BadInputException($"Not everything was checked: {notChecked}");
                return reported.Any(finding => finding.Accepted is null && finding.Severity >= parsed.GetValue(failOn)) ? Found : 0;
            }
        );
        return command;
    }

    private static Command Diff()
    {
        var before = new Argument<string>("A") { Description = "The old file; - is standard input." };
        var after = new Argument<string>("B") { Description = "The new file." };
        var output = Output(OutputForm.Text);
        var command = new Command(
            "diff",
            """
            Reports what two rule files say differently: groups and rules that are added, removed, changed or moved. How they are written does not count.

            Exit code: 0 they say the same, 1 a file cannot be read, 2 they differ.
            """
        )
        {
            before,
            after,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var changes = RuleFileDiff.Between(
                    await ReadAsync(parsed.GetRequiredValue(before), cancellationToken),
                    await ReadAsync(parsed.GetRequiredValue(after), cancellationToken)
                );
                if (parsed.GetValue(output) == OutputForm.Json)
                    Console.WriteLine(JsonSerializer.Serialize(changes.Select(Row), Json));
                else
                    foreach (var change in changes)
                        Console.WriteLine(Text(change));
                return changes.Count == 0 ? 0 : Found;
            }
        );
        return command;
    }

    internal static Argument<string[]> FileArguments() =>
        new("FILE") { Arity = ArgumentArity.OneOrMore, Description = "Rule files; - is standard input." };

    internal static Option<OutputForm> Output(OutputForm form) =>
        new("--output")
        {
            HelpName = "text|json",
            DefaultValueFactory = _ => form,
            Description = "For people or for programs.",
        };

    internal static Option<string?> PrometheusOption(bool required, string description) =>
        new("--prometheus")
        {
            HelpName = "URL",
            Required = required,
            Description = description,
        };

    /// <exception cref="BadInputException">The file cannot be read, or Prometheus would refuse it.</exception>
    internal static async Task<RuleFile> ReadAsync(string name, CancellationToken cancellationToken) =>
        RuleFile.Read(await BytesAsync(name, cancellationToken), out var errors)
        ?? throw new BadInputException(string.Join('\n', errors.Select(error => Located(Files.NameOf(name), error.Line, error.Message))));

    internal static TimeSpan Length(string text) =>
        PrometheusDuration.TryParse(text, out var length)
            ? length
            : throw new BadInputException($"{text} is no length of time such as 15s, 5m or 7d.");

    internal static async Task<byte[]> BytesAsync(string name, CancellationToken cancellationToken)
    {
        await using var stream = Files.OpenRead(name);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, cancellationToken);
        return all.ToArray();
    }

    private static string Located(string file, int line, string message) =>
        Outside.Text(line > 0 ? string.Create(CultureInfo.InvariantCulture, $"{file}:{line}: {message}") : $"{file}: {message}");

    private static string LineAt(byte[] bytes, int place)
    {
        var start = bytes.AsSpan(0, place).LastIndexOf((byte)'\n') + 1;
        var end = bytes.AsSpan(place).IndexOf((byte)'\n') is >= 0 and var length ? place + length : bytes.Length;
        return Outside.Text(Encoding.UTF8.GetString(bytes, start, end - start).TrimEnd('\r'));
    }

    private static string Line(LintFinding finding)
    {
        var rule = finding.Rule is null ? "" : finding.Rule + ": ";
        var accepted = finding.Accepted is { } reason ? $" accepted: {reason}" : "";
        return Located(finding.File, finding.Line, $"{Word(finding.Severity)}: {rule}{finding.Message} [{finding.Check.Id}]{accepted}");
    }

    private static object Row(LintFinding finding) =>
        new
        {
            check = finding.Check.Id,
            severity = Word(finding.Severity),
            file = finding.File,
            line = finding.Line,
            group = finding.Group,
            rule = finding.Rule,
            message = finding.Message,
            explanation = finding.Check.Explanation,
            hasFix = finding.Fix is not null,
            accepted = finding.Accepted,
        };

    private static string Word(LintSeverity severity) =>
        severity switch
        {
            LintSeverity.Error => "error",
            LintSeverity.Warning => "warning",
            _ => "info",
        };

    private static object Row(RuleChange change) =>
        new
        {
            change = Word(change.Kind),
            group = change.Group,
            rule = change.Rule,
            lineBefore = change.LineBefore,
            lineAfter = change.LineAfter,
            fields = change.Fields.Select(field => new
            {
                field = field.Field,
                before = field.Before,
                after = field.After,
            }),
        };

    private static string Text(RuleChange change)
    {
        var text = new StringBuilder($"{Word(change.Kind)}: {change.Group}{(change.Rule is null ? "" : " / " + change.Rule)}");
        var isWhole =
            change.Kind
            is RuleChangeKind.RuleAdded
                or RuleChangeKind.RuleRemoved
                or RuleChangeKind.GroupAdded
                or RuleChangeKind.GroupRemoved;
        if (isWhole)
            return Outside.Text(text.ToString());
        foreach (var field in change.Fields)
        {
            if (field.Before is not null)
                text.Append(CultureInfo.InvariantCulture, $"\n  - {field.Field}: {field.Before}");
            if (field.After is not null)
                text.Append(CultureInfo.InvariantCulture, $"\n  + {field.Field}: {field.After}");
        }
        return Outside.Lines(text.ToString());
    }

    private static string Word(RuleChangeKind kind) =>
        kind switch
        {
            RuleChangeKind.GroupAdded => "group added",
            RuleChangeKind.GroupRemoved => "group removed",
            RuleChangeKind.GroupChanged => "group changed",
            RuleChangeKind.RuleAdded => "rule added",
            RuleChangeKind.RuleRemoved => "rule removed",
            RuleChangeKind.RuleMoved => "rule moved",
            _ => "rule changed",
        };

    private sealed class Advancing(Progress progress) : IProgress<double>
    {
        public void Report(double value) => progress.Advance();
    }
}
