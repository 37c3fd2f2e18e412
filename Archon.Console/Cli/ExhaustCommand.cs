using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using nietras.SeparatedValues;

namespace Archon.Cli;

/// <summary><c>archon exhaust</c>: when resources run out, a file per resource.</summary>
internal static partial class ExhaustCommand
{
    private static readonly string[] Endings = [".csv", ".csv.gz"];

    public static Command Build()
    {
        var cases = new Option<string>("--cases")
        {
            Required = true,
            HelpName = "DIR",
            Description = "Folder with a *.csv or *.csv.gz per resource.",
        };
        var limit = new Option<double>("--limit")
        {
            HelpName = "VALUE",
            DefaultValueFactory = _ => 1,
            Description = "Value at which nothing is left, in the unit of the values.",
        };
        var falling = new Option<bool>("--falling")
        {
            Description = "The values fall to the limit (free space, days left) in place of rising to it.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "FILE",
            Description = "A JSON object per line and resource; - is standard output.",
        };
        var command = new Command(
            "exhaust",
            """
            Projects when resources run out, with an 80 % interval.

            Input: a header time,value, then a row per sample; time in seconds, an empty value or NaN for a gap. Order does not matter.
            Output: {"case","hours","lower","upper","reason"}, hours from the last sample on; case is the name of the file below DIR
            without its ending. hours is null when it is not expected within 14 days, and then reason is one of: TooShort, NotTrending,
            Wave, Saturating, Sawtooth or FarAhead. A resource that is at its limit already has 0 hours.
            """
        )
        {
            cases,
            limit,
            falling,
            output,
        };
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    parsed.GetRequiredValue(cases),
                    new ExhaustionSettings
                    {
                        Limit = parsed.GetValue(limit),
                        Direction = parsed.GetValue(falling) ? LimitDirection.Floor : LimitDirection.Ceiling,
                    },
                    parsed.GetRequiredValue(output),
                    cancellationToken
                )
        );
        limit.Validators.Add(result =>
        {
            if (!double.IsFinite(result.GetValueOrDefault<double>()))
                result.AddError("--limit is a finite number.");
        });
        return command;
    }

    private static async Task<int> RunAsync(string cases, ExhaustionSettings settings, string output, CancellationToken cancellationToken)
    {
        var files = Files.Below(cases, Endings);
        var rows = new Row[files.Count];
        using (var progress = new Progress("Projecting", files.Count))
        {
            try
            {
                Parallel.For(
                    0,
                    files.Count,
                    new ParallelOptions { CancellationToken = cancellationToken },
                    at =>
                    {
                        var series = Read(files[at].Path);
                        rows[at] = RowOf(CaseOf(files[at].Name), series, ExhaustionProjection.Project(series, settings));
                        progress.Advance();
                    }
                );
            }
            catch (AggregateException several) when (several.InnerExceptions.All(one => one is BadInputException))
            {
                throw several.InnerExceptions.OrderBy(one => one.Message, StringComparer.Ordinal).First();
            }
        }
        await Files.WriteAsync(
            output,
            async writer =>
            {
                foreach (var row in rows)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await writer.WriteLineAsync(JsonSerializer.Serialize(row, RowJson.Default.Row));
                }
            },
            cancellationToken
        );
        return 0;
    }

    private static string CaseOf(string name) => name[..^Endings.First(ending => name.EndsWith(ending, StringComparison.Ordinal)).Length];

    private static MetricSeries Read(string file)
    {
        var times = new List<long>();
        var values = new List<double>();
        using var text = new StreamReader(Files.OpenRead(file));
        try
        {
            using var reader = Sep.New(',').Reader().From(text);
            if (!reader.Header.TryIndexOf("time", out var timeColumn) || !reader.Header.TryIndexOf("value", out var valueColumn))
            {
                throw new BadInputException(file, 1, "The header is not time,value.");
            }
            foreach (var row in reader)
            {
                var time = row[timeColumn].Span.Trim();
                var value = row[valueColumn].Span.Trim();
                if (!double.TryParse(time, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) || !double.IsFinite(seconds))
                {
                    throw new BadInputException(file, row.LineNumberFrom, $"\"{time}\" is not a time in seconds.");
                }
                var number = double.NaN;
                if (!value.IsEmpty && !CsvNumber.TryParse(value, out number))
                {
                    throw new BadInputException(file, row.LineNumberFrom, $"\"{value}\" is not a number.");
                }
                times.Add((long)Math.Round(seconds * 1000));
                values.Add(number);
            }
        }
        catch (InvalidDataException failure)
        {
            throw new BadInputException($"{Files.NameOf(file)} cannot be read: {failure.Message}");
        }
        return new MetricSeries(SeriesLabels.None, times.ToArray(), values.ToArray());
    }

    private static Row RowOf(string name, MetricSeries series, ExhaustionResult result)
    {
        if (result is ExhaustionResult.Reached)
            return new Row(name, 0, 0, 0, null);
        if (result is not ExhaustionResult.Projected projected)
        {
            return new Row(name, null, null, null, ((ExhaustionResult.NotExpected)result).Reason);
        }
        var times = series.Times.Span;
        var values = series.Values.Span;
        var last = long.MinValue;
        for (var at = 0; at < times.Length; at++)
        {
            if (double.IsFinite(values[at]))
                last = Math.Max(last, times[at]);
        }
        var end = DateTimeOffset.FromUnixTimeMilliseconds(last);
        return new Row(name, Hours(projected.At), Hours(projected.Earliest), Hours(projected.Latest), null);

        double Hours(DateTimeOffset moment) => Math.Round((moment - end).TotalHours, 3);
    }

    private sealed record Row(string Case, double? Hours, double? Lower, double? Upper, NoExhaustionReason? Reason);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
    [JsonSerializable(typeof(Row))]
    private sealed partial class RowJson : JsonSerializerContext;
}
