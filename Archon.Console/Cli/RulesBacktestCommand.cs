using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Ui.Format;

namespace Archon.Cli;

/// <summary><c>archon rules backtest</c>: the alerts that rules would have had.</summary>
internal static class RulesBacktestCommand
{
    private const double MostSeconds = 1e11; // above it a number is Unix milliseconds

    public static Command Build()
    {
        var file = new Argument<string>("FILE") { Description = "A rule file; - is standard input." };
        var rule = new Option<string?>("--rule") { HelpName = "NAME", Description = "Only alerts of this name." };
        var from = new Option<string>("--from")
        {
            Required = true,
            HelpName = "T",
            Description = "ISO 8601, Unix seconds, now, or now less a length, as in now-7d.",
        };
        var to = new Option<string>("--to")
        {
            Required = true,
            HelpName = "T",
            Description = "Likewise; the evaluation at this moment belongs to it.",
        };
        var interval = new Option<string?>("--interval")
        {
            HelpName = "LENGTH",
            Description = "Between evaluations. By default that of the group in the file, else on the server, else 1m.",
        };
        var prometheus = RulesCommand.PrometheusOption(required: true, "The server whose data is replayed.");
        var warmUp = new Option<string?>("--warm-up")
        {
            HelpName = "LENGTH",
            Description =
                "How long before --from the replay begins. " + "By default 'for' and 'keep_firing_for'; 0s: the rule is new at --from.",
        };
        var output = RulesCommand.Output(OutputForm.Json);
        var command = new Command(
            "backtest",
            """
            Replays alerting rules over recorded data, with the state machine of Prometheus, at the moments at which it evaluates their group: those of the
            running group where the server has it, else those it would have for this file by its full path.

            Output: one JSON object a line per evaluation and alert, in time order for each rule:
              {"time":"2026-11-25T12:00:07.123Z","alertname":"TargetDown","labels":{"instance":"a:80"},"state":"pending"}
            The labels are those of the series ALERTS, the time is that of its sample. With --output text: the figures of each rule.
            Evaluations that fail are printed on standard error. Not replayed: evaluations the server skipped, and what it restored after a restart.
            Exit code: 0 done, 1 bad input, or the server does not answer or refuses the expression.
            """
        )
        {
            file,
            rule,
            from,
            to,
            interval,
            prometheus,
            warmUp,
            output,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var name = parsed.GetRequiredValue(file);
                var rules = await RulesCommand.ReadAsync(name, cancellationToken);
                var only = parsed.GetValue(rule);
                var wanted = rules.Rules.Where(one => one.Content.IsAlert && (only is null || one.Content.Name == only)).ToList();
                if (wanted.Count == 0)
                {
                    throw new BadInputException($"{Files.NameOf(name)} has no {(only is null ? "alerting rule" : $"alert {only}")}.");
                }
                var range = Range(parsed.GetRequiredValue(from), parsed.GetRequiredValue(to));
                using var connection = PrometheusConnection.To(parsed.GetRequiredValue(prometheus)!);
                var served = await connection.Client.RulesAsync(cancellationToken) switch
                {
                    Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var groups } => groups,
                    Fetch<IReadOnlyList<PrometheusRuleGroup>>.Unavailable { Reason: var reason } => throw new BadInputException(
                        $"The server does not answer: {reason}"
                    ),
                    _ => [], // a store without rules has data all the same
                };
                var build = await connection.Client.BuildInfoAsync(cancellationToken);
                var version = build is Fetch<ServerVersion>.Ok { Value.Version: var known } ? known : null;
                await using var lines = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false), 1 << 16) { NewLine = "\n" };
                foreach (var one in wanted)
                {
                    var group = one.Group.Content;
                    var step = parsed.GetValue(interval) is { } given ? RulesCommand.Length(given) : group.Interval;
                    if (step <= TimeSpan.Zero)
                        throw new BadInputException("An interval is longer than nothing.");
                    var request = new BacktestRequest(
                        GroupSchedules.Rule(one),
                        one.Content.Expression,
                        GroupSchedules.Find(name == "-" ? name : Path.GetFullPath(name), group.Name, step, served, version).Schedule,
                        range
                    )
                    {
                        QueryOffset = group.QueryOffset ?? TimeSpan.Zero,
                        WarmUp = parsed.GetValue(warmUp) is { } before ? RulesCommand.Length(before) : null,
                    };
                    await RunAsync(new RuleBacktest(connection.Client), request, parsed.GetValue(output), lines, cancellationToken);
                }
                return 0;
            }
        );
        return command;
    }

    private static async Task RunAsync(
        RuleBacktest backtest,
        BacktestRequest request,
        OutputForm form,
        StreamWriter lines,
        CancellationToken cancellationToken
    )
    {
        var history = new ReplayHistory(request.Schedule.Interval);
        var beginnings = new Dictionary<SeriesLabels, string>(ReferenceEqualityComparer.Instance);
        var (last, alike, lastAt) = ((string?)null, 0, 0L);
        await foreach (var reported in backtest.RunAsync(request, cancellationToken))
        {
            switch (reported)
            {
                case BacktestEvent.Evaluated { Failure: { } failure, At: var at }:
                    history.Add(at, new ReplayStep([], failure));
                    if (failure != last)
                    {
                        await EndRunAsync();
                        await Console.Error.WriteLineAsync(Outside.Text($"{Time(at)}: {request.Rule.Alert}: evaluation failed: {failure}"));
                    }
                    (alike, last, lastAt) = (failure == last ? alike + 1 : 0, failure, at);
                    break;
                case BacktestEvent.Evaluated { At: var at, Active: var active }:
                    history.Add(at, new ReplayStep(active, null));
                    if (form == OutputForm.Json && active.Count > 0)
                        Write(lines, beginnings, request.Rule.Alert, Time(at), active);
                    break;
                case BacktestEvent.Unavailable { Reason: var reason }:
                    throw new BadInputException($"The server does not answer: {reason}");
                case BacktestEvent.Rejected { Reason: var reason }:
                    throw new BadInputException($"{request.Rule.Alert}: the server refuses the expression: {reason}");
            }
        }
        await EndRunAsync();
        history.Close();
        if (form != OutputForm.Text)
            return;
        var summary = history.Summary();
        await lines.WriteLineAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Outside.Text(request.Rule.Alert)}: {summary.Firings} firings of {summary.Alerts} alerts, "
                    + $"{PrometheusDuration.Format(summary.FiringTime)} in all, {summary.Flaps} again within 15m, "
                    + $"{summary.NearMisses} only pending, {history.Failures.Count} evaluations failed"
            )
        );

        // A store that was away for a day fails thousands of evaluations in the same words.
        async Task EndRunAsync()
        {
            if (alike > 0)
                await Console.Error.WriteLineAsync(Outside.Text($"{Time(lastAt)}: {request.Rule.Alert}: {alike} more until here"));
            alike = 0;
        }
    }

    /// <summary>An alert's name and labels are the same on every line, so they are written once.</summary>
    private static void Write(
        StreamWriter lines,
        Dictionary<SeriesLabels, string> middles,
        string alert,
        string time,
        IReadOnlyList<ReplayAlert> active
    )
    {
        foreach (var one in active)
        {
            if (!middles.TryGetValue(one.Recorded, out var middle))
            {
                var labels = one
                    .Recorded.Values.Where(label => label.Key != "alertname")
                    .OrderBy(label => label.Key, StringComparer.Ordinal)
                    .ToDictionary(label => label.Key, label => label.Value);
                middles[one.Recorded] = middle =
                    $"\",\"alertname\":{JsonSerializer.Serialize(alert, RulesCommand.Json)},"
                    + $"\"labels\":{JsonSerializer.Serialize(labels, RulesCommand.Json)},\"state\":\"";
            }
            lines.Write("{\"time\":\"");
            lines.Write(time);
            lines.Write(middle);
            lines.Write(one.State == AlertState.Firing ? "firing\"}\n" : "pending\"}\n");
        }
    }

    private static string Time(long at) =>
        DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static TimeRange Range(string from, string to)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (start, end) = (Moment(from, now), Moment(to, now));
        return start <= end ? new TimeRange(start, end) : throw new BadInputException($"{to} is before {from}.");
    }

    private static DateTimeOffset Moment(string text, DateTimeOffset now)
    {
        if (text == "now")
            return now;
        if (text.StartsWith("now-", StringComparison.Ordinal))
            return now - RulesCommand.Length(text["now-".Length..]);
        if (
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number < MostSeconds * 1000
        )
        {
            return DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(number < MostSeconds ? number * 1000 : number));
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment.ToUniversalTime()
            : throw new BadInputException($"{text} is no moment such as 2026-11-25T12:00:00Z, 1764072000 or now-7d.");
    }
}
