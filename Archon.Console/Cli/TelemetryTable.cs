using nietras.SeparatedValues;

namespace Archon.Cli;

/// <summary>A CSV of series on one clock: <c>time,&lt;service&gt;|&lt;metric&gt;[|&lt;statistic&gt;],...</c>, time in seconds, an empty
/// field is a gap.</summary>
/// <param name="Columns">What the header names, without the time.</param>
/// <param name="TimesMs">Unix milliseconds, oldest first, each once.</param>
/// <param name="Values">Per column, a value per time.</param>
internal sealed record TelemetryTable(IReadOnlyList<TelemetryColumn> Columns, long[] TimesMs, IReadOnlyList<double[]> Values)
{
    /// <summary>Rows may come in any order; of two for one time the later counts.</summary>
    /// <exception cref="BadInputException">The file cannot be read, or a line has another form.</exception>
    public static TelemetryTable Read(string file)
    {
        try
        {
            using var stream = Files.OpenRead(file);
            using var reader = Sep.New(',').Reader(options => options with { Unescape = true }).From(stream);
            var columns = Header(file, reader.Header.ColNames);
            var rows = new SortedDictionary<long, double[]>();
            foreach (var row in reader)
            {
                var line = row.LineNumberFrom;
                var time = Number(file, line, "time", row[0].Span);
                if (!(Math.Abs(time) < 1e13))
                    throw new BadInputException(file, line, "The time is no number of seconds.");
                var values = new double[columns.Count];
                for (var i = 0; i < values.Length; i++)
                    values[i] = Number(file, line, reader.Header.ColNames[i + 1], row[i + 1].Span);
                rows[(long)Math.Round(time * 1000)] = values;
            }
            return new TelemetryTable(
                columns,
                [.. rows.Keys],
                [.. columns.Select((_, i) => rows.Values.Select(values => values[i]).ToArray())]
            );
        }
        catch (Exception failure) when (failure is InvalidDataException or ArgumentException)
        {
            throw new BadInputException($"{Files.NameOf(file)} cannot be read: {failure.Message}");
        }
    }

    private static List<TelemetryColumn> Header(string file, IReadOnlyList<string> names)
    {
        if (names.Count < 2 || names[0] != "time")
            throw new BadInputException(file, 1, "The header is not time,<service>|<metric>[|<statistic>],...");
        var columns = new List<TelemetryColumn>();
        foreach (var name in names.Skip(1))
        {
            var parts = name.Split('|', 3);
            if (parts.Length < 2 || parts[0].Length == 0 || parts[1].Length == 0)
                throw new BadInputException(file, 1, $"The column {name} is not <service>|<metric>[|<statistic>].");
            columns.Add(new TelemetryColumn(parts[0], parts[1], parts.Length > 2 ? parts[2] : ""));
        }
        return columns;
    }

    private static double Number(string file, long line, string column, ReadOnlySpan<char> text) =>
        text.IsWhiteSpace() ? double.NaN
        : CsvNumber.TryParse(text, out var number) ? number
        : throw new BadInputException(file, line, $"\"{text}\" in column {column} is no number.");
}

internal readonly record struct TelemetryColumn(string Service, string Metric, string Statistic);
