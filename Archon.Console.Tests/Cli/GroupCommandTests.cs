using System.CommandLine;
using System.Text.Json;
using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class GroupCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("group").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_last_line_of_an_alert_names_its_group()
    {
        var estate = Text("estate.json", """{"edges_caller_to_callee": [["shop", "stock"]]}""");
        var alerts = Text(
            "alerts.jsonl",
            """
            {"alert": "a", "time": 0, "service": "shop", "metric": "errors"}
            {"alert": "b", "time": 200, "service": "stock", "metric": "cpu"}
            {"alert": "c", "time": 230, "service": "shop", "metric": "latency"}
            {"alert": "d", "time": 231, "service": "mail"}
            """
        );

        await RunAsync("--alerts", alerts, "--estate", estate);

        var lines = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(
            "abcd",
            string.Concat(
                lines.Where(line => line.GetProperty("event").GetString() == "placed").Select(line => line.GetProperty("alert").GetString())
            )
        );
        Assert.Contains(lines, line => line.GetProperty("event").GetString() == "merged");
        var group = lines
            .GroupBy(line => line.GetProperty("alert").GetString()!)
            .ToDictionary(one => one.Key, one => one.Last().GetProperty("group").GetString());
        Assert.Equal([group["a"], group["a"]], [group["b"], group["c"]]);
        Assert.NotEqual(group["a"], group["d"]);
    }

    [Theory]
    [InlineData("not json", "This is no JSON object.")]
    [InlineData("""{"alert": "b", "service": "shop"}""", "\"time\" is missing or is no number of seconds.")]
    [InlineData("""{"time": 5, "service": "shop"}""", "\"alert\" is missing or is no text.")]
    public async Task A_line_that_is_no_alert_is_reported_and_nothing_is_written(string line, string reported)
    {
        var alerts = Text("alerts.jsonl", $$"""{"alert": "a", "time": 0, "service": "shop", "metric": "errors"}""" + "\n" + line + "\n");

        var bad = await Assert.ThrowsAsync<BadInputException>(() => RunAsync("--alerts", alerts));

        Assert.EndsWith($"alerts.jsonl, line 2: {reported}", bad.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder, "out*"));
    }

    private string Output => Path.Combine(folder, "out.jsonl");

    private Task<int> RunAsync(params string[] more) =>
        GroupCommand
            .Build()
            .Parse(["--output", Output, .. more])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);

    private string Text(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
