using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class PatternsCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-patterns-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Templates_of_a_file_come_with_counts_times_and_an_example()
    {
        var log = Write(
            "app.log",
            "Mar  2 06:00:00 a job 1 done\nMar  2 06:01:00 a job 2 done\r\n\n\tdetail\nMar  2 06:02:00 ERROR disk full"
        );
        var output = Path.Combine(folder, "out.jsonl");

        Assert.Equal(0, await CliCommands.RunAsync(["patterns", "--lines", log, "--output", output, "--year", "2026"]));

        var rows = Rows(output);
        Assert.Equal("<time> a job <num> done", rows[0].GetProperty("template").GetString());
        Assert.Equal(2, rows[0].GetProperty("count").GetInt64());
        Assert.Equal(new DateTime(2026, 3, 2, 6, 0, 0, DateTimeKind.Utc), rows[0].GetProperty("first").GetDateTime());
        Assert.Equal(new DateTime(2026, 3, 2, 6, 1, 0, DateTimeKind.Utc), rows[0].GetProperty("last").GetDateTime());
        Assert.Equal("Mar  2 06:00:00 a job 1 done", rows[0].GetProperty("example").GetString());
        Assert.Equal("error", rows[1].GetProperty("level").GetString());
        Assert.Equal(2, rows.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(60)]
    public async Task A_compressed_file_that_lacks_its_end_is_refused_by_name(int missing)
    {
        var log = Write("app.log.gz", Entries(400, i => $"served {i * 7919 % 1000}"));
        var whole = await File.ReadAllBytesAsync(log, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(log, whole[..^missing], TestContext.Current.CancellationToken);
        var output = Path.Combine(folder, "out.jsonl");

        Assert.Equal(1, await CliCommands.RunAsync(["patterns", "--lines", log, "--output", output]));
        Assert.False(File.Exists(output));
    }

    [Fact]
    public async Task A_window_is_held_against_a_baseline_and_entries_of_Loki_are_read_within()
    {
        var baseline = Write("before.log.gz", Entries(500, i => $"served {i}"));
        var window = Write("after.log", Entries(400, i => i % 2 == 0 ? $"served {i}" : $"refused by 10.0.0.{i % 250}"));
        var output = Path.Combine(folder, "out.jsonl");

        Assert.Equal(0, await CliCommands.RunAsync(["patterns", "--baseline", baseline, "--window", window, "--output", output]));

        var rows = Rows(output);
        Assert.Equal("refused by <ip>", rows[0].GetProperty("template").GetString());
        Assert.Equal("new", rows[0].GetProperty("change").GetString());
        Assert.True(rows[0].GetProperty("significant").GetBoolean());
        Assert.Equal(JsonValueKind.Null, rows[0].GetProperty("ratio").ValueKind);
        Assert.Equal(200, rows[0].GetProperty("window").GetProperty("count").GetInt64());
        Assert.InRange(rows[1].GetProperty("ratio").GetDouble(), 0.49, 0.51);
    }

    [Theory]
    [InlineData("patterns")]
    [InlineData("patterns", "--baseline", "a")]
    [InlineData("patterns", "--lines", "a", "--window", "b")]
    [InlineData("patterns", "--baseline", "-", "--window", "-")]
    [InlineData("patterns", "--lines", "a", "--max-templates", "3")]
    [InlineData("patterns", "--lines", "a", "--false-discovery-rate", "1")]
    public async Task Wrong_usage_ends_with_1(params string[] args) => Assert.Equal(1, await CliCommands.RunAsync(args));

    [Fact]
    public async Task A_file_that_cannot_be_read_ends_with_1_and_writes_nothing()
    {
        var output = Path.Combine(folder, "out.jsonl");

        Assert.Equal(1, await CliCommands.RunAsync(["patterns", "--lines", Path.Combine(folder, "absent.log"), "--output", output]));
        Assert.Equal(1, await CliCommands.RunAsync(["patterns", "--lines", Write("empty.log", ""), "--output", output]));

        Assert.False(File.Exists(output));
    }

    [Fact]
    public void A_reader_reports_file_and_line_of_what_cannot_be_read_on()
    {
        var path = Write("broken.log.gz", Entries(2000, i => $"served {i}"));
        var bytes = File.ReadAllBytes(path);
        for (var i = 200; i < 260; i++)
            bytes[i] ^= 0x5a;
        File.WriteAllBytes(path, bytes);
        using var reader = new LineReader(Files.OpenRead(path, isStreamed: true), path);

        var failure = Assert.Throws<BadInputException>(() =>
        {
            while (reader.Next(out _)) { }
        });

        Assert.Contains($"{path}, line {reader.Count + 1}: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_are_as_they_are_and_of_one_without_end_the_beginning_is_given()
    {
        var text = $"one\r\n\ntwo\n{new string('x', 1_000_000)}\nthree";
        using var reader = new LineReader(new MemoryStream(Encoding.UTF8.GetBytes(text)), "-");
        var lines = new List<string>();
        while (reader.Next(out var line))
            lines.Add(line.ToString());

        Assert.Equal(["one", "", "two", "three"], lines.Where(line => line.Length < 10));
        Assert.Equal(new string('x', 65_536), lines[3]);
        Assert.Equal(5, reader.Count);
    }

    private static string Entries(int count, Func<int, string> line) =>
        string.Concat(
            Enumerable
                .Range(0, count)
                .Select(i =>
                    $$"""{"labels":{"app":"shop"},"line":"{{line(i)}}","timestamp":"{{new DateTime(2026, 3, 2, 6, 0, 0, DateTimeKind.Utc).AddSeconds(i):O}}"}"""
                    + "\n"
                )
        );

    private string Write(string name, string text)
    {
        var path = Path.Combine(folder, name);
        using var file = File.Create(path);
        using var stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionLevel.Fastest) : (Stream)file;
        stream.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }

    private static List<JsonElement> Rows(string path) => [.. File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement)];
}
