using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Prometheus;

/// <summary>Held against the framework's own JSON reader, which knows no shortcuts.</summary>
public sealed class MatrixReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Recorded =>
        [
            .. RecordedReply
                .Names("Prometheus", "query-")
                .Where(name =>
                    RecordedReply.Read(name) is { Status: 200 } reply && reply.Body.Contains("resultType", StringComparison.Ordinal)
                ),
        ];

    [Theory, MemberData(nameof(Recorded))]
    public async Task Every_recorded_reply_is_read_the_same_in_one_piece_and_byte_by_byte(string name)
    {
        var body = RecordedReply.Read(name).Body;

        await CompareAsync(body, int.MaxValue);
        await CompareAsync(body, 1);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(3, 64)]
    [InlineData(4, 127)]
    [InlineData(5, 129)]
    [InlineData(6, 4096)]
    [InlineData(7, 65536)]
    [InlineData(8, int.MaxValue)]
    public async Task A_matrix_of_any_numbers_is_read_the_same_in_pieces_of_any_size(int seed, int piece)
    {
        var random = new Random(seed);
        for (var i = 0; i < 40; i++)
            await CompareAsync(RandomMatrix(random), piece);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("<html><body>Bad gateway</body></html>")]
    [InlineData("""{"status":"success"}""")]
    [InlineData("""{"status":"error","errorType":"bad_data","error":"no"}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[3,"4"]""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[3,4]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["x","2"]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"ten"]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"} ]]}]}}""")]
    [InlineData("""{"status":"success","data":{"resultType":"matrix","result":"none"}}""")]
    public async Task What_is_no_reply_is_refused_however_it_is_cut(string body)
    {
        foreach (var piece in (int[])[1, 5, int.MaxValue])
        {
            await Assert.ThrowsAnyAsync<JsonException>(async () =>
                await MatrixReader.ReadAsync(new Pieces(body, piece), TestReplies.Limits(), Token)
            );
        }
    }

    [Fact]
    public async Task Every_cut_of_a_good_reply_is_noticed()
    {
        var body = RecordedReply.Read("Prometheus/3.5.3/query-range-mixed").Body.TrimEnd();
        for (var length = 0; length < body.Length; length++)
        {
            await Assert.ThrowsAnyAsync<JsonException>(async () =>
                await MatrixReader.ReadAsync(new Pieces(body[..length], int.MaxValue), TestReplies.Limits(), Token)
            );
        }
    }

    private static async Task CompareAsync(string body, int piece)
    {
        var read = await MatrixReader.ReadAsync(new Pieces(body, piece), TestReplies.Limits(), Token);
        using var json = JsonDocument.Parse(body);
        var data = json.RootElement.GetProperty("data");
        Assert.Equal(data.GetProperty("resultType").GetString(), read.Kind);
        if (read.Kind is "scalar" or "string")
            return;

        var expected = data.GetProperty("result").EnumerateArray().ToList();
        var plain = expected.Where(one => one.TryGetProperty("value", out _) || one.TryGetProperty("values", out _)).ToList();
        Assert.Equal(plain.Count, read.Series.Count);
        foreach (var (one, series) in plain.Zip(read.Series))
        {
            Assert.Equal(
                one.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()),
                series.Labels.Values.ToDictionary(label => label.Key, string? (label) => label.Value)
            );
            var samples = one.TryGetProperty("values", out var values)
                ? [.. values.EnumerateArray()]
                : new List<JsonElement> { one.GetProperty("value") };
            Assert.Equal(samples.Select(sample => (long)Math.Round(sample[0].GetDecimal() * 1000)), series.Times.ToArray());
            // To the bit: a value that is off by one unit would be another value.
            Assert.Equal(
                samples.Select(sample => BitConverter.DoubleToInt64Bits(Number(sample[1].GetString()!))),
                series.Values.ToArray().Select(BitConverter.DoubleToInt64Bits)
            );
        }
        Assert.Equal(
            expected.Count(one => one.TryGetProperty("histogram", out _) || one.TryGetProperty("histograms", out _)),
            read.Histograms.Count
        );
    }

    private static double Number(string text) =>
        text switch
        {
            "+Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            _ => double.Parse(text, CultureInfo.InvariantCulture),
        };

    private static string RandomMatrix(Random random)
    {
        var body = new StringBuilder("""{"status":"success","isPartial":false,"data":{"resultType":"matrix","result":[""");
        for (var s = random.Next(4); s >= 0; s--)
        {
            body.Append("{\"metric\":")
                .Append(JsonSerializer.Serialize(new Dictionary<string, string> { ["job"] = Text(random), ["text"] = Text(random) }))
                .Append(",\"values\":[");
            var at = random.NextInt64(1_000_000_000, 2_000_000_000) * 1000;
            var samples = random.Next(60);
            for (var i = 0; i < samples; i++)
            {
                at += random.Next(1, 100_000);
                body.Append(
                        i == 0 ? "["
                        : random.Next(20) == 0 ? " , [ "
                        : ",["
                    )
                    .Append((at / 1000m).ToString(random.Next(10) == 0 ? "0.000" : "0.###", CultureInfo.InvariantCulture))
                    .Append(",\"")
                    .Append(Value(random))
                    .Append("\"]");
            }
            body.Append(s == 0 ? "]}" : "]},");
        }
        return body.Append("]}}").Append(random.Next(2) == 0 ? "\n" : "").ToString();
    }

    private static string Value(Random random) =>
        random.Next(9) switch
        {
            0 => "NaN",
            1 => "+Inf",
            2 => "-Inf",
            3 => random.Next(-5, 5).ToString(CultureInfo.InvariantCulture),
            4 => (random.NextDouble() * Math.Pow(10, random.Next(-30, 30)))
                .ToString("R", CultureInfo.InvariantCulture)
                .Replace("E", "e", StringComparison.Ordinal),
            5 => "-0",
            6 => Math.Round(random.NextDouble() * 1000, random.Next(6)).ToString(CultureInfo.InvariantCulture),
            7 => random.NextInt64().ToString(CultureInfo.InvariantCulture)
                + "."
                + random.NextInt64().ToString(CultureInfo.InvariantCulture),
            _ => BitConverter.Int64BitsToDouble(random.NextInt64()) is var any && double.IsFinite(any)
                ? any.ToString("R", CultureInfo.InvariantCulture)
                : "0",
        };

    private static string Text(Random random) =>
        random.Next(4) switch
        {
            0 => "",
            1 => "a\"b\\c\nd\u0001 ☃ \ud83d\ude80 </script>",
            2 => new string('x', random.Next(400)),
            _ => "svc-" + random.Next(10).ToString(CultureInfo.InvariantCulture),
        };

    /// <summary>A stream that gives at most so many bytes at once, as a network does.</summary>
    private sealed class Pieces(string body, int piece) : MemoryStream(Encoding.UTF8.GetBytes(body))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
