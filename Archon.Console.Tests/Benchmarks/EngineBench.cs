using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Archon.Integrations.Prometheus;
using Archon.Tests.Analysis;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Benchmarks;

/// <summary>What the inner loops cost. Run by <c>./archon bench</c>, never with the tests.</summary>
public sealed class EngineBench(BenchTable table)
{
    private const int Rounds = 5;
    private const int TurnRounds = 20;
    private const string Unit = "M samples/s/core";

    [Fact(Explicit = true)]
    public async Task Parsing_and_scoring()
    {
        await ParseAsync();
        Score();
    }

    private async Task ParseAsync()
    {
        var body = Matrix(series: 1000, points: 720);
        var megabytes = body.Length / 1e6;
        BenchTable.Note($"{megabytes:0} MB of a range query, 1,000 series of 720 points");

        // In turn, so that what else the machine does meets all alike, and often enough that each is compiled to the end.
        var best = await BestAsync(
            async () => (await MatrixReader.ReadAsync(new MemoryStream(body), TestReplies.Limits(), CancellationToken.None)).Series.Count,
            () => Task.FromResult(ReadWithDocument(body)),
            async () => (await PipeMatrixReader.ReadAsync(new MemoryStream(body), TestReplies.Limits(), CancellationToken.None)).Count
        );
        var (ours, document, pipe) = (best[0], best[1], best[2]);
        table.Add(
            new BenchRow(
                "matrix to arrays, MatrixReader",
                megabytes / ours.TotalSeconds,
                "MB/s",
                2 * megabytes / document.TotalSeconds,
                false,
                "JsonDocument",
                document / ours
            )
        );
        table.Add(new BenchRow("matrix to arrays, JsonDocument", megabytes / document.TotalSeconds, "MB/s", null, false));
        table.Add(
            new BenchRow(
                "matrix to arrays, Utf8JsonReader over PipeReader",
                megabytes / pipe.TotalSeconds,
                "MB/s",
                null,
                false,
                "MatrixReader",
                ours / pipe
            )
        );
    }

    /// <summary>The same arrays by the library's document, read as one would write it without thinking of speed.</summary>
    private static int ReadWithDocument(byte[] body)
    {
        using var reply = JsonDocument.Parse(body);
        var series = new List<MetricSeries>();
        foreach (var one in reply.RootElement.GetProperty("data").GetProperty("result").EnumerateArray())
        {
            var samples = one.GetProperty("values");
            var (times, values) = (new long[samples.GetArrayLength()], new double[samples.GetArrayLength()]);
            var at = 0;
            foreach (var sample in samples.EnumerateArray())
            {
                times[at] = (long)Math.Round(sample[0].GetDouble() * 1000);
                values[at++] = double.Parse(sample[1].GetString()!, CultureInfo.InvariantCulture);
            }
            var labels = one.GetProperty("metric")
                .EnumerateObject()
                .Select(label => KeyValuePair.Create(label.Name, label.Value.GetString()!));
            series.Add(new MetricSeries(new SeriesLabels(labels), times, values));
        }
        return series.Count;
    }

    private void Score()
    {
        var noise = SeriesText.Noise(1);
        var history = SeriesText.Of(
            4032,
            TimeSpan.FromMinutes(5),
            (_, at) => 100 + (at.DayOfWeek == DayOfWeek.Sunday ? 40 : 0) + (30 * Math.Sin(at.Hour / 4.0)) + noise()
        );
        var model = SeriesModel.Fit(history, new SeriesModelSettings());

        var fits = Best(() =>
        {
            for (var i = 0; i < 20; i++)
                SeriesModel.Fit(history, new SeriesModelSettings());
        });
        table.Add(new BenchRow("models fitted on a fortnight of 5 min", 20 / fits.TotalSeconds, "series/s/core", null, false));
        table.Add(new BenchRow("stored model", model.ToBytes().Length / 1000.0, "kB", 18, true));

        const int samples = 1_000_000;
        double sum = 0;
        // Each round goes on where the last one ended: a sample that is older than one judged before is not judged at all.
        double Rate(SeriesModel from, long stepMs)
        {
            var detector = new AnomalyDetector(from, new DetectorSettings());
            var at = from.LastSampleMs;
            var scored = Best(() =>
            {
                for (var i = 0; i < samples; i++)
                    sum += detector.Score(at += stepMs, 100 + (i % 13)).Score;
            });
            return samples / scored.TotalSeconds / 1e6;
        }
        var fine = SeriesModel.Fit(
            SeriesText.Of(20_000, TimeSpan.FromSeconds(15), (_, _) => 100 + noise(), SeriesText.Monday),
            new SeriesModelSettings()
        );
        table.Add(new BenchRow($"scoring at 15 s, season {model.Season}, learnt at 5 min", Rate(model, 15_000), Unit, null, false));
        table.Add(new BenchRow("scoring at 15 s, all members learning", Rate(fine, 15_000), Unit, 2, false));
        Assert.True(sum >= 0);
    }

    private static byte[] Matrix(int series, int points)
    {
        var noise = SeriesText.Noise(2);
        var text = new StringBuilder("""{"status":"success","data":{"resultType":"matrix","result":[""");
        for (var i = 0; i < series; i++)
        {
            if (i > 0)
                text.Append(',');
            text.Append(
                CultureInfo.InvariantCulture,
                $$"""{"metric":{"__name__":"http_request_duration_seconds","job":"api","instance":"10.0.0.{{i}}:8080"},"values":["""
            );
            for (var point = 0; point < points; point++)
            {
                if (point > 0)
                    text.Append(',');
                // As many digits as rates and quantiles have.
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"[{1_700_000_000 + (point * 15)}.{point % 1000:000},\"{0.25 + (0.01 * noise()):R}\"]"
                );
            }
            text.Append("]}");
        }
        return Encoding.UTF8.GetBytes(text.Append("]}}").ToString());
    }

    private static TimeSpan Best(Action work)
    {
        work();
        return Enumerable
            .Range(0, Rounds)
            .Select(_ =>
            {
                var began = Stopwatch.GetTimestamp();
                work();
                return Stopwatch.GetElapsedTime(began);
            })
            .Min();
    }

    private static async Task<IReadOnlyList<TimeSpan>> BestAsync(params Func<Task<int>>[] works)
    {
        var best = works.Select(_ => TimeSpan.MaxValue).ToArray();
        for (var round = 0; round < TurnRounds; round++)
        {
            for (var i = 0; i < works.Length; i++)
            {
                GC.Collect();
                var began = Stopwatch.GetTimestamp();
                await works[i]();
                var took = Stopwatch.GetElapsedTime(began);
                if (took < best[i])
                    best[i] = took;
            }
        }
        return best;
    }
}
