using System.Globalization;
using System.IO.Compression;
using System.Text;
using Archon.Cli;
using Archon.Tests.Analysis;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class DetectCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-detect-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_row_of_every_file_is_scored_and_a_fault_is_out_in_both_views()
    {
        Write("a/shop.csv", Series(1, faultAt: 1500));
        Write("b/calm.csv.gz", Series(2, faultAt: -1));

        var alerts = await DetectAsync("alert");
        var levels = await DetectAsync("level");

        Assert.Equal(4001, alerts.Length);
        Assert.Equal("file,timestamp,score", alerts[0]);
        Assert.StartsWith("a/shop.csv,2026-11-02 00:00:00,", alerts[1], StringComparison.Ordinal);
        Assert.StartsWith("b/calm.csv,", alerts[2001], StringComparison.Ordinal);
        Assert.All(alerts[1..].Concat(levels[1..]), row => Assert.InRange(ScoreOf(row), 0, 1));
        Assert.Contains(alerts[1500..1510], row => ScoreOf(row) > 0);
        Assert.True(levels[1505..1530].Min(ScoreOf) > levels[1400..1500].Max(ScoreOf), "The level stays up while the fault lasts.");
    }

    [Fact]
    public async Task Times_may_be_iso_seconds_or_milliseconds_and_values_may_be_missing()
    {
        Write(
            "a.csv",
            """
            timestamp,value
            2026-11-02T00:00:00Z,1
            1793577900,NaN
            1793578200000,
            2026-11-02 00:15:00,2
            2026-11-02 00:15:00,3
            2026-11-02 00:00:01,4
            2026-11-02 00:00:02,Inf
            2026-11-02 00:00:03,+inf
            2026-11-02 00:00:04,-Inf
            2026-11-02 00:00:05,Infinity
            """
        );

        Assert.Equal(11, (await DetectAsync("alert")).Length);
    }

    [Fact]
    public async Task With_estate_only_what_is_rare_among_all_series_is_reported()
    {
        for (var i = 0; i < 8; i++)
            Write($"calm-{i}.csv", Series(20 + i, faultAt: -1));
        Write("sick.csv", Series(30, faultAt: 1500));
        static int Count(string[] rows, string file) =>
            rows[1..].Count(row => row.StartsWith(file, StringComparison.Ordinal) && ScoreOf(row) > 0);

        var (alone, together) = (await DetectAsync("alert"), await DetectAsync("alert", "--estate"));

        Assert.InRange(Count(together, "calm"), 0, Count(alone, "calm"));
        Assert.InRange(Count(together, "sick"), 1, Count(alone, "sick"));
        Assert.Equal(alone.Length, together.Length);
    }

    [Fact]
    public async Task Infinity_is_a_number_however_it_is_written()
    {
        Write(
            "a.csv",
            """
            timestamp,value
            2026-11-02 00:00:00,1
            2026-11-02 00:05:00,Inf
            2026-11-02 00:10:00,+Inf
            2026-11-02 00:15:00,-Inf
            2026-11-02 00:20:00,+Infinity
            2026-11-02 00:25:00,1.797e308
            2026-11-02 00:30:00,nan
            """
        );

        Assert.All((await DetectAsync("alert"))[1..], row => Assert.InRange(ScoreOf(row), 0, 1));
    }

    [Theory]
    [InlineData("timestamp,value\n2026-11-02 00:00:00,1\n2026-11-02 00:05:00,high\n", "line 3", "\"high\" is not a number")]
    [InlineData("timestamp,value\nyesterday,1\n", "line 2", "\"yesterday\" is not a timestamp")]
    [InlineData("time,number\n1,1\n", "line 1", "timestamp and value")]
    [InlineData("timestamp,value\n1793577900,1,2\n", "bad.csv", "")]
    public async Task Bad_input_ends_with_1_names_file_and_line_and_writes_nothing(string text, string where, string why)
    {
        Write("good.csv", Series(3, faultAt: -1));
        Write("bad.csv", text);
        var error = new StringWriter();
        var (before, output) = (Console.Error, Path.Combine(folder, "out.csv"));
        Console.SetError(error);
        try
        {
            Assert.Equal(1, await CliCommands.RunAsync(["detect", "--data", folder, "--output", output]));
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.Contains("bad.csv", error.ToString(), StringComparison.Ordinal);
        Assert.Contains(where, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(output));
    }

    [Theory]
    [InlineData("detect")]
    [InlineData("detect", "--data", "/nowhere/at/all", "--output", "-")]
    [InlineData("detect", "--data", ".", "--view", "sideways", "--output", "-")]
    public async Task Wrong_usage_ends_with_1(params string[] args) => Assert.Equal(1, await CliCommands.RunAsync(args));

    private async Task<string[]> DetectAsync(string view, params string[] options)
    {
        var output = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            Assert.Equal(0, await CliCommands.RunAsync(["detect", "--data", folder, "--view", view, "--output", output, .. options]));
            return await File.ReadAllLinesAsync(output, TestContext.Current.CancellationToken);
        }
        finally
        {
            File.Delete(output);
        }
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!name.EndsWith(".gz", StringComparison.Ordinal))
        {
            File.WriteAllText(path, text);
            return;
        }
        using var gzip = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        gzip.Write(Encoding.UTF8.GetBytes(text));
    }

    private static string Series(int seed, int faultAt)
    {
        var noise = SeriesText.Noise(seed);
        var text = new StringBuilder("timestamp,value\n");
        for (var i = 0; i < 2000; i++)
        {
            var value = 50 + noise() + (faultAt >= 0 && i >= faultAt && i < faultAt + 40 ? 30 : 0);
            text.Append(CultureInfo.InvariantCulture, $"{SeriesText.Monday.AddMinutes(5 * i):yyyy-MM-dd HH:mm:ss},{value}\n");
        }
        return text.ToString();
    }

    private static double ScoreOf(string row) => double.Parse(row[(row.LastIndexOf(',') + 1)..], CultureInfo.InvariantCulture);
}
