using System.CommandLine;
using System.Text.Json;
using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;

namespace Archon.Cli;

/// <summary><c>group</c>: alerts in, groups out, one by one.</summary>
internal static class GroupCommand
{
    private const string Help = """
        Groups alerts that one cause can be behind. Each is placed by what came before it.

        Alerts: JSON lines in time order, {"alert": id, "time": seconds, "service": name, "metric": name}.
        Estate: {"edges_caller_to_callee": [[caller, callee], ...]}; without it only alerts of one service meet.
        Output: JSON lines in the order of the alerts, {"alert": id, "group": name, "event": "placed", "reason": why}.
        When later alerts show that two groups have one cause, each alert that moves is printed again with its new group
        and "event": "merged": the last line of an alert counts.
        """;

    public static Command Build()
    {
        var alerts = new Option<string>("--alerts") { Description = "File of alerts, - for standard input.", Required = true };
        var estate = new Option<string?>("--estate") { Description = "File with the graph of the estate." };
        var output = new Option<string>("--output") { Description = "File to write, - for standard output.", Required = true };
        var command = new Command("group", Help) { alerts, estate, output };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(parsed.GetRequiredValue(alerts), parsed.GetValue(estate), parsed.GetRequiredValue(output), cancellationToken)
        );
        return command;
    }

    private static Task RunAsync(string alerts, string? estate, string output, CancellationToken cancellationToken)
    {
        var grouper = new AlertGrouper(estate is null ? ServiceGraph.Empty : GraphFile.Read(estate), new AlertGrouperSettings());
        return Files.WriteAsync(
            output,
            async writer =>
            {
                using var reader = new StreamReader(Files.OpenRead(alerts));
                for (var line = 1; await reader.ReadLineAsync(cancellationToken) is { } text; line++)
                {
                    if (string.IsNullOrWhiteSpace(text))
                        continue;
                    foreach (var one in grouper.Add(ReadAlert(alerts, line, text)))
                        await ReportAsync(writer, one);
                }
            },
            cancellationToken
        );
    }

    private static GroupingAlert ReadAlert(string file, int line, string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var alert = json.RootElement;
            return new GroupingAlert(
                JsonFile.Text(alert, "alert"),
                JsonFile.Milliseconds(alert, "time"),
                JsonFile.Text(alert, "service"),
                alert.TryGetProperty("metric", out _) ? JsonFile.Text(alert, "metric") : ""
            );
        }
        catch (Exception failure) when (failure is JsonException or FormatException)
        {
            throw new BadInputException(file, line, failure is JsonException ? "This is no JSON object." : failure.Message);
        }
    }

    private static async Task ReportAsync(TextWriter writer, GroupEvent reported)
    {
        switch (reported)
        {
            case GroupEvent.Placed placed:
                await WriteLineAsync(writer, placed.Alert, placed.Group, "placed", placed.Reason);
                break;
            case GroupEvent.Merged merged:
                foreach (var alert in merged.Alerts)
                    await WriteLineAsync(writer, alert, merged.Into, "merged", merged.Reason);
                break;
        }
    }

    private static Task WriteLineAsync(TextWriter writer, string alert, int group, string what, string reason) =>
        writer.WriteLineAsync(
            JsonSerializer.Serialize(
                new
                {
                    alert,
                    group = $"g-{group}",
                    @event = what,
                    reason,
                },
                JsonFile.Plain
            )
        );
}
