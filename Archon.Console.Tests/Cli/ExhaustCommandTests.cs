using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class ExhaustCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-exhaust-").FullName;

    private string Output => Path.Combine(folder, "out.jsonl");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_resource_gets_a_line_with_hours_or_a_reason()
    {
        Write("cases/b.csv", hour => 0.5);
        Write("cases/a.csv", hour => 0.4 + (0.002 * hour));

        Assert.Equal(0, await RunAsync("--cases", Path.Combine(folder, "cases")));

        var rows = (await File.ReadAllLinesAsync(Output, TestContext.Current.CancellationToken))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToArray();
        Assert.Equal(["a", "b"], rows.Select(row => row.GetProperty("case").GetString()));
        // 0.4 + 0.002 * 167 now, and 133 hours to 1.
        Assert.InRange(rows[0].GetProperty("hours").GetDouble(), 131, 135);
        Assert.InRange(
            rows[0].GetProperty("hours").GetDouble(),
            rows[0].GetProperty("lower").GetDouble(),
            rows[0].GetProperty("upper").GetDouble()
        );
        Assert.Equal(JsonValueKind.Null, rows[1].GetProperty("hours").ValueKind);
        Assert.Equal("NotTrending", rows[1].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_floor_and_another_limit_can_be_asked_for()
    {
        Write("cases/free.csv", hour => 1000 - (2 * hour));

        Assert.Equal(0, await RunAsync("--cases", Path.Combine(folder, "cases"), "--falling", "--limit", "500"));

        var row = JsonDocument.Parse(await File.ReadAllTextAsync(Output, TestContext.Current.CancellationToken)).RootElement;
        Assert.InRange(row.GetProperty("hours").GetDouble(), 82, 84);
    }

    [Theory]
    [InlineData("time,value\n0,0.1\n300,high\n", "line 3: \"high\" is not a number.")]
    [InlineData("time,value\nnoon,0.1\n", "line 2: \"noon\" is not a time in seconds.")]
    [InlineData("when,value\n0,0.1\n", "line 1: The header is not time,value.")]
    public async Task Bad_input_names_file_and_line_and_nothing_is_written(string text, string reason)
    {
        Write("cases/good.csv", _ => 0.5);
        await File.WriteAllTextAsync(Path.Combine(folder, "cases", "poor.csv"), text, TestContext.Current.CancellationToken);

        var failure = await Assert.ThrowsAsync<BadInputException>(() => RunAsync("--cases", Path.Combine(folder, "cases")));

        Assert.Contains("poor.csv", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(reason, failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_ends_with_1() =>
        Assert.Equal(1, await CliCommands.RunAsync(["exhaust", "--cases", Path.Combine(folder, "absent"), "--output", Output]));

    private void Write(string name, Func<int, double> value)
    {
        var text = new StringBuilder("time,value\n");
        for (var hour = 0; hour < 168; hour++)
            text.AppendLine(CultureInfo.InvariantCulture, $"{3600 * hour},{value(hour)}");
        Directory.CreateDirectory(Path.Combine(folder, "cases"));
        File.WriteAllText(Path.Combine(folder, name), text.ToString());
    }

    private Task<int> RunAsync(params string[] args) =>
        ExhaustCommand
            .Build()
            .Parse([.. args, "--output", Output])
            .InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }, TestContext.Current.CancellationToken);
}
