using System.CommandLine;
using System.Globalization;
using Archon.Analysis.Detection;
using nietras.SeparatedValues;

namespace Archon.Cli;

/// <summary><c>archon detect</c>: how anomalous every row of a folder of series is, judged by the rows before it.</summary>
internal static class DetectCommand
{
    private const string Csv = ".csv";
    private const string Gzip = ".gz";

    // Numbers above this are Unix milliseconds, those below are seconds: the year 5138 in the one, 1973 in the other.
    private const double MostSeconds = 1e11;

    // Tells every episode: whoever reads the file sets the threshold.
    private static readonly DetectorSettings Telling = new() { Sensitivity = 0.85 };

    private enum View
    {
        Alert,
        Level,
    }

    public static Command Build()
    {
        var data = new Option<string>("--data")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder; every .csv and .csv.gz below it is a series.",
        };
        var view = new Option<View>("--view")
        {
            HelpName = "alert|level",
            DefaultValueFactory = _ => View.Alert,
            Description = "alert: not 0 only at the start of an episode. level: how anomalous the series is.",
        };
        var estate = new Option<bool>("--estate")
        {
            Description = "Reports only what is rare among all series of the folder, by their hours before.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "FILE",
            Description = "CSV file,timestamp,score, a row per row of data; - is standard output.",
        };
        var command = new Command(
            "detect",
            """
            Scores series of a folder for anomalies, streaming: each starts unknown, and the score of a row depends on no later row.

            Input: CSV with the header timestamp,value and rows in time order. A timestamp is ISO 8601 or 2026-04-01 00:05:00 (UTC where no
            zone is given), or Unix seconds or milliseconds. An empty value and NaN are missing, Inf and -Inf are infinite. A row earlier than
            one before it is not judged.
            Output: file is the path below the folder, without .gz; timestamp is as it was written; score is 0 to 1.
            """
        )
        {
            data,
            view,
            estate,
            output,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    parsed.GetRequiredValue(data),
                    parsed.GetValue(view),
                    parsed.GetValue(estate),
                    parsed.GetRequiredValue(output),
                    cancellationToken
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(string data, View view, bool isEstate, string output, CancellationToken cancellationToken)
    {
        var files = Files.Below(data, Csv, Csv + Gzip);
        var scored = Score(files, view, null, cancellationToken);
        // The first time through says what is rare among all of them.
        if (isEstate)
            scored = Score(files, view, new HourlyThresholds([.. scored.Select(one => one.Peaks)]), cancellationToken);
        var names = files.Select(file => file.Name).ToList();
        await Files.WriteAsync(output, writer => WriteAsync(writer, names, scored, cancellationToken), cancellationToken);
        return 0;
    }

    private static Scored[] Score(
        IReadOnlyList<(string Name, string Path)> files,
        View view,
        HourlyThresholds? thresholds,
        CancellationToken cancellationToken
    )
    {
        var scored = new Scored[files.Count];
        var bad = new BadInputException?[files.Count];
        using (var progress = new Progress("Detecting", files.Count))
        {
            var parallel = new ParallelOptions
            {
                CancellationToken = cancellationToken,
                MaxDegreeOfParallelism = Environment.ProcessorCount,
            };
            Parallel.For(
                0,
                files.Count,
                parallel,
                file =>
                {
                    try
                    {
                        scored[file] = Score(files[file].Path, view, thresholds, cancellationToken);
                    }
                    catch (BadInputException reason)
                    {
                        bad[file] = reason;
                    }
                    progress.Advance();
                }
            );
        }
        // The first one by name, whichever thread met its own first.
        if (bad.FirstOrDefault(reason => reason is not null) is { } first)
            throw first;
        return scored;
    }

    private static Scored Score(string file, View view, HourlyThresholds? thresholds, CancellationToken cancellationToken)
    {
        var (timestamps, scores, peaks) = (new List<string>(), new List<double>(), new Dictionary<long, double>());
        var detector = new AnomalyDetector(SeriesModel.Start(new SeriesModelSettings()), Telling);
        using var text = new StreamReader(Files.OpenRead(file));
        try
        {
            using var reader = Sep.New(',').Reader(options => options with { Unescape = true }).From(text);
            if (!reader.Header.TryIndexOf("timestamp", out var timeColumn) || !reader.Header.TryIndexOf("value", out var valueColumn))
            {
                throw new BadInputException(file, 1, "The header must name the columns timestamp and value.");
            }
            foreach (var row in reader)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var time = Time(file, row, timeColumn);
                var verdict = detector.Score(time, Value(file, row, valueColumn), leastRarity: thresholds?.At(time) ?? 0);
                if (verdict.Judgement == SampleJudgement.Judged)
                {
                    var hour = HourlyThresholds.HourOf(time);
                    peaks[hour] = Math.Max(peaks.GetValueOrDefault(hour), verdict.Rarity);
                }
                timestamps.Add(row[timeColumn].ToString());
                scores.Add(view == View.Alert ? verdict.Alert : verdict.Level);
            }
        }
        catch (InvalidDataException failure)
        {
            throw new BadInputException($"{file} cannot be read: {failure.Message}");
        }
        return new Scored(timestamps, scores, peaks);
    }

    /// <param name="Peaks">The greatest rarity of each hour.</param>
    private sealed record Scored(List<string> Timestamps, List<double> Scores, Dictionary<long, double> Peaks);

    private static long Time(string file, SepReader.Row row, int column)
    {
        var cell = row[column].Span.Trim();
        var isNumber = double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
        if (isNumber && Math.Abs(number) < MostSeconds * 1000)
        {
            return (long)Math.Round(Math.Abs(number) < MostSeconds ? number * 1000 : number);
        }
        return DateTimeOffset.TryParse(cell, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUnixTimeMilliseconds()
            : throw new BadInputException(file, row.LineNumberFrom, $"\"{cell}\" is not a timestamp.");
    }

    private static double Value(string file, SepReader.Row row, int column)
    {
        var cell = row[column].Span.Trim();
        if (cell.IsEmpty)
            return double.NaN;
        return CsvNumber.TryParse(cell, out var value)
            ? value
            : throw new BadInputException(file, row.LineNumberFrom, $"\"{cell}\" is not a number.");
    }

    private static async Task WriteAsync(TextWriter writer, List<string> names, Scored[] scored, CancellationToken cancellationToken)
    {
        await writer.WriteLineAsync("file,timestamp,score");
        for (var file = 0; file < names.Count; file++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = Quoted(names[file].EndsWith(Gzip, StringComparison.Ordinal) ? names[file][..^Gzip.Length] : names[file]);
            var (timestamps, scores, _) = scored[file];
            for (var row = 0; row < timestamps.Count; row++)
            {
                // More digits than a score means would let a threshold hang on how numbers round.
                var score = scores[row].ToString("0.###", CultureInfo.InvariantCulture);
                await writer.WriteLineAsync($"{name},{Quoted(timestamps[row])},{score}");
            }
        }
    }

    private static string Quoted(string text) =>
        text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
