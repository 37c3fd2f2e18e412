using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Series;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Prometheus;

/// <summary>
/// Reads a reply of <c>/api/v1/query</c> or <c>query_range</c> from the stream straight into arrays: no string and no token object per
/// sample. A sample is twenty-odd bytes in a fixed form, which a general JSON reader treats like any other text; that form is read
/// here by hand, and everything else with <see cref="Utf8JsonReader"/>.
/// </summary>
internal sealed class MatrixReader : JsonStreamReader
{
    // A sample is seldom longer; the hand-written loop runs while at least this much lies ahead.
    private const int SampleRoom = 128;

    private const int FirstSamples = 256;

    private static readonly double[] PowersOfTen =
    [
        1e0,
        1e1,
        1e2,
        1e3,
        1e4,
        1e5,
        1e6,
        1e7,
        1e8,
        1e9,
        1e10,
        1e11,
        1e12,
        1e13,
        1e14,
        1e15,
        1e16,
        1e17,
        1e18,
        1e19,
        1e20,
        1e21,
        1e22,
    ];

    private long[] times;
    private double[] values;
    private int count;
    private long[] lastTimes = [];

    private readonly ReplyLimits limits;
    private readonly List<MetricSeries> series = [];
    private readonly List<HistogramSeries> histograms = [];

    private MatrixReader(Stream stream, ReplyLimits limits)
        : base(stream, limits)
    {
        this.limits = limits;
        var size = Math.Min(FirstSamples, limits.Samples);
        (times, values) = (new long[size], new double[size]);
    }

    /// <exception cref="JsonException">The stream does not hold such a reply, or ends in its middle.</exception>
    /// <exception cref="ReplyTooLargeException">It exceeds one of its limits.</exception>
    public static async ValueTask<QueryResult> ReadAsync(Stream stream, ReplyLimits limits, CancellationToken cancellationToken)
    {
        using var reader = new MatrixReader(stream, limits);
        try
        {
            return await reader.ReadReplyAsync(cancellationToken);
        }
        catch (Exception odd) when (odd is InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException or FormatException)
        {
            throw new JsonException("The reply has another form than Prometheus'.", odd);
        }
    }

    private async ValueTask<QueryResult> ReadReplyAsync(CancellationToken cancellationToken)
    {
        string? status = null,
            error = null,
            kind = null,
            text = null;
        QueryStatistics? statistics = null;
        IReadOnlyList<string> warnings = [],
            infos = [];
        var isPartial = false;
        await ExpectAsync((byte)'{', cancellationToken);
        while (await NextNameAsync(cancellationToken) is { } name)
        {
            switch (name)
            {
                case "status":
                    status = await StringAsync(cancellationToken);
                    break;
                case "error":
                    error = await StringAsync(cancellationToken);
                    break;
                case "warnings":
                    warnings = await StringsAsync(cancellationToken);
                    break;
                // VictoriaMetrics
                case "isPartial":
                    isPartial = (await RawAsync(cancellationToken)).Span.SequenceEqual("true"u8);
                    break;
                case "infos":
                    infos = await StringsAsync(cancellationToken);
                    break;
                case "data":
                    (kind, text, statistics) = await ReadDataAsync(cancellationToken);
                    break;
                default:
                    await SkipAsync(cancellationToken);
                    break;
            }
        }
        if (status != "success" || kind is null)
        {
            throw new JsonException($"The reply is no result of a query: {error ?? status ?? "no status"}.");
        }
        return new QueryResult(kind, series)
        {
            Histograms = histograms,
            Text = text,
            Statistics = statistics,
            Warnings = warnings,
            Infos = infos,
            Missing = Missing(warnings, isPartial),
        };
    }

    /// <summary>A remark on the query itself says nothing of missing samples, nor does a proxy that knows no store for the metric.</summary>
    private static string? Missing(IReadOnlyList<string> warnings, bool isPartial)
    {
        var words = string.Join(
            "; ",
            warnings.Where(warning =>
                !warning.StartsWith("PromQL ", StringComparison.Ordinal)
                && !warning.Contains("No StoreAPIs matched", StringComparison.OrdinalIgnoreCase)
            )
        );
        return words.Length > 0 ? words
            : isPartial ? "the server says that its answer is partial"
            : null;
    }

    private async ValueTask<(string? Kind, string? Text, QueryStatistics? Statistics)> ReadDataAsync(CancellationToken cancellationToken)
    {
        string? kind = null,
            text = null;
        QueryStatistics? statistics = null;
        if (await PeekAsync(cancellationToken) == 'n')
        {
            await RawAsync(cancellationToken);
            return default;
        }
        await ExpectAsync((byte)'{', cancellationToken);
        while (await NextNameAsync(cancellationToken) is { } name)
        {
            switch (name)
            {
                case "resultType":
                    kind = await StringAsync(cancellationToken);
                    break;
                case "result" when kind is "scalar" or "string":
                    text = await ReadSingleAsync(kind, cancellationToken);
                    break;
                case "result":
                    await ReadResultAsync(cancellationToken);
                    break;
                case "stats":
                    statistics = Statistics(await RawAsync(cancellationToken));
                    break;
                default:
                    await SkipAsync(cancellationToken);
                    break;
            }
        }
        return (kind, text, statistics);
    }

    private async ValueTask<string?> ReadSingleAsync(string kind, CancellationToken cancellationToken)
    {
        using var pair = JsonDocument.Parse(await RawAsync(cancellationToken));
        var value = pair.RootElement[1].GetString()!;
        if (kind == "string")
            return value;
        series.Add(new MetricSeries(SeriesLabels.None, new[] { Milliseconds(pair.RootElement[0].GetDouble()) }, new[] { Number(value) }));
        return null;
    }

    private async ValueTask ReadResultAsync(CancellationToken cancellationToken)
    {
        if (await PeekAsync(cancellationToken) == 'n')
        {
            await RawAsync(cancellationToken);
            return;
        }
        await ExpectAsync((byte)'[', cancellationToken);
        while (await NextItemAsync(cancellationToken))
        {
            var labels = SeriesLabels.None;
            List<long>? histogramTimes = null;
            List<NativeHistogram>? histogramValues = null;
            count = 0;
            await ExpectAsync((byte)'{', cancellationToken);
            while (await NextNameAsync(cancellationToken) is { } name)
            {
                switch (name)
                {
                    case "metric":
                        labels = Labels(await RawAsync(cancellationToken));
                        break;
                    case "values":
                        await ReadSamplesAsync(cancellationToken);
                        break;
                    case "value":
                        ReadOne(await RawAsync(cancellationToken));
                        break;
                    case "histogram":
                        AddHistogram(await RawAsync(cancellationToken), histogramTimes ??= [], histogramValues ??= []);
                        break;
                    case "histograms":
                        await ExpectAsync((byte)'[', cancellationToken);
                        while (await NextItemAsync(cancellationToken))
                        {
                            AddHistogram(await RawAsync(cancellationToken), histogramTimes ??= [], histogramValues ??= []);
                            limits.CheckSamples(histogramTimes.Count);
                        }
                        break;
                    default:
                        await SkipAsync(cancellationToken);
                        break;
                }
            }
            if (count > 0 || histogramTimes is null)
                series.Add(new MetricSeries(labels, TakeTimes(), values.AsSpan(0, count).ToArray()));
            if (histogramTimes is not null)
                histograms.Add(new HistogramSeries(labels, histogramTimes, histogramValues!));
            limits.CheckCount(series.Count + histograms.Count, "series");
        }
    }

    /// <summary>Series of one query mostly share their times: then they share the array, which halves what a matrix takes.</summary>
    private long[] TakeTimes()
    {
        var taken = times.AsSpan(0, count);
        if (!taken.SequenceEqual(lastTimes))
            lastTimes = taken.ToArray();
        return lastTimes;
    }

    private async ValueTask ReadSamplesAsync(CancellationToken cancellationToken)
    {
        await ExpectAsync((byte)'[', cancellationToken);
        if (await PeekAsync(cancellationToken) == ']')
        {
            at++;
            return;
        }
        while (true)
        {
            if (!isEnded && end - at < SampleRoom)
                await FillAsync(SampleRoom, cancellationToken);
            if (ReadPlainSamples())
                return;
            if (!isEnded && end - at < SampleRoom)
                continue;
            // Written another way than servers write it: exponents in times, spaces, escapes.
            ReadOne(await RawAsync(cancellationToken));
            if (!await MoreAsync(cancellationToken))
                return;
        }
    }

    /// <summary>Reads samples of the form <c>[1700000000.123,"0.25"]</c> as far as the buffer safely reaches.</summary>
    /// <returns>True at the end of the list. Otherwise <c>at</c> is before the first sample that was not read.</returns>
    private bool ReadPlainSamples()
    {
        var bytes = buffer.AsSpan(0, end);
        var place = at;
        while (true)
        {
            at = place;
            if (bytes.Length - place < (isEnded ? 1 : SampleRoom))
                return false;
            if (bytes[place] != '[')
                return false;
            place++;
            if (!TryTime(bytes, ref place, out var time))
                return false;
            if ((uint)place + 1 >= (uint)bytes.Length || bytes[place] != ',' || bytes[place + 1] != '"')
                return false;
            place += 2;
            if (!TryValue(bytes, ref place, out var value))
                return false;
            if ((uint)place + 1 >= (uint)bytes.Length || bytes[place] != '"' || bytes[place + 1] != ']')
                return false;
            place += 2;
            if (place >= bytes.Length)
                return false;
            var next = bytes[place];
            if (next is not ((byte)',' or (byte)']'))
                return false;
            Add(time, value);
            place++;
            if (next == ']')
            {
                at = place;
                return true;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryTime(ReadOnlySpan<byte> bytes, ref int place, out long milliseconds)
    {
        long whole = 0;
        var first = place;
        uint digit;
        while ((uint)place < (uint)bytes.Length && (digit = (uint)(bytes[place] - '0')) <= 9)
        {
            whole = (whole * 10) + digit;
            place++;
        }
        milliseconds = whole * 1000;
        if (place == first || place - first > 12 || (uint)place >= (uint)bytes.Length)
            return false;
        if (bytes[place] != '.')
            return true;
        place++;
        var weight = 100;
        while (weight > 0 && (uint)place < (uint)bytes.Length && (digit = (uint)(bytes[place] - '0')) <= 9)
        {
            milliseconds += digit * weight;
            weight /= 10;
            place++;
        }
        // A fourth decimal would have to be rounded; whoever calls sees that no comma follows, and reads it the slow way.
        return weight < 100;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryValue(ReadOnlySpan<byte> bytes, ref int place, out double value)
    {
        value = 0;
        var first = place;
        if ((uint)place >= (uint)bytes.Length)
            return false;
        var isNegative = bytes[place] == '-';
        if (isNegative)
            place++;
        ulong mantissa = 0;
        var digits = place;
        var point = -1;
        while ((uint)place < (uint)bytes.Length)
        {
            var digit = (uint)(bytes[place] - '0');
            if (digit <= 9)
                mantissa = (mantissa * 10) + digit;
            else if (bytes[place] == '.' && point < 0)
                point = place;
            else
                break;
            place++;
        }
        if ((uint)place >= (uint)bytes.Length)
            return false;
        // Exact when both the digits and the power of ten fit a double: then one division rounds once (Clinger, 1990).
        var decimals = point < 0 ? 0 : place - point - 1;
        var length = place - digits - (point < 0 ? 0 : 1);
        if (bytes[place] == '"' && length is > 0 and <= 15)
        {
            value = mantissa / PowersOfTen[decimals];
            if (isNegative)
                value = -value;
            return true;
        }
        place = first;
        var quote = bytes[place..].IndexOf((byte)'"');
        if (quote < 0 || !TryNumber(bytes.Slice(place, quote), out value))
            return false;
        place += quote;
        return true;
    }

    private void Add(long time, double value)
    {
        if (count == times.Length)
        {
            limits.CheckSamples(count + 1);
            var size = Math.Min(count * 2L, limits.Samples);
            Array.Resize(ref times, (int)size);
            Array.Resize(ref values, (int)size);
        }
        times[count] = time;
        values[count++] = value;
    }

    private void ReadOne(ReadOnlyMemory<byte> raw)
    {
        using var pair = JsonDocument.Parse(raw);
        if (
            pair.RootElement is not { ValueKind: JsonValueKind.Array } sample
            || sample.GetArrayLength() != 2
            || sample[1].ValueKind != JsonValueKind.String
        )
        {
            throw new JsonException("A sample is not a time and a value.");
        }
        Add(Milliseconds(sample[0].GetDouble()), Number(sample[1].GetString()!));
    }

    private static void AddHistogram(ReadOnlyMemory<byte> raw, List<long> histogramTimes, List<NativeHistogram> histogramValues)
    {
        using var pair = JsonDocument.Parse(raw);
        var histogram = pair.RootElement[1];
        var buckets = new List<HistogramBucket>();
        if (histogram.TryGetProperty("buckets", out var list))
        {
            foreach (var bucket in list.EnumerateArray())
            {
                buckets.Add(
                    new HistogramBucket(
                        bucket[0].GetInt32(),
                        Number(bucket[1].GetString()!),
                        Number(bucket[2].GetString()!),
                        Number(bucket[3].GetString()!)
                    )
                );
            }
        }
        histogramTimes.Add(Milliseconds(pair.RootElement[0].GetDouble()));
        histogramValues.Add(
            new NativeHistogram(
                Number(histogram.GetProperty("count").GetString()!),
                Number(histogram.GetProperty("sum").GetString()!),
                buckets
            )
        );
    }

    private SeriesLabels Labels(ReadOnlyMemory<byte> raw)
    {
        var labels = new List<KeyValuePair<string, string>>();
        var json = new Utf8JsonReader(raw.Span);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            throw new JsonException("A metric is not an object of labels.");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            if (!json.Read() || json.TokenType != JsonTokenType.String)
                throw new JsonException("A label is not a string.");
            var value = json.GetString()!;
            limits.CheckLabel(name, value);
            labels.Add(new(name, value));
            limits.CheckLabels(labels.Count);
        }
        return labels.Count == 0 ? SeriesLabels.None : new SeriesLabels(labels);
    }

    private static QueryStatistics? Statistics(ReadOnlyMemory<byte> raw)
    {
        using var stats = JsonDocument.Parse(raw);
        if (!stats.RootElement.TryGetProperty("samples", out var samples))
            return null;
        var seconds =
            stats.RootElement.TryGetProperty("timings", out var timings) && timings.TryGetProperty("execTotalTime", out var total)
                ? total.GetDouble()
                : 0;
        return new QueryStatistics(
            samples.TryGetProperty("totalQueryableSamples", out var all) ? all.GetInt64() : 0,
            samples.TryGetProperty("peakSamples", out var peak) ? peak.GetInt64() : 0,
            seconds
        );
    }

    /// <summary>After an item: true when another follows.</summary>
    private async ValueTask<bool> MoreAsync(CancellationToken cancellationToken)
    {
        var next = await PeekAsync(cancellationToken);
        if (next is not ((byte)',' or (byte)']'))
            throw new JsonException("A list of samples is broken.");
        at++;
        if (next == ']')
            return false;
        await PeekAsync(cancellationToken);
        return true;
    }

    private static long Milliseconds(double seconds) => (long)Math.Round(seconds * 1000);

    private static double Number(string text) =>
        TryNumber(Encoding.UTF8.GetBytes(text), out var value) ? value : throw new JsonException("A value is not a number.");

    private static bool TryNumber(ReadOnlySpan<byte> text, out double value)
    {
        if (Utf8Parser.TryParse(text, out value, out var read) && read == text.Length)
            return true;
        if (text.SequenceEqual("NaN"u8))
            value = double.NaN;
        else if (text.SequenceEqual("+Inf"u8) || text.SequenceEqual("Inf"u8))
            value = double.PositiveInfinity;
        else if (text.SequenceEqual("-Inf"u8))
            value = double.NegativeInfinity;
        else
            return false;
        return true;
    }
}
