using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archon.Analysis.LogPatterns;

namespace Archon.Cli;

/// <summary><c>patterns</c>: the templates of a log, or what became of them from a baseline to a window.</summary>
internal static class PatternsCommand
{
    private const string About = """
        Finds what lines of log have in common, and what is new, gone, exploding or shrinking between two stretches of it.

        Input: text, a line each, UTF-8, .gz too. Lines may be plain, logfmt or JSON. Of structured lines the level, the message and the error count:
          level, lvl, severity, ...          ts, time, timestamp, @timestamp, ... (ISO 8601, or a number since 1970)
          msg, message, line, log, event ... error, err, exception ...
        So the entries of Loki ({"timestamp":"...","labels":{...},"line":"..."}), of Promtail and of Docker are taken as they are; what is in "line" or
        "log" is read as a line again. Lines that are indented deeper than the one before go on with it, as those of stack traces do.

        Output: a JSON object per template and line. With --lines, the most frequent first:
          {"template","level","count","first","last","example"}
        With --baseline and --window, the most significant first:
          {"template","level","change","significant","p","q","ratio","dispersion","baseline":{"count","first","last"},"window":{...},"example"}
          change      new, gone, exploding, shrinking or steady
          ratio       rate in the window over rate in the baseline; rates are per time when the lines have times, else per line
          p, q        chance of it at equal rates, for bursts of the size of the baseline's; q allows for the number of templates
          significant q is at most --false-discovery-rate
          first, last UTC; null when no line of the template has a time
        """;

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        // The masks stay readable: this is no page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Command Build()
    {
        var lines = new Option<string?>("--lines")
        {
            Description = "File of lines, - for standard input: lists its templates.",
            HelpName = "F",
        };
        var baseline = new Option<string?>("--baseline") { Description = "File of lines that are as usual.", HelpName = "F" };
        var window = new Option<string?>("--window") { Description = "File of lines to compare with the baseline.", HelpName = "F" };
        var output = new Option<string>("--output")
        {
            Description = "File to write, - for standard output.",
            HelpName = "F",
            DefaultValueFactory = _ => "-",
        };
        var most = new Option<int>("--max-templates")
        {
            Description = "Templates kept in memory; beyond it the least recently seen one is dropped, with a message.",
            HelpName = "N",
            DefaultValueFactory = _ => new LogMinerSettings().MostTemplates,
        };
        var rate = new Option<double>("--false-discovery-rate")
        {
            Description = "Share of the significant changes that may be chance.",
            HelpName = "Q",
            DefaultValueFactory = _ => 0.01,
        };
        var year = new Option<int>("--year")
        {
            Description = "Year of times that carry none, as those of syslog; the current year by default.",
            HelpName = "Y",
            DefaultValueFactory = _ => TimeProvider.System.GetUtcNow().Year,
        };
        most.Validators.Add(given => Require(given, given.GetValue(most) >= 16, "--max-templates is at least 16."));
        rate.Validators.Add(given =>
            Require(given, given.GetValue(rate) is > 0 and < 1, "--false-discovery-rate must be between 0 and 1.")
        );
        year.Validators.Add(given => Require(given, given.GetValue(year) is >= 1970 and < 2200, "--year must be between 1970 and 2199."));
        var command = new Command("patterns", About) { lines, baseline, window, output, most, rate, year };
        command.Validators.Add(given =>
        {
            var isList = given.GetValue(lines) is not null;
            var (before, after) = (given.GetValue(baseline), given.GetValue(window));
            Require(
                given,
                isList ? before is null && after is null : before is not null && after is not null,
                "Give --lines, or --baseline and --window."
            );
            Require(given, before != "-" || after != "-", "Standard input is one file: only one of --baseline and --window can be -.");
        });
        command.SetAction(
            (given, token) =>
                RunAsync(
                    given.GetValue(lines),
                    given.GetValue(baseline),
                    given.GetValue(window),
                    given.GetValue(output)!,
                    given.GetValue(rate),
                    new LogMinerSettings { MostTemplates = given.GetValue(most), YearOfShortStamps = given.GetValue(year) },
                    token
                )
        );
        return command;
    }

    private static void Require(SymbolResult given, bool isValid, string otherwise)
    {
        if (!isValid)
            given.AddError(otherwise);
    }

    private static async Task RunAsync(
        string? lines,
        string? baseline,
        string? window,
        string output,
        double falseDiscoveryRate,
        LogMinerSettings settings,
        CancellationToken cancellationToken
    )
    {
        var miner = new LogTemplateMiner(settings);
        if (lines is not null)
        {
            Read(lines, LogPeriod.Window, miner, cancellationToken);
            var listed = miner.Templates.OrderByDescending(template => template.Count).ThenBy(template => template.Number).Select(Listed);
            await WriteAsync(output, listed, cancellationToken);
            await ReportAsync(miner, "");
            return;
        }
        Read(baseline!, LogPeriod.Baseline, miner, cancellationToken);
        Read(window!, LogPeriod.Window, miner, cancellationToken);
        var changes = LogComparison.Compare(miner, falseDiscoveryRate);
        await WriteAsync(output, changes.Select(Changed), cancellationToken);
        var kinds = changes
            .GroupBy(change => change.Kind)
            .OrderBy(kind => kind.Key)
            .Select(kind =>
                $"{kind.Count()} {kind.Key.ToString().ToLowerInvariant()} ({kind.Count(change => change.IsSignificant)} significant)"
            );
        await ReportAsync(miner, $": {string.Join(", ", kinds)}");
    }

    private static void Read(string file, LogPeriod period, LogTemplateMiner miner, CancellationToken cancellationToken)
    {
        using var stream = Files.OpenRead(file, isStreamed: true);
        using var progress = new Progress($"Megabytes of {Files.NameOf(file)}", stream.CanSeek ? (int)(stream.Length / 1_000_000) : 0);
        using var text = new LineReader(stream, file);
        var shown = 0L;
        while (text.Next(out var line))
        {
            miner.Add(line, period: period);
            if (text.Count % 1024 != 0)
                continue;
            cancellationToken.ThrowIfCancellationRequested();
            for (; stream.CanSeek && shown < stream.Position / 1_000_000; shown++)
                progress.Advance();
        }
        if (text.Count == 0)
            throw new BadInputException($"{Files.NameOf(file)} has no line.");
    }

    private static Task WriteAsync<T>(string file, IEnumerable<T> rows, CancellationToken cancellationToken) =>
        Files.WriteAsync(
            file,
            async writer =>
            {
                foreach (var row in rows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await writer.WriteLineAsync(JsonSerializer.Serialize(row, Json));
                }
            },
            cancellationToken
        );

    private static object Listed(LogTemplate template) =>
        new
        {
            Template = template.Text,
            Level = LevelOf(template),
            template.Count,
            First = At(template.FirstSeen),
            Last = At(template.LastSeen),
            template.Example,
        };

    private static object Changed(LogTemplateChange change) =>
        new
        {
            Template = change.Template.Text,
            Level = LevelOf(change.Template),
            Change = change.Kind,
            Significant = change.IsSignificant,
            P = Short(change.PValue),
            Q = Short(change.QValue),
            Ratio = change.RateRatio is { } ratio ? Short(ratio) : (double?)null,
            Dispersion = Short(change.Dispersion),
            Baseline = Summary(change.Template.Baseline),
            Window = Summary(change.Template.Window),
            change.Template.Example,
        };

    private static object Summary(LogTally tally) =>
        new
        {
            tally.Count,
            First = At(tally.FirstSeen),
            Last = At(tally.LastSeen),
        };

    private static LineLevel? LevelOf(LogTemplate template) => template.Level == LineLevel.None ? null : template.Level;

    private static DateTime? At(long? unixMs) => unixMs is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).UtcDateTime : null;

    /// <summary>Four digits are all that such figures are worth.</summary>
    private static double Short(double value) =>
        double.Parse(value.ToString("G4", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static async Task ReportAsync(LogTemplateMiner miner, string more)
    {
        var lines = miner.Baseline.Count + miner.Window.Count;
        await Console.Error.WriteLineAsync(
            $"{lines} lines, {miner.Continuations} more that went on with one before, {miner.Count} templates{more}"
        );
        if (miner.Forgotten == 0)
            return;
        await Console.Error.WriteLineAsync(
            $"{miner.Forgotten} templates with {miner.LinesForgotten} lines were forgotten to stay within --max-templates; one that came again counts as new."
        );
    }
}
