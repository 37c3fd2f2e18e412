using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Archon.Analysis.Forecasting;
using nietras.SeparatedValues;

namespace Archon.Cli;

/// <summary><c>archon forecast</c>: what every row of a table of series does next.</summary>
internal static class ForecastCommand
{
    private const double HighestLevel = 0.995;

    public static Command Build()
    {
        var train = new Option<string>("--train")
        {
            Required = true,
            HelpName = "FILE",
            Description = "CSV, a row per series: id,v1,v2,... oldest value first. May be gzip; - is standard input.",
        };
        var horizon = new Option<int>("--horizon")
        {
            Required = true,
            HelpName = "STEPS",
            Description = "Steps to forecast, 1 to 10000.",
        };
        var period = new Option<int>("--period")
        {
            Required = true,
            HelpName = "STEPS",
            Description = "Steps after which the series may repeat, such as 24 for hours; 1 for none. The week is looked for too.",
        };
        var level = new Option<double>("--level")
        {
            HelpName = "SHARE",
            DefaultValueFactory = _ => 0.95,
            Description = "Probability that a value is between the limits, up to 0.995.",
        };
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "FILE",
            Description = "CSV series,step,forecast,lower,upper; - is standard output.",
        };
        var command = new Command(
            "forecast",
            """
            Forecasts series at a steady step, with limits.

            Input: no header is needed; a first row without any number is taken for one. Rows may differ in length, and empty cells at
            the end of a row are not part of it. NaN, NA and empty cells within a row are gaps.
            Output: steps count from 1. A series with fewer than 8 values is forecast as its last value, with empty limits.
            """
        )
        {
            train,
            horizon,
            period,
            level,
            output,
        };
        horizon.Validators.Add(result =>
            Require(result, result.GetValueOrDefault<int>() is >= 1 and <= 10_000, "--horizon is 1 to 10000 steps.")
        );
        period.Validators.Add(result =>
            Require(result, result.GetValueOrDefault<int>() is >= 1 and <= 1_500, "--period is 1 to 1500 steps.")
        );
        level.Validators.Add(result =>
            Require(result, result.GetValueOrDefault<double>() is > 0 and <= HighestLevel, "--level is above 0 and at most 0.995.")
        );
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    parsed.GetRequiredValue(train),
                    new ForecastSettings { Horizon = parsed.GetValue(horizon), Period = parsed.GetValue(period) },
                    parsed.GetValue(level),
                    parsed.GetRequiredValue(output),
                    cancellationToken
                )
        );
        return command;
    }

    private static void Require(OptionResult result, bool isGood, string reason)
    {
        if (!isGood)
            result.AddError(reason);
    }

    private static async Task<int> RunAsync(
        string train,
        ForecastSettings settings,
        double level,
        string output,
        CancellationToken cancellationToken
    )
    {
        var rows = Read(train, cancellationToken);
        var results = new ForecastResult[rows.Count];
        using (var progress = new Progress("Forecasting", rows.Count))
        {
            Parallel.For(
                0,
                rows.Count,
                new ParallelOptions { CancellationToken = cancellationToken },
                row =>
                {
                    results[row] = Forecaster.Forecast(rows[row].Values, settings);
                    progress.Advance();
                }
            );
        }
        await Files.WriteAsync(
            output,
            writer => Write(writer, rows, results, settings.Horizon, level, cancellationToken),
            cancellationToken
        );
        return 0;
    }

    private static List<(string Id, double[] Values)> Read(string file, CancellationToken cancellationToken)
    {
        var rows = new List<(string Id, double[] Values)>();
        using var text = new StreamReader(Files.OpenRead(file));
        using var reader = Sep.New(',')
            .Reader(options => options with { HasHeader = false, DisableColCountCheck = true, Unescape = true })
            .From(text);
        var isFirst = true;
        try
        {
            foreach (var row in reader)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var isHeader = isFirst && IsHeader(row);
                isFirst = false;
                if (!isHeader)
                    rows.Add((row[0].ToString(), Values(file, row)));
            }
        }
        catch (InvalidDataException failure)
        {
            throw new BadInputException($"{Files.NameOf(file)} cannot be read: {failure.Message}");
        }
        return rows.Count > 0 ? rows : throw new BadInputException($"{Files.NameOf(file)} has no series.");
    }

    private static bool IsHeader(SepReader.Row row)
    {
        for (var column = 1; column < row.ColCount; column++)
        {
            if (TryParse(row[column].Span, out var value) && double.IsFinite(value))
                return false;
        }
        return true;
    }

    private static double[] Values(string file, SepReader.Row row)
    {
        var count = row.ColCount;
        while (count > 1 && row[count - 1].Span.Trim().IsEmpty)
            count--;
        var values = new double[count - 1];
        var isEmpty = true;
        for (var column = 1; column < count; column++)
        {
            if (!TryParse(row[column].Span, out values[column - 1]))
            {
                throw new BadInputException(file, row.LineNumberFrom, $"\"{row[column].Span}\" in column {column + 1} is not a number.");
            }
            isEmpty &= !double.IsFinite(values[column - 1]);
        }
        return isEmpty ? throw new BadInputException(file, row.LineNumberFrom, $"The series \"{row[0].Span}\" has no value.") : values;
    }

    private static bool TryParse(ReadOnlySpan<char> cell, out double value)
    {
        value = double.NaN;
        cell = cell.Trim();
        return cell.IsEmpty || cell is "NA" || CsvNumber.TryParse(cell, out value);
    }

    private static async Task Write(
        TextWriter writer,
        List<(string Id, double[] Values)> rows,
        ForecastResult[] results,
        int horizon,
        double level,
        CancellationToken cancellationToken
    )
    {
        await writer.WriteLineAsync("series,step,forecast,lower,upper");
        for (var row = 0; row < rows.Count; row++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var id = Quoted(rows[row].Id);
            for (var step = 0; step < horizon; step++)
            {
                await writer.WriteLineAsync(Line(id, rows[row].Values, results[row], step, level));
            }
        }
    }

    private static string Line(string id, double[] values, ForecastResult result, int step, double level)
    {
        if (result is not ForecastResult.Ok { Forecast: var forecast })
        {
            return string.Create(CultureInfo.InvariantCulture, $"{id},{step + 1},{values.Last(double.IsFinite)},,");
        }
        var (lower, upper) = forecast.Interval(step, level);
        return string.Create(CultureInfo.InvariantCulture, $"{id},{step + 1},{forecast.Median(step)},{lower},{upper}");
    }

    private static string Quoted(string id) =>
        id.AsSpan().ContainsAny(",\"\r\n") ? $"\"{id.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : id;
}
