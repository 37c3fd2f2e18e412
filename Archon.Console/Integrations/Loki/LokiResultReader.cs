using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archon.Analysis.Series;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Loki;

/// <summary>Reads the result of a query from the stream, line by line and sample by sample: no result lies in memory as text.</summary>
internal static class LokiResultReader
{
    private static readonly Dictionary<string, string> NoMetadata = [];

    /// <exception cref="JsonException">The stream does not hold such a reply, or ends in its middle.</exception>
    /// <exception cref="ReplyTooLargeException">It exceeds one of its limits.</exception>
    public static async ValueTask<LogResult> ReadAsync(Stream body, ReplyLimits limits, CancellationToken cancellationToken)
    {
        using var json = new JsonStreamReader(body, limits);
        try
        {
            return await new Reading(json, limits).ReadAsync(cancellationToken);
        }
        catch (Exception odd)
            when (odd
                    is KeyNotFoundException
                        or InvalidOperationException
                        or IndexOutOfRangeException
                        or OverflowException
                        or FormatException
            )
        {
            throw new JsonException("The reply has another form than Loki's.", odd);
        }
    }

    /// <summary>Lines with the same labels, as a tail sends them.</summary>
    public static LogStream Stream(JsonElement one, ReplyLimits limits) =>
        new(Labels(one.GetProperty("stream"), limits), [.. one.GetProperty("values").EnumerateArray().Select(Line)]);

    private static LogLine Line(JsonElement value) =>
        new(long.Parse(value[0].GetString()!, NumberStyles.None, CultureInfo.InvariantCulture), value[1].GetString()!, Metadata(value));

    /// <summary>A third member holds metadata: flat, or in two groups where categorised labels were asked for.</summary>
    private static Dictionary<string, string> Metadata(JsonElement value)
    {
        if (value.GetArrayLength() < 3 || value[2].ValueKind != JsonValueKind.Object)
            return NoMetadata;
        return value[2]
            .EnumerateObject()
            .SelectMany(member =>
                member.Value.ValueKind == JsonValueKind.Object ? member.Value.EnumerateObject() : (IEnumerable<JsonProperty>)[member]
            )
            .GroupBy(member => member.Name)
            .ToDictionary(group => group.Key, group => group.First().Value.GetString() ?? "");
    }

    private static SeriesLabels Labels(JsonElement labels, ReplyLimits limits)
    {
        limits.CheckLabels(labels.GetPropertyCount());
        return new SeriesLabels(
            labels
                .EnumerateObject()
                .Select(label =>
                {
                    var value = label.Value.GetString() ?? "";
                    limits.CheckLabel(label.Name, value);
                    return new KeyValuePair<string, string>(label.Name, value);
                })
        );
    }

    private static double Number(string text) =>
        text switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
        };

    private sealed class Reading(JsonStreamReader json, ReplyLimits limits)
    {
        private readonly List<LogStream> streams = [];
        private readonly List<MetricSeries> series = [];
        private IReadOnlyList<string> warnings = [];
        private string? kind;
        private int lines;

        public async ValueTask<LogResult> ReadAsync(CancellationToken cancellationToken)
        {
            await json.ExpectAsync((byte)'{', cancellationToken);
            while (await json.NextNameAsync(cancellationToken) is { } name)
            {
                switch (name)
                {
                    case "warnings":
                        warnings = await json.StringsAsync(cancellationToken);
                        break;
                    case "data":
                        await ReadDataAsync(cancellationToken);
                        break;
                    default:
                        await json.SkipAsync(cancellationToken);
                        break;
                }
            }
            return kind is "streams" or "matrix" or "vector" or "scalar"
                ? new LogResult(streams, series) { Warnings = warnings }
                : throw new JsonException($"Loki answered with an unknown kind of result, {kind}.");
        }

        private async ValueTask ReadDataAsync(CancellationToken cancellationToken)
        {
            await json.ExpectAsync((byte)'{', cancellationToken);
            while (await json.NextNameAsync(cancellationToken) is { } name)
            {
                switch (name)
                {
                    case "resultType":
                        kind = await json.StringAsync(cancellationToken);
                        break;
                    case "result" when kind == "scalar":
                        ReadScalar(await json.RawAsync(cancellationToken));
                        break;
                    case "result":
                        await ReadResultAsync(cancellationToken);
                        break;
                    default:
                        await json.SkipAsync(cancellationToken);
                        break;
                }
            }
        }

        /// <summary>A scalar alone gives its time in milliseconds.</summary>
        private void ReadScalar(ReadOnlyMemory<byte> raw)
        {
            using var pair = JsonDocument.Parse(raw);
            series.Add(
                new MetricSeries(
                    SeriesLabels.None,
                    new[] { pair.RootElement[0].GetInt64() },
                    new[] { Number(pair.RootElement[1].GetString()!) }
                )
            );
        }

        private async ValueTask ReadResultAsync(CancellationToken cancellationToken)
        {
            // Loki leaves out a list that would be empty, or writes null.
            if (await json.PeekAsync(cancellationToken) == 'n')
            {
                await json.SkipAsync(cancellationToken);
                return;
            }
            await json.ExpectAsync((byte)'[', cancellationToken);
            while (await json.NextItemAsync(cancellationToken))
                await ReadItemAsync(cancellationToken);
        }

        private async ValueTask ReadItemAsync(CancellationToken cancellationToken)
        {
            SeriesLabels? labels = null;
            var found = new List<LogLine>();
            var (times, values) = (new List<long>(), new List<double>());
            await json.ExpectAsync((byte)'{', cancellationToken);
            while (await json.NextNameAsync(cancellationToken) is { } name)
            {
                switch (name)
                {
                    case "stream" or "metric":
                        using (var read = JsonDocument.Parse(await json.RawAsync(cancellationToken)))
                        {
                            labels = Labels(read.RootElement, limits);
                        }
                        break;
                    case "value":
                        using (var pair = JsonDocument.Parse(await json.RawAsync(cancellationToken)))
                            Add(pair.RootElement);
                        break;
                    case "values":
                        await json.ExpectAsync((byte)'[', cancellationToken);
                        while (await json.NextItemAsync(cancellationToken))
                        {
                            using var one = JsonDocument.Parse(await json.RawAsync(cancellationToken));
                            if (kind != "streams")
                            {
                                Add(one.RootElement);
                                continue;
                            }
                            found.Add(Line(one.RootElement));
                            limits.CheckCount(++lines, "log lines");
                        }
                        break;
                    default:
                        await json.SkipAsync(cancellationToken);
                        break;
                }
            }
            if (labels is null)
                throw new JsonException("A result has no labels.");
            if (kind == "streams")
                streams.Add(new LogStream(labels, found));
            else
                series.Add(new MetricSeries(labels, times.ToArray(), values.ToArray()));
            limits.CheckCount(streams.Count + series.Count, "series");

            void Add(JsonElement pair)
            {
                times.Add((long)Math.Round(pair[0].GetDouble() * 1000));
                values.Add(Number(pair[1].GetString()!));
                limits.CheckSamples(times.Count);
            }
        }
    }
}

[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class LokiJson : JsonSerializerContext;
