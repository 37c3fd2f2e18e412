using System.CommandLine;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Archon.Analysis.RootCause;

namespace Archon.Cli;

/// <summary><c>rank</c>: telemetry of incidents in, likely causes out.</summary>
internal static class RankCommand
{
    private const string Help = """
        Ranks the services an incident may come from, with what speaks for and against each.

        Cases: one <id>.csv.gz or <id>.csv per incident below DIR, time,<service>|<metric>[|<statistic>],...; time in seconds,
        an empty field is a gap.
        Index: {"<id>": {...}}; of each case it may give the graph ("services", "edges_caller_to_callee"), the onset in seconds
        ("start" or "time"), and the objective that was breached ("target_service", "target_metric").
        Graph: {"services": [...], "edges_caller_to_callee": [[caller, callee], ...]}, for cases whose index gives none.
        Normal: CSV of an ordinary past in the same form and step. Without an onset, it is found.
        Output: JSON lines in the order of the ids, {"case", "onset", "ranking": [{"service", "metric", "confidence"}],
        "evidence": [{"service", "path", "for", "against"}]}; an empty ranking and a "reason" when no cause is found.
        """;

    private static readonly string[] Endings = [".csv.gz", ".csv"];

    public static Command Build()
    {
        var cases = new Option<string>("--cases") { Description = "Folder of the incidents.", Required = true };
        var index = new Option<string?>("--index") { Description = "File with what is known of each case." };
        var graph = new Option<string?>("--graph") { Description = "File with the graph of all cases." };
        var normal = new Option<string?>("--normal") { Description = "File with an ordinary past of all cases." };
        var onset = new Option<double?>("--onset") { Description = "Onset of all cases whose index gives none, in seconds." };
        var output = new Option<string>("--output") { Description = "File to write, - for standard output.", Required = true };
        var command = new Command("rank", Help) { cases, index, graph, normal, onset, output };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    parsed.GetRequiredValue(cases),
                    new Known(parsed.GetValue(index), parsed.GetValue(graph), parsed.GetValue(normal), parsed.GetValue(onset)),
                    parsed.GetRequiredValue(output),
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task RunAsync(string folder, Known known, string output, CancellationToken cancellationToken)
    {
        var files = Files.Below(folder, Endings).Where(file => !known.IsNormal(file.Path)).ToList();
        var lines = new string[files.Count];
        using var progress = new Progress("Ranked", files.Count);
        try
        {
            Parallel.For(
                0,
                files.Count,
                new ParallelOptions { CancellationToken = cancellationToken },
                i =>
                {
                    lines[i] = Report(files[i].Path, known);
                    progress.Advance();
                }
            );
        }
        catch (AggregateException several) when (several.InnerExceptions.OfType<BadInputException>().FirstOrDefault() is { } bad)
        {
            ExceptionDispatchInfo.Throw(bad);
        }
        await Files.WriteAsync(
            output,
            async writer =>
            {
                foreach (var line in lines)
                    await writer.WriteLineAsync(line.AsMemory(), cancellationToken);
            },
            cancellationToken
        );
    }

    private static string Report(string file, Known known)
    {
        var id = Path.GetFileName(file);
        id = id[..^Endings.First(ending => id.EndsWith(ending, StringComparison.Ordinal)).Length];
        var verdict = CauseRanker.Rank(known.Question(id, TelemetryTable.Read(file)));
        var ranked = verdict as CauseVerdict.Ranked;
        var hypotheses = ranked?.Hypotheses ?? [];
        return JsonSerializer.Serialize(
            new
            {
                @case = id,
                onset = ranked?.OnsetMs / 1000.0,
                ranking = hypotheses.Select(one => new
                {
                    service = one.Service,
                    metric = one.Metric,
                    confidence = Math.Round(one.Confidence, 4),
                }),
                evidence = hypotheses.Select(one => new
                {
                    service = one.Service,
                    path = one.Path,
                    @for = one.For.Select(evidence => evidence.Sentence),
                    against = one.Against.Select(evidence => evidence.Sentence),
                }),
                reason = (verdict as CauseVerdict.Abstained)?.Reason,
            },
            JsonFile.Plain
        );
    }

    /// <summary>What the files beside the cases say of them.</summary>
    private sealed class Known
    {
        private readonly string? indexFile;
        private readonly JsonElement index;
        private readonly ServiceGraph? graph;
        private readonly string? normalFile;
        private readonly TelemetryTable? normal;
        private readonly Dictionary<TelemetryColumn, int> normalColumns = [];
        private readonly long? onsetMs;

        public Known(string? index, string? graph, string? normal, double? onset)
        {
            if (index is not null)
            {
                (indexFile, this.index) = (index, JsonFile.Read(index));
                if (this.index.ValueKind != JsonValueKind.Object)
                    throw new BadInputException(index, 1, "The index is no JSON object of cases.");
            }
            if (graph is not null)
                this.graph = GraphFile.Read(graph);
            if (normal is not null)
            {
                (normalFile, this.normal) = (normal, TelemetryTable.Read(normal));
                for (var i = 0; i < this.normal.Columns.Count; i++)
                    normalColumns[this.normal.Columns[i]] = i;
            }
            onsetMs = onset is { } seconds ? (long)Math.Round(seconds * 1000) : null;
        }

        public bool IsNormal(string file) => normalFile is not null && Path.GetFullPath(file) == Path.GetFullPath(normalFile);

        public CauseQuestion Question(string id, TelemetryTable table)
        {
            var entry = index.ValueKind == JsonValueKind.Object && index.TryGetProperty(id, out var found) ? found : default;
            return new CauseQuestion
            {
                Times = table.TimesMs,
                Series =
                [
                    .. table.Columns.Select(
                        (column, i) => new ServiceSeries(column.Service, column.Metric, column.Statistic, table.Values[i], NormalOf(column))
                    ),
                ],
                Graph = Graph(id, entry),
                OnsetMs = Number(id, entry, "start") ?? Number(id, entry, "time") ?? onsetMs,
                Breached =
                    Has(entry, "target_service") && Has(entry, "target_metric")
                        ? new BreachedObjective(
                            Of(id, () => JsonFile.Text(entry, "target_service")),
                            Of(id, () => JsonFile.Text(entry, "target_metric"))
                        )
                        : null,
            };
        }

        private ReadOnlyMemory<double> NormalOf(TelemetryColumn column) =>
            normalColumns.TryGetValue(column, out var i) ? normal!.Values[i] : default;

        private ServiceGraph? Graph(string id, JsonElement entry)
        {
            if (!Has(entry, "edges_caller_to_callee"))
                return graph;
            return GraphFile.TryRead(entry, out var own, out var reason) ? own : throw Bad(id, reason);
        }

        private long? Number(string id, JsonElement entry, string name) =>
            Has(entry, name) ? Of(id, () => JsonFile.Milliseconds(entry, name)) : null;

        private static bool Has(JsonElement entry, string name) =>
            entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

        private T Of<T>(string id, Func<T> read)
        {
            try
            {
                return read();
            }
            catch (FormatException failure)
            {
                throw Bad(id, failure.Message);
            }
        }

        private BadInputException Bad(string id, string reason) => new($"{Files.NameOf(indexFile!)}, case {id}: {reason}");
    }
}
