using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class ForecastCommandTests : IDisposable
{
    private static readonly string[] Required = ["--horizon", "--period"];
    private readonly string folder = Directory.CreateTempSubdirectory("archon-forecast-").FullName;

    private string Output => Path.Combine(folder, "out.csv");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_series_gets_a_row_per_step_in_the_order_of_the_input()
    {
        var text = "id,v1,v2\n\"b,1\"," + string.Join(',', Hours(500)) + ",,\nshort,4,NaN,5\n";
        var train = Path.Combine(folder, "train.csv.gz");
        await using (var gzip = new GZipStream(File.Create(train), CompressionMode.Compress))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, await RunAsync(train));

        var rows = await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken);
        Assert.Equal("series,step,forecast,lower,upper", rows[0]);
        Assert.Equal(1 + (2 * 24), rows.Length);
        Assert.StartsWith("\"b,1\",1,", rows[1], StringComparison.Ordinal);
        Assert.Equal("short,24,5,,", rows[^1]);
        var cells = rows[7].Split(',')[^3..].Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).ToArray();
        Assert.InRange(cells[0], cells[1], cells[2]);
        // The seventh hour after 500 of a saw of a day.
        Assert.Equal(506 % 24, cells[0], 0.01);
    }

    [Theory]
    [InlineData("a,1,2\nb,3,x\n", "line 2: \"x\" in column 3 is not a number.")]
    [InlineData("a,1,2\nb,,\n", "line 2: The series \"b\" has no value.")]
    [InlineData("", "has no series.")]
    public async Task Bad_input_names_file_and_line_and_nothing_is_written(string text, string reason)
    {
        var train = Path.Combine(folder, "train.csv");
        await File.WriteAllTextAsync(train, text, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<BadInputException>(() => RunAsync(train));

        Assert.Contains("train.csv", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(reason, failure.Message, StringComparison.Ordinal);
        Assert.Equal([train], Directory.GetFiles(folder));
    }

    [Theory]
    [InlineData("--horizon", "0")]
    [InlineData("--period", "9999")]
    [InlineData("--level", "1")]
    public async Task Wrong_usage_ends_with_1(string option, string value)
    {
        string[] usual = ["forecast", "--train", "absent.csv", "--output", Output];
        var others = Required.Where(one => one != option).SelectMany(one => (string[])[one, "24"]);

        Assert.Equal(1, await CliCommands.RunAsync([.. usual, .. others, option, value]));
    }

    private static IEnumerable<string> Hours(int count) =>
        Enumerable.Range(0, count).Select(hour => (hour % 24).ToString(CultureInfo.InvariantCulture));

    private Task<int> RunAsync(string train) =>
        ForecastCommand
            .Build()
            .Parse(["--train", train, "--horizon", "24", "--period", "24", "--output", Output])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);
}
