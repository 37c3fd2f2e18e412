using System.CommandLine;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Archon.Cli;
using Archon.Tests.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class RankCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("rank").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Cases_become_lines_with_a_ranking_and_its_reasons()
    {
        Write("broken", new Estate(1).Break("stock", "latency", (_, usual) => 2 * usual));
        Write("quiet", new Estate(2));
        var graph = Text("graph.json", JsonSerializer.Serialize(new { edges_caller_to_callee = Edges() }));
        var start = Estate.OnsetMs / 1000;
        var broken = new
        {
            start,
            target_service = "web",
            target_metric = "latency",
        };
        var index = Text("cases.json", JsonSerializer.Serialize(new { broken, quiet = new { start } }));

        await RunAsync("--index", index, "--graph", graph);

        var lines = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(["broken", "quiet"], lines.Select(line => line.GetProperty("case").GetString()));
        Assert.Equal("stock", lines[0].GetProperty("ranking")[0].GetProperty("service").GetString());
        Assert.Equal("latency", lines[0].GetProperty("ranking")[0].GetProperty("metric").GetString());
        Assert.Equal(
            ["web", "search", "stock"],
            lines[0].GetProperty("evidence")[0].GetProperty("path").EnumerateArray().Select(step => step.GetString())
        );
        Assert.NotEqual(0, lines[0].GetProperty("evidence")[0].GetProperty("for").GetArrayLength());
        Assert.Equal(0, lines[1].GetProperty("ranking").GetArrayLength());
        Assert.NotEmpty(lines[1].GetProperty("reason").GetString()!);
    }

    [Theory]
    [InlineData("time,web|latency\n0,1\n15,fast\n", "broken.csv, line 3: \"fast\" in column web|latency is no number.")]
    [InlineData("time,web|latency\nnow,1\n", "broken.csv, line 2: \"now\" in column time is no number.")]
    [InlineData("when,web|latency\n0,1\n", "broken.csv, line 1: The header is not time,")]
    [InlineData("time,latency\n0,1\n", "broken.csv, line 1: The column latency is not")]
    [InlineData("time,web|latency\n0,1,2\n", "broken.csv cannot be read")]
    public async Task What_is_no_telemetry_is_reported_by_file_and_line_and_nothing_is_written(string csv, string reported)
    {
        Text("broken.csv", csv);

        var bad = await Assert.ThrowsAsync<BadInputException>(() => RunAsync());

        Assert.Contains(reported, bad.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    [Theory]
    [InlineData("{\n \"quiet\": oops }", "line 2")]
    [InlineData("{\"quiet\": {\"start\": \"noon\"}}", "case quiet: \"start\" is missing or is no number of seconds.")]
    [InlineData(
        "{\"quiet\": {\"edges_caller_to_callee\": [[\"a\"]]}}",
        "case quiet: \"edges_caller_to_callee\" is no list of pairs of names."
    )]
    public async Task An_index_of_another_form_is_reported_by_file_and_place(string json, string reported)
    {
        Write("quiet", new Estate(3));
        var index = Text("cases.json", json);

        var bad = await Assert.ThrowsAsync<BadInputException>(() => RunAsync("--index", index));

        Assert.Contains("cases.json", bad.Message, StringComparison.Ordinal);
        Assert.Contains(reported, bad.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_it_leaves_nothing_behind()
    {
        Write("quiet", new Estate(4));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            RankCommand
                .Build()
                .Parse(["--cases", folder, "--output", Output])
                .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, new CancellationToken(canceled: true))
        );

        Assert.False(File.Exists(Output));
    }

    private string Output => Path.Combine(folder, "out.jsonl");

    private static IEnumerable<string[]> Edges() => Estate.Calls.Select(call => new[] { call.Caller, call.Callee });

    private Task<int> RunAsync(params string[] more) =>
        RankCommand
            .Build()
            .Parse(["--cases", folder, "--output", Output, .. more])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);

    private string Text(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private void Write(string id, Estate estate)
    {
        var question = estate.Question();
        using var writer = new StreamWriter(new GZipStream(File.Create(Path.Combine(folder, id + ".csv.gz")), CompressionMode.Compress));
        writer.WriteLine("time," + string.Join(',', question.Series.Select(series => $"{series.Service}|{series.Metric}")));
        for (var row = 0; row < question.Times.Length; row++)
        {
            var at = row;
            writer.WriteLine(
                string.Join(
                    ',',
                    question
                        .Series.Select(series => series.Values.Span[at])
                        .Prepend(question.Times.Span[row] / 1000.0)
                        .Select(value => value.ToString("R", CultureInfo.InvariantCulture))
                )
            );
        }
    }
}
