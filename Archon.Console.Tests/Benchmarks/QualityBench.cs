using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Archon.Analysis.Detection;
using Archon.Analysis.RootCause;
using Archon.Cli;
using Archon.Tests.Analysis.Detection;
using Archon.Tests.Analysis.RootCause;
using Archon.Tests.Kit;
using Xunit;
using Console = System.Console;

namespace Archon.Tests.Benchmarks;

/// <summary>
/// How good the engine's answers are: its commands over public and generated data sets, judged by their scorers. What is absent (data, python3,
/// a scorer, a command) is skipped, and its rows say so. Generated cases come from a model: they tell less of real systems than the others do.
/// </summary>
[SystemTest]
public sealed class QualityBench : IDisposable
{
    private static readonly QualityMeasure NabStandard = new(
        "NAB standard, alert score",
        Bound.AtLeast(50),
        Bound.AtLeast(62),
        Bound.AtLeast(68),
        "Random Cut Forest 47.1, Numenta HTM 68.2, ARTime 75.5"
    );

    private static readonly QualityMeasure NabLowFalse = new(
        "NAB few false alarms, alert score",
        Bound.AtLeast(44),
        Bound.AtLeast(54),
        Bound.AtLeast(62),
        "Numenta HTM 62.2"
    );

    private static readonly QualityMeasure FalseAlarms = new(
        "false alarms per series and day",
        Bound.AtMost(0.12),
        Bound.AtMost(0.06),
        Bound.AtMost(0.03),
        "Numenta HTM 0.053 to 0.072"
    );

    private static readonly QualityMeasure Recall = new(
        "windows found",
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.75),
        Bound.AtLeast(0.85),
        "Numenta HTM 0.79"
    );

    private static readonly QualityMeasure LeftOut = new(
        "NAB, points below the best threshold at that of the other folders",
        Bound.AtMost(10),
        Bound.AtMost(5),
        Bound.AtMost(2),
        ""
    );

    private static readonly QualityMeasure SharpMinutes = new(
        "generated short incidents at 1 min, found at 0.1 false alarms per series and day",
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.80),
        Bound.AtLeast(0.90),
        ""
    );

    private static readonly QualityMeasure SharpFiveMinutes = new(
        "generated short incidents at 5 min, found at 0.1 false alarms per series and day",
        Bound.AtLeast(0.50),
        Bound.AtLeast(0.70),
        Bound.AtLeast(0.80),
        ""
    );

    private static readonly QualityMeasure CalmAlerts = new(
        "generated calm series, alerts a day at the usual sensitivity",
        Bound.AtMost(0.12),
        Bound.AtMost(0.05),
        Bound.AtMost(0.02),
        ""
    );

    private static readonly QualityMeasure CalmEpisodes = new(
        "generated calm series, alerts a day of the command detect",
        Bound.AtMost(0.25),
        Bound.AtMost(0.05),
        Bound.AtMost(0.02),
        ""
    );

    private static readonly QualityMeasure VusPr = new(
        "VUS-PR, level score",
        Bound.AtLeast(0.25),
        Bound.AtLeast(0.30),
        Bound.AtLeast(0.34),
        "htm.java 0.281, NumentaTM 0.280"
    );

    private static readonly QualityMeasure Owa = new(
        "M4 Hourly, OWA",
        Bound.AtMost(0.50),
        Bound.AtMost(0.390),
        Bound.AtMost(0.370),
        "predict_linear 4.1, seasonal naive 0.579, best M4 entry 0.410"
    );

    private static readonly QualityMeasure Msis = new(
        "M4 Hourly, MSIS at 95 %",
        Bound.AtMost(8.5),
        Bound.AtMost(6.4),
        Bound.AtMost(6.0),
        "best M4 entry 6.139"
    );

    private static readonly QualityMeasure CoverageError = new(
        "M4 Hourly, coverage error",
        Bound.AtMost(0.03),
        Bound.AtMost(0.010),
        Bound.AtMost(0.005),
        "best M4 entry 0.002"
    );

    private static readonly QualityMeasure TimeError = new(
        "exhaustion, median log error",
        Bound.AtMost(0.25),
        Bound.AtMost(0.15),
        Bound.AtMost(0.10),
        "best simple rule 0.19 to 0.27"
    );

    private static readonly QualityMeasure WorstTimeError = new(
        "exhaustion, log error of nine in ten",
        Bound.AtMost(1.0),
        Bound.AtMost(0.60),
        Bound.AtMost(0.40),
        "best simple rule 0.7"
    );

    private static readonly QualityMeasure CriedWolf = new(
        "exhaustion, false alarms",
        Bound.AtMost(0.30),
        Bound.AtMost(0.10),
        Bound.AtMost(0.05),
        "simple rules 0.38 to 0.67"
    );

    private static readonly QualityMeasure Missed = new(
        "exhaustion, missed",
        Bound.AtMost(0.05),
        Bound.AtMost(0.02),
        Bound.AtMost(0.01),
        ""
    );

    private static readonly QualityMeasure Coverage = new(
        "exhaustion, coverage of 80 % limits",
        new Bound(0.70, 0.90),
        new Bound(0.76, 0.84),
        null,
        ""
    );

    private static readonly QualityMeasure PetShopFirst = new(
        "PetShop, AC@1",
        Bound.AtLeast(0.46),
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.70),
        "graph traversal 0.46"
    );

    private static readonly QualityMeasure PetShopThird = new(
        "PetShop, AC@3",
        Bound.AtLeast(0.62),
        Bound.AtLeast(0.77),
        Bound.AtLeast(0.90),
        "graph traversal 0.65"
    );

    private static readonly QualityMeasure PetShopAverage = new(
        "PetShop, Avg@5",
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.75),
        Bound.AtLeast(0.85),
        "graph traversal 0.638"
    );

    private static readonly QualityMeasure WithoutGraph = new(
        "an application without graph, Avg@5",
        Bound.AtLeast(0.93),
        Bound.AtLeast(0.97),
        Bound.AtLeast(0.99),
        "BARO 0.99 (published)"
    );

    private static readonly QualityMeasure IncidentsFirst = new(
        "generated incidents, AC@1",
        Bound.AtLeast(0.58),
        Bound.AtLeast(0.80),
        Bound.AtLeast(0.90),
        "explained by callees 0.58"
    );

    private static readonly QualityMeasure IncidentsAverage = new(
        "generated incidents, Avg@5",
        Bound.AtLeast(0.70),
        Bound.AtLeast(0.90),
        Bound.AtLeast(0.95),
        "explained by callees 0.68"
    );

    private static readonly QualityMeasure Controls = new(
        "generated incidents, controls left empty",
        Bound.AtLeast(0.90),
        Bound.AtLeast(0.95),
        Bound.AtLeast(1),
        "explained by callees 1.0"
    );

    private static readonly QualityMeasure ApplicationsFirst = new(
        "generated applications with a graph, AC@1",
        Bound.AtLeast(0.50),
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.80),
        ""
    );

    private static readonly QualityMeasure ApplicationsAverage = new(
        "generated applications with a graph, Avg@5",
        Bound.AtLeast(0.60),
        Bound.AtLeast(0.75),
        Bound.AtLeast(0.90),
        ""
    );

    private static readonly QualityMeasure PairF1 = new(
        "grouping, pairwise F1",
        Bound.AtLeast(0.87),
        Bound.AtLeast(0.93),
        Bound.AtLeast(0.96),
        "graph hop and 300 s 0.88"
    );

    private static readonly QualityMeasure Split = new(
        "grouping, incidents split",
        Bound.AtMost(0.35),
        Bound.AtMost(0.10),
        Bound.AtMost(0.05),
        "graph hop and 300 s 0.42"
    );

    private static readonly QualityMeasure Mixed = new(
        "grouping, groups mixed",
        Bound.AtMost(0.30),
        Bound.AtMost(0.15),
        Bound.AtMost(0.08),
        "graph hop and 300 s 0.26"
    );

    // Of the command detect, which reports every episode.
    private const double Episodes = 0.85;

    private readonly string folder = Directory.CreateTempSubdirectory("archon-quality-").FullName;
    private readonly QualityTable table = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact(Explicit = true)]
    public async Task Answers_on_public_and_generated_data()
    {
        var data = Environment.GetEnvironmentVariable("ARCHON_BENCH_DATA");
        if (string.IsNullOrEmpty(data))
        {
            BenchTable.Note(
                "How good the engine's answers are is not measured: that needs data sets. ./archon bench --data DIR measures it; ./archon help says more."
            );
            return;
        }
        var scorers = Environment.GetEnvironmentVariable("ARCHON_BENCH_SCORERS");
        if (string.IsNullOrEmpty(scorers))
            scorers = Path.GetFullPath(Path.Combine(data, "..", "bench"));
        var sets = new DataSets(data, scorers);

        await DetectAsync(sets);
        await LeaveOutAsync(sets);
        Sharp();
        await ForecastAsync(sets);
        await ExhaustAsync(sets);
        await RankAsync(sets);
        Applications();
        await GroupAsync(sets);

        Console.Out.WriteLine(table);
    }

    private async Task DetectAsync(DataSets sets)
    {
        var (series, windows) = (sets.In("nab", "data"), sets.In("nab", "labels", "combined_windows.json"));
        Task<Score> Judge(string view, params string[] options) =>
            ScoreAsync(
                "detect",
                ["--data", series, "--view", view],
                [series, windows],
                sets.Scorer("score_anomaly.py"),
                output => ["--data", series, "--windows", windows, "--scores", output, .. options]
            );

        var alert = await Judge("alert", "--fast");
        var (jumps, offMedian) = (await OneLineAsync(sets, SharpIncidents.Jumps), await OneLineAsync(sets, SharpIncidents.OffMedian));
        void Compare(QualityMeasure measure, params string[] path)
        {
            var others = new[] { ("jump", jumps), ("off median", offMedian) }
                .Where(one => one.Item2 is not null)
                .Select(one => $"{one.Item1} {Bound.Figure(Figure(one.Item2!.Value, path))}");
            Report(measure with { Anchor = string.Join(", ", [measure.Anchor, .. others]) }, alert, path);
        }
        Compare(NabStandard, "nab", "standard", "score");
        Compare(NabLowFalse, "nab", "reward_low_FP", "score");
        Compare(FalseAlarms, "alarms", "false_per_series_day");
        Compare(Recall, "alarms", "window_recall");
        Report(VusPr, await Judge("level"), "vus_pr");
    }

    /// <summary>What a rule of one line makes of the same series; null where the scorer or the data is absent.</summary>
    private async Task<JsonElement?> OneLineAsync(DataSets sets, Func<LabelledSeries, double[]> rule)
    {
        var (data, windows) = (sets.In("nab", "data"), sets.In("nab", "labels", "combined_windows.json"));
        if (!Directory.Exists(data) || !File.Exists(windows))
            return null;
        var lines = new List<string> { "file,timestamp,score" };
        foreach (var file in Directory.GetFiles(data, "*.csv", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var rows = File.ReadLines(file).Skip(1).Select(line => line.Split(',')).Where(row => row.Length == 2).ToList();
            var values = rows.Select(row => double.Parse(row[1], CultureInfo.InvariantCulture)).ToArray();
            var scores = rule(new LabelledSeries(new long[rows.Count], values, []));
            var name = Path.GetRelativePath(data, file).Replace('\\', '/');
            lines.AddRange(rows.Select((row, i) => string.Create(CultureInfo.InvariantCulture, $"{name},{row[0]},{scores[i]:0.####}")));
        }
        var output = Path.Combine(folder, $"{Guid.NewGuid():N}.csv");
        await File.WriteAllLinesAsync(output, lines, Token);
        return await JudgedAsync(sets, data, windows, output);
    }

    /// <summary>The score of each folder at the threshold that is best for all others, against the best threshold of all.</summary>
    private async Task LeaveOutAsync(DataSets sets)
    {
        var (data, windows) = (sets.In("nab", "data"), sets.In("nab", "labels", "combined_windows.json"));
        if (!Directory.Exists(data) || !File.Exists(windows) || Program is not { } program)
        {
            table.Skip(LeftOut, "skipped: no data, or no console was published");
            return;
        }
        var output = Path.Combine(folder, "alerts.csv");
        await RunAsync("dotnet", [program, "detect", "--data", data, "--output", output]);
        var whole = await JudgedAsync(sets, data, windows, output);
        var labels = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(await File.ReadAllTextAsync(windows, Token))!;
        var lines = await File.ReadAllLinesAsync(output, Token);
        var moved = new List<string> { lines[0] };
        foreach (var group in labels.GroupBy(one => one.Key.Split('/')[0]))
        {
            var others = Path.Combine(folder, $"without-{group.Key}.json");
            var kept = labels.Where(one => !group.Contains(one)).ToDictionary();
            await File.WriteAllTextAsync(others, JsonSerializer.Serialize(kept), Token);
            if (await JudgedAsync(sets, data, others, output) is not { } judged)
            {
                table.Skip(LeftOut, "skipped: no python3 or no scorer");
                return;
            }
            // Each folder's own threshold becomes the same one.
            var threshold = Figure(judged, "nab", "standard", "threshold");
            foreach (var line in lines.Where(line => line.StartsWith(group.Key + "/", StringComparison.Ordinal)))
            {
                var score = double.Parse(line[(line.LastIndexOf(',') + 1)..], CultureInfo.InvariantCulture);
                moved.Add($"{line[..line.LastIndexOf(',')]},{(score >= threshold ? "0.75" : "0.25")}");
            }
        }
        var scored = Path.Combine(folder, "left-out.csv");
        await File.WriteAllLinesAsync(scored, moved, Token);
        if (whole is { } best && await JudgedAsync(sets, data, windows, scored, "--threshold", "0.5") is { } fixedOnes)
            table.Add(LeftOut, Figure(best, "nab", "standard", "score") - Figure(fixedOnes, "nab", "standard", "fixed"));
    }

    /// <summary>Series of another origin, that the engine was not measured on while it was made.</summary>
    private void Sharp()
    {
        foreach (var (measure, step, days) in new[] { (SharpMinutes, 1, 9), (SharpFiveMinutes, 5, 30) })
        {
            var series = SharpIncidents.Make(700_000 + step, 64, TimeSpan.FromMinutes(step), days);
            string Rule(Func<LabelledSeries, double[]> rule) =>
                Bound.Figure(SharpIncidents.RecallAt(0.1, series, [.. series.Select(rule)]));
            table.Add(
                measure with
                {
                    Anchor = $"jump {Rule(SharpIncidents.Jumps)}, off median {Rule(SharpIncidents.OffMedian)}",
                },
                SharpIncidents.RecallAt(0.1, series, [.. series.Select(one => SharpIncidents.Alerts(one, Episodes))])
            );
        }
        var calm = SharpIncidents.Make(800_000, 48, TimeSpan.FromMinutes(1), 9, sickShare: 0);
        double Alerts(double sensitivity) =>
            SharpIncidents.Judge(calm, [.. calm.Select(one => SharpIncidents.Alerts(one, sensitivity))], 0).FalseAlarms;
        table.Add(CalmAlerts, Alerts(new DetectorSettings().Sensitivity));
        table.Add(CalmEpisodes, Alerts(Episodes));
    }

    private static double Figure(JsonElement figures, params string[] path)
    {
        foreach (var name in path)
            figures = figures.GetProperty(name);
        return figures.GetDouble();
    }

    private static async Task<JsonElement?> JudgedAsync(DataSets sets, string data, string windows, string scores, params string[] options)
    {
        var scorer = sets.Scorer("score_anomaly.py");
        if (!File.Exists(scorer))
            return null;
        string[] arguments = [scorer, "--data", data, "--windows", windows, "--scores", scores, "--fast", .. options];
        if (await RunAsync("python3", arguments) is not { ExitCode: 0 } judged)
            return null;
        using var figures = JsonDocument.Parse(judged.Output);
        return figures.RootElement.Clone();
    }

    private async Task ForecastAsync(DataSets sets)
    {
        var (train, test) = (sets.In("m4hourly", "train.csv.gz"), sets.In("m4hourly", "test.csv.gz"));
        // The competition's own horizon, and the hours of a day.
        var score = await ScoreAsync(
            "forecast",
            ["--train", train, "--horizon", "48", "--period", "24", "--level", "0.95"],
            [train, test],
            sets.Scorer("score_forecast.py"),
            output => ["--train", train, "--test", test, "--forecast", output, "--period", "24", "--level", "0.95"]
        );
        Report(Owa, score, "owa");
        Report(Msis, score, "msis");
        Report(CoverageError, score, "acd");
    }

    private async Task ExhaustAsync(DataSets sets)
    {
        var (cases, answers) = (sets.In("ops", "exhaustion", "cases"), sets.In("ops", "exhaustion", "answers.json"));
        var score = await ScoreAsync(
            "exhaust",
            ["--cases", cases],
            [cases, answers],
            sets.Scorer("score_exhaustion.py"),
            output => ["--answers", answers, "--pred", output]
        );
        Report(TimeError, score, "median_log_error");
        Report(WorstTimeError, score, "p90_log_error");
        Report(CriedWolf, score, "false_alarms");
        Report(Missed, score, "missed");
        Report(Coverage, score, "coverage_80");
    }

    private async Task RankAsync(DataSets sets)
    {
        var petShop = await RankAsync(sets, "rca", "petshop_a");
        Report(PetShopFirst, petShop, "root_cause", "service", "AC@1");
        Report(PetShopThird, petShop, "root_cause", "service", "AC@3");
        Report(PetShopAverage, petShop, "root_cause", "service", "Avg@5");

        var graphless = Directory.Exists(sets.In("rca"))
            ? Directory
                .GetDirectories(sets.In("rca"))
                .Order()
                .Where(one => File.Exists(Path.Combine(one, "answers.json")) && !File.Exists(Path.Combine(one, "graph.json")))
                .ToList()
            : [];
        if (graphless.Count == 0)
            table.Skip(WithoutGraph, "skipped: the data has none");
        foreach (var application in graphless)
        {
            Report(WithoutGraph, await RankAsync(sets, "rca", Path.GetFileName(application)), "root_cause", "service", "Avg@5");
        }

        var incidents = await RankAsync(sets, "ops", "incidents");
        Report(IncidentsFirst, incidents, "root_cause", "service", "AC@1");
        Report(IncidentsAverage, incidents, "root_cause", "service", "Avg@5");
        Report(Controls, incidents, "root_cause", "controls", "left_empty");
    }

    /// <summary>Applications that no weight was chosen on.</summary>
    private void Applications()
    {
        var seeds = Enumerable.Range(90_000, 60).ToList();
        foreach (
            var (kind, asked) in new (string, Func<CauseQuestion, int, CauseQuestion>)[]
            {
                ("with a graph", (question, _) => question),
                ("without a graph", (question, _) => question with { Graph = null }),
                ("whose names say nothing", (question, seed) => SimulatedApplication.WithoutNames(question, seed).Question),
            }
        )
        {
            var (first, average) = SimulatedApplication.Score(seeds, asked);
            var rule = SimulatedApplication.Score(seeds, asked, SimulatedApplication.FurthestBeyondQuartiles);
            Add(ApplicationsFirst, first, rule.First);
            Add(ApplicationsAverage, average, rule.AverageOfFive);

            void Add(QualityMeasure measure, double value, double anchor) =>
                table.Add(
                    measure with
                    {
                        Name = measure.Name.Replace("with a graph", kind, StringComparison.Ordinal),
                        Anchor = $"furthest beyond its quartiles {Bound.Figure(anchor)}",
                    },
                    value
                );
        }
    }

    private Task<Score> RankAsync(DataSets sets, params string[] application)
    {
        string In(string name) => sets.In([.. application, name]);
        string[] arguments = ["--cases", In("cases")];
        foreach (var (option, name) in new[] { ("--index", "cases.json"), ("--graph", "graph.json"), ("--normal", "normal.csv.gz") })
        {
            if (File.Exists(In(name)))
                arguments = [.. arguments, option, In(name)];
        }
        return ScoreAsync(
            "rank",
            arguments,
            [In("cases"), In("answers.json")],
            sets.Scorer("score_rca.py"),
            output => ["--answers", In("answers.json"), "--ranking", output]
        );
    }

    private async Task GroupAsync(DataSets sets)
    {
        string In(string name) => sets.In("ops", "incidents", name);
        var score = await ScoreAsync(
            "group",
            ["--alerts", In("alerts.jsonl"), "--estate", In("estate.json")],
            [In("alerts.jsonl"), In("estate.json"), In("alert_truth.jsonl")],
            sets.Scorer("score_rca.py"),
            output => ["--alert-truth", In("alert_truth.jsonl"), "--alert-groups", output]
        );
        Report(PairF1, score, "grouping", "pair_f1");
        Report(Split, score, "grouping", "incidents_split");
        Report(Mixed, score, "grouping", "groups_mixed");
    }

    private void Report(QualityMeasure measure, Score score, params string[] path)
    {
        if (score.Figures is not { } figure)
        {
            table.Skip(measure, score.WhyNot);
            return;
        }
        foreach (var name in path)
        {
            if (figure.ValueKind == JsonValueKind.Object && figure.TryGetProperty(name, out figure))
                continue;
            table.Skip(measure, $"skipped: the scorer tells no {string.Join('.', path)}");
            return;
        }
        if (figure.ValueKind == JsonValueKind.Number)
            table.Add(measure, figure.GetDouble());
        else
            table.Skip(measure, $"skipped: the scorer tells {figure} as {string.Join('.', path)}");
    }

    /// <summary>What the tool makes of the data, judged.</summary>
    /// <param name="needed">Files and folders without which there is nothing to do.</param>
    /// <param name="judging">The scorer's arguments, from the tool's output.</param>
    private async Task<Score> ScoreAsync(string tool, string[] arguments, string[] needed, string scorer, Func<string, string[]> judging)
    {
        if (needed.FirstOrDefault(path => !Path.Exists(path)) is { } absent)
            return new Score($"skipped: no {absent}");
        // Without its name the console's program would begin to serve.
        if (!CliCommands.Names([tool]))
            return new Score($"not available: no command {tool} yet");
        if (Program is not { } program)
            return new Score("skipped: no console was published; ./archon bench does that");
        var output = Path.Combine(folder, $"{Guid.NewGuid():N}.out");
        var began = Stopwatch.GetTimestamp();
        var made = await RunAsync("dotnet", [program, tool, .. arguments, "--output", output]);
        if (made is not { ExitCode: 0 })
            return new Score($"not available: {tool} {made?.Problem ?? "cannot be started"}");
        BenchTable.Note($"{tool} took {Stopwatch.GetElapsedTime(began).TotalSeconds:0.0} s");
        if (!File.Exists(scorer))
            return new Score($"skipped: no scorer {scorer}");
        var judged = await RunAsync("python3", [scorer, .. judging(output)]);
        if (judged is null)
            return new Score("skipped: no python3");
        if (judged.ExitCode != 0)
            return new Score($"skipped: {Path.GetFileName(scorer)} {judged.Problem}");
        try
        {
            using var figures = JsonDocument.Parse(judged.Output);
            return new Score(figures.RootElement.Clone());
        }
        catch (JsonException)
        {
            return new Score($"skipped: {Path.GetFileName(scorer)} tells something that is no JSON");
        }
    }

    private static string? Program =>
        Environment.GetEnvironmentVariable("ARCHON_CONSOLE") is { Length: > 0 } folder
        && Path.Combine(folder, "Archon.Console.dll") is var path
        && File.Exists(path)
            ? path
            : null;

    /// <returns>Null when there is no such program.</returns>
    private static async Task<Run?> RunAsync(string program, string[] arguments)
    {
        Process process;
        try
        {
            process = Process.Start(
                new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
            )!;
        }
        catch (Win32Exception)
        {
            return null;
        }
        using (process)
        {
            try
            {
                var (output, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
                await process.WaitForExitAsync(Token);
                return new Run(process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                throw;
            }
        }
    }

    private sealed record Run(int ExitCode, string Output, string Error)
    {
        /// <summary>The last words of a program that failed.</summary>
        public string Problem => $"ended with {ExitCode}: {LastWords ?? "nothing said"}";

        private string? LastWords => Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault()?.Trim().Replace('|', '/');
    }

    private sealed record Score(JsonElement? Figures, string WhyNot)
    {
        public Score(JsonElement figures)
            : this(figures, "") { }

        public Score(string whyNot)
            : this(null, whyNot) { }
    }

    private sealed record DataSets(string Folder, string Scorers)
    {
        public string In(params string[] names) => Path.Combine([Folder, .. names]);

        public string Scorer(string name) => Path.Combine(Scorers, name);
    }
}
