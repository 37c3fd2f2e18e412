using System.Diagnostics;
using System.Text.Json;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Routing;
using Archon.ConfigFiles.Alertmanager;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.ConfigFiles.Alertmanager;

[SystemTest]
public sealed class RouteReaderTests
{
    private const string Config = """
        route:
          receiver: default
          group_by: [alertname, service]
          group_wait: 2s
          routes:
            - receiver: page
              matchers: ['severity="critical"', 'team!~"qa|test.*"']
              group_wait: 15s
              continue: true
              mute_time_intervals: [nights]
              routes:
                - matchers: ["service=~rag.+"]
                  receiver: rag
            - match: {severity: critical}
              receiver: second
            - match_re: {service: "db.*"}
              receiver: db
              group_by: ['...']
            - matchers: ['note="a, \"b\""', 'region=']
              receiver: quoted
        receivers: [{name: default}, {name: page}, {name: rag}, {name: second}, {name: db}, {name: quoted}]
        time_intervals: [{name: nights, time_intervals: [{times: [{start_time: '22:00', end_time: '23:00'}]}]}]
        """;

    [Theory]
    [InlineData("")]
    [InlineData("severity=critical")]
    [InlineData("severity=critical", "team=qa")]
    [InlineData("severity=critical", "service=rag-engine")]
    [InlineData("severity=critical", "service=rag")]
    [InlineData("service=database")]
    [InlineData("service=mydb")]
    [InlineData("severity=warning", "note=a, \"b\"")]
    [InlineData("note=a, \"b\"", "region=eu")]
    public async Task An_alert_goes_where_amtool_says(params string[] labels)
    {
        var given = labels.Where(one => one.Length > 0).ToDictionary(one => one[..one.IndexOf('=')], one => one[(one.IndexOf('=') + 1)..]);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, Config, TestContext.Current.CancellationToken);

        var (root, fault) = RouteReader.Read(Config);

        Assert.Null(fault);
        var stops = RouteTree.Stops(root!, given);
        Assert.Equal(await AmtoolAsync(file, given), string.Join(',', stops.Select(stop => stop.Receiver)));
        File.Delete(file);
    }

    [Theory]
    [InlineData("---\nroute: {receiver: other}\n")]
    [InlineData("---\n---\n[not: yaml")]
    public async Task Only_the_first_document_counts(string more)
    {
        var text = $"{Config}\n{more}";
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);

        var (root, fault) = RouteReader.Read(text);

        Assert.Null(fault);
        var stops = RouteTree.Stops(root!, new Dictionary<string, string>());
        Assert.Equal(await AmtoolAsync(file, []), string.Join(',', stops.Select(stop => stop.Receiver)));
        File.Delete(file);
    }

    [Fact]
    public void A_route_has_what_it_does_not_say_from_above_but_for_mute_times()
    {
        var stops = RouteTree.Stops(
            RouteReader.Read(Config).Root!,
            new Dictionary<string, string> { ["severity"] = "critical", ["service"] = "rag-engine" }
        );

        Assert.Equal(["rag", "second"], stops.Select(stop => stop.Receiver));
        Assert.Equal(
            (TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(5), 2),
            (stops[0].GroupWait, stops[0].GroupInterval, stops[0].GroupBy.Count)
        );
        Assert.Equal(
            ["severity=\"critical\"", "team!~\"qa|test.*\"", "service=~\"rag.+\""],
            stops[0].Path.Select(matcher => matcher.ToString())
        );
        Assert.Empty(stops[0].MuteTimes);
    }

    [Fact]
    public void What_a_server_reports_is_read()
    {
        var (root, fault) = RouteReader.Read(
            JsonDocument
                .Parse(RecordedReply.Read("Alertmanager/0.33.1/status").Body)
                .RootElement.GetProperty("config")
                .GetProperty("original")
                .GetString()!
        );

        Assert.Null(fault);
        var stops = RouteTree.Stops(root!, new Dictionary<string, string> { ["case"] = "prom", ["cluster"] = "demo" });
        Assert.Equal(["default", "web.prom"], stops.Select(stop => stop.Receiver));
    }

    [Theory]
    [InlineData("route: {receiver: a, matchers: ['no matcher']}", "The matcher no matcher cannot be read.")]
    [InlineData("route: {receiver: a, matchers: ['a=~\"(\"']}", "cannot be read")]
    [InlineData("receivers: []", "The configuration has no route.")]
    [InlineData("route: [", "Line 2")]
    public void What_cannot_be_read_is_reported(string yaml, string words)
    {
        var (root, fault) = RouteReader.Read(yaml);

        Assert.Null(root);
        Assert.Contains(words, fault, StringComparison.Ordinal);
    }

    private static async Task<string> AmtoolAsync(string file, Dictionary<string, string> labels)
    {
        var start = new ProcessStartInfo(Tools.Find("amtool"), ["config", "routes", "test", $"--config.file={file}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in labels)
            start.ArgumentList.Add($"{name}={GoText.Quote(value)}");
        using var amtool = Process.Start(start)!;
        var said = await amtool.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await amtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        return said.Trim();
    }
}
