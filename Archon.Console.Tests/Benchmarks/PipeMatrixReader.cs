using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using Archon.Analysis.Series;
using Archon.Integrations.Prometheus;
using Archon.Integrations.Replies;

namespace Archon.Tests.Benchmarks;

/// <summary>
/// What <see cref="MatrixReader"/> is measured against: the same arrays within the same limits, by <see cref="Utf8JsonReader"/> over a
/// <see cref="PipeReader"/>. See docs/decisions/0027.
/// </summary>
internal sealed class PipeMatrixReader
{
    private const int BufferSize = 64 * 1024;
    private const int FirstSamples = 256;

    private readonly ReplyLimits limits;
    private readonly List<MetricSeries> series = [];
    private readonly List<KeyValuePair<string, string>> labels = [];
    private Place place = Place.Reply;
    private Place back;
    private int skippedDepth;
    private string? name;
    private string? status;
    private SeriesLabels shown = SeriesLabels.None;
    private long[] times = new long[FirstSamples];
    private double[] values = new double[FirstSamples];
    private long[] lastTimes = [];
    private int count;
    private long time;
    private bool hasTime;

    private PipeMatrixReader(ReplyLimits limits) => this.limits = limits;

    private enum Place
    {
        Reply,
        Data,
        Result,
        Series,
        Metric,
        Values,
        Sample,
        Skipped,
    }

    public static async ValueTask<IReadOnlyList<MetricSeries>> ReadAsync(
        Stream stream,
        ReplyLimits limits,
        CancellationToken cancellationToken
    )
    {
        var reader = new PipeMatrixReader(limits);
        var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: BufferSize));
        var state = new JsonReaderState();
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            var consumed = reader.Feed(read.Buffer, read.IsCompleted, ref state);
            if (read.Buffer.Slice(consumed).Length > limits.ValueBytes)
                throw limits.TooLongValue();
            pipe.AdvanceTo(consumed, read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        await pipe.CompleteAsync();
        return reader.status == "success" ? reader.series : throw new JsonException("The reply is no result of a query.");
    }

    private SequencePosition Feed(ReadOnlySequence<byte> bytes, bool isFinal, ref JsonReaderState state)
    {
        var json = new Utf8JsonReader(bytes, isFinal, state);
        while (json.Read())
            Take(ref json);
        state = json.CurrentState;
        return json.Position;
    }

    private void Take(ref Utf8JsonReader json)
    {
        switch (place)
        {
            case Place.Sample:
                TakeOfSample(ref json);
                break;
            case Place.Values:
                (place, back, hasTime) = json.TokenType switch
                {
                    JsonTokenType.StartArray => (Place.Sample, Place.Values, false),
                    JsonTokenType.EndArray => (Place.Series, back, false),
                    _ => throw new JsonException("A list of samples is broken."),
                };
                break;
            case Place.Metric:
                TakeOfMetric(ref json);
                break;
            case Place.Series:
                TakeOfSeries(ref json);
                break;
            case Place.Result when json.TokenType == JsonTokenType.StartObject:
                (place, count, shown) = (Place.Series, 0, SeriesLabels.None);
                break;
            case Place.Result:
                place = Place.Data;
                break;
            case Place.Skipped:
                if (json.CurrentDepth == skippedDepth && json.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                    place = back;
                break;
            default:
                TakeOfReply(ref json);
                break;
        }
    }

    private void TakeOfReply(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName:
                name = json.GetString();
                break;
            case JsonTokenType.String when name == "status" && place == Place.Reply:
                status = json.GetString();
                break;
            case JsonTokenType.StartObject when name is null:
                break;
            case JsonTokenType.StartObject when name == "data" && place == Place.Reply:
                place = Place.Data;
                break;
            case JsonTokenType.StartArray when name == "result" && place == Place.Data:
                place = Place.Result;
                break;
            case JsonTokenType.EndObject:
                place = Place.Reply;
                break;
            default:
                Skip(ref json);
                break;
        }
    }

    private void TakeOfSeries(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName:
                name = json.ValueTextEquals("values"u8) ? "values" : json.GetString();
                break;
            case JsonTokenType.StartObject when name == "metric":
                labels.Clear();
                place = Place.Metric;
                break;
            case JsonTokenType.StartArray when name == "values":
                place = Place.Values;
                break;
            case JsonTokenType.StartArray when name == "value":
                (place, back, hasTime) = (Place.Sample, Place.Series, false);
                break;
            case JsonTokenType.EndObject:
                var taken = times.AsSpan(0, count);
                if (!taken.SequenceEqual(lastTimes))
                    lastTimes = taken.ToArray();
                series.Add(new MetricSeries(shown, lastTimes, values.AsSpan(0, count).ToArray()));
                limits.CheckCount(series.Count, "series");
                place = Place.Result;
                break;
            default:
                Skip(ref json);
                break;
        }
    }

    private void TakeOfMetric(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.PropertyName:
                name = json.GetString();
                break;
            case JsonTokenType.String:
                var value = json.GetString()!;
                limits.CheckLabel(name!, value);
                labels.Add(new(name!, value));
                limits.CheckLabels(labels.Count);
                break;
            default:
                shown = labels.Count == 0 ? SeriesLabels.None : new SeriesLabels(labels.ToArray());
                place = Place.Series;
                break;
        }
    }

    private void TakeOfSample(ref Utf8JsonReader json)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.Number when !hasTime:
                (time, hasTime) = ((long)Math.Round(json.GetDouble() * 1000), true);
                break;
            case JsonTokenType.String when hasTime:
                Add(time, Value(ref json));
                break;
            case JsonTokenType.EndArray:
                place = back;
                break;
            default:
                throw new JsonException("A sample is not a time and a value.");
        }
    }

    private static double Value(ref Utf8JsonReader json)
    {
        ReadOnlySpan<byte> text = json.HasValueSequence ? json.ValueSequence.ToArray() : json.ValueSpan;
        if (Utf8Parser.TryParse(text, out double value, out var read) && read == text.Length)
            return value;
        return json.GetString() switch
        {
            "NaN" => double.NaN,
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            _ => throw new JsonException("A value is not a number."),
        };
    }

    private void Add(long at, double value)
    {
        if (count == times.Length)
        {
            limits.CheckSamples(count + 1);
            var size = (int)Math.Min(count * 2L, limits.Samples);
            Array.Resize(ref times, size);
            Array.Resize(ref values, size);
        }
        times[count] = at;
        values[count++] = value;
    }

    private void Skip(ref Utf8JsonReader json)
    {
        if (json.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
            (place, back, skippedDepth) = (Place.Skipped, place, json.CurrentDepth);
    }
}
