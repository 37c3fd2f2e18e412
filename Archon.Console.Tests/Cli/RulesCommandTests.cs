using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Archon.Tests.Cli;

[SystemTest]
public sealed class RulesCommandTests(PostgresFixture postgres) : IDisposable
{
    private const string Rules = """
        # Ours.
        groups:
          - name: shop   # of the shop
            rules:
              - alert: 'Down'
                expr: >-
                  up{job="shop"}
                  == 0
                for: 5m   # patience
                labels: {severity: critical}
                annotations: {summary: down, runbook: restart it}

        """;

    private readonly string folder = Directory.CreateTempSubdirectory("rules").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Roundtrip_prints_nothing_when_every_byte_is_the_same()
    {
        var file = Text("a.yml", Rules.ReplaceLineEndings("\r\n"));

        Assert.Equal((0, "", ""), await RunAsync("roundtrip", file));
        var (code, reported, _) = await RunAsync("roundtrip", file, "--output", "json");

        Assert.Equal((0, true), (code, JsonDocument.Parse(reported).RootElement[0].GetProperty("equal").GetBoolean()));
    }

    [Fact]
    public async Task Roundtrip_of_what_Prometheus_refuses_names_file_and_line()
    {
        var file = Text("a.yml", "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: rate(up)\n");

        var (code, _, error) = await RunAsync("roundtrip", file);

        Assert.Equal(1, code);
        Assert.StartsWith($"{file}:5: could not parse expression", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lint_exits_with_2_when_it_finds_the_asked_severity_and_reports_why()
    {
        var file = Text("a.yml", "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: up == 0\n");

        var (calm, _, _) = await RunAsync("lint", file);
        var (code, reported, _) = await RunAsync("lint", file, "--fail-on", "warning", "--output", "json");

        Assert.Equal((0, 2), (calm, code));
        var found = JsonDocument
            .Parse(reported)
            .RootElement.EnumerateArray()
            .Single(one => one.GetProperty("check").GetString() == "severity");
        Assert.Equal((4, "A"), (found.GetProperty("line").GetInt32(), found.GetProperty("rule").GetString()));
    }

    [Fact]
    public async Task Lint_of_a_broken_file_finds_an_error()
    {
        var (code, reported, _) = await RunAsync("lint", Text("a.yml", "groups: 1\n"));

        Assert.Equal(2, code);
        Assert.Contains("[syntax]", reported, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_file_says_cannot_send_escapes_to_the_terminal()
    {
        var (one, other) = (
            Text("a.yml", "groups: []\n"),
            Text(
                "b.yml",
                """
                groups:
                  - name: "shop\e[2Jgone\u202Eb"
                    rules:
                      - {alert: "A\e[31m\nforged", expr: up == 0}
                """
            )
        );

        var (_, changes, _) = await RunAsync("diff", one, other);
        var (_, findings, _) = await RunAsync("lint", other);

        Assert.Contains(@"group added: shop\x1b[2Jgone\u202Eb", changes, StringComparison.Ordinal);
        Assert.Contains(@"A\x1b[31m\nforged", findings, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', changes + findings);
    }

    [Fact]
    public async Task Diff_reports_what_two_files_say_differently_and_not_how()
    {
        var (one, same, other) = (
            Text("a.yml", Rules),
            Text("b.yml", Rules.Replace("# Ours.\n", "", StringComparison.Ordinal)),
            Text("c.yml", Rules.Replace("5m", "10m", StringComparison.Ordinal))
        );

        Assert.Equal((0, "", ""), await RunAsync("diff", one, same));
        var (code, reported, _) = await RunAsync("diff", one, other);
        var (_, json, _) = await RunAsync("diff", one, other, "--output", "json");

        Assert.Equal((2, "rule changed: shop / Down\n  - for: 5m\n  + for: 10m\n"), (code, reported));
        Assert.Equal("10m", JsonDocument.Parse(json).RootElement[0].GetProperty("fields")[0].GetProperty("after").GetString());
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_said_in_words()
    {
        var (code, reported, error) = await RunAsync("diff", Path.Combine(folder, "a.yml"), Path.Combine(folder, "b.yml"));

        Assert.Equal((1, ""), (code, reported));
        Assert.Contains("cannot be read", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_reports_the_state_of_each_alert_at_each_evaluation()
    {
        await using var prometheus = await RealPrometheus.StartAsync(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nscrape_configs: [{job_name: none, static_configs: [{targets: ['127.0.0.1:1']}]}]\n",
            Token
        );
        using (var http = new HttpClient { BaseAddress = prometheus.Address })
        {
            // Until it has tried the target that nobody answers at a few times.
            var tried = new Uri("api/v1/query?query=count_over_time(up[30s])>3", UriKind.Relative);
            while (!(await http.GetStringAsync(tried, Token)).Contains("none", StringComparison.Ordinal))
                await Task.Delay(100, Token);
        }
        var file = Text("a.yml", "groups:\n- name: a\n  rules:\n  - alert: Down\n    expr: up == 0\n");

        var (code, reported, error) = await RunAsync(
            "backtest",
            file,
            "--from",
            "now-10s",
            "--to",
            "now",
            "--interval",
            "1s",
            "--prometheus",
            prometheus.Address.AbsoluteUri,
            "--warm-up",
            "0s"
        );
        var (text, lines, _) = await RunAsync(
            "backtest",
            file,
            "--from",
            "now-10s",
            "--to",
            "now",
            "--interval",
            "1s",
            "--prometheus",
            prometheus.Address.AbsoluteUri,
            "--output",
            "text"
        );

        Assert.True(code == 0, error);
        var last = JsonDocument.Parse(reported.TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal(
            ("Down", "firing", "none"),
            (
                last.GetProperty("alertname").GetString(),
                last.GetProperty("state").GetString(),
                last.GetProperty("labels").GetProperty("job").GetString()
            )
        );
        Assert.Equal(0, text);
        Assert.Contains("Down", lines, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Backtest_without_a_server_that_answers_exits_with_1()
    {
        var (code, reported, error) = await RunAsync(
            "backtest",
            Text("a.yml", Rules),
            "--from",
            "now-1h",
            "--to",
            "now",
            "--prometheus",
            NoServer.Address.AbsoluteUri
        );

        Assert.Equal((1, ""), (code, reported));
        Assert.Contains("Nothing listens", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://ada:s3cret@localhost:9090")]
    [InlineData("ada:s3cret@localhost:9090")]
    [InlineData("https://ada:s3c/ret@localhost")]
    public async Task An_address_with_a_password_is_refused_with_the_settings_for_it_and_never_repeated(string address)
    {
        var (code, reported, error) = await RunAsync(
            "backtest",
            Text("a.yml", Rules),
            "--from",
            "now-1h",
            "--to",
            "now",
            "--prometheus",
            address
        );

        Assert.Equal((1, ""), (code, reported));
        Assert.Contains("Prometheus__Username", error, StringComparison.Ordinal);
        Assert.DoesNotContain("s3c", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":"success","warnings":["store 10.0.0.7 is away"],"data":{"resultType":"matrix","result":[]}}""", "10.0.0.7")]
    [InlineData("""{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}""", "partial")]
    public async Task A_reply_that_lacks_samples_is_not_known_and_said_once(string reply, string why)
    {
        await using var fake = await FakeUpstream.StartAsync(context =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(reply, Token);
        });

        var (_, reported, error) = await RunAsync(
            "backtest",
            Text("a.yml", Rules),
            "--rule",
            "Down",
            "--from",
            "now-1h",
            "--to",
            "now",
            "--interval",
            "1m",
            "--output",
            "text",
            "--prometheus",
            fake.Address.AbsoluteUri
        );

        Assert.Contains(" evaluations failed", reported, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 evaluations failed", reported, StringComparison.Ordinal);
        Assert.Contains("not known, as samples are missing", error, StringComparison.Ordinal);
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.Single(error.Split('\n'), line => line.Contains("evaluation failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_imported_is_exported_to_the_byte_with_its_tests()
    {
        await using var database = await postgres.NewDatabaseAsync();
        Directory.CreateDirectory(Path.Combine(folder, "in", "team"));
        var bytes = Encoding.UTF8.GetBytes("\ufeff" + Rules.ReplaceLineEndings("\r\n"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "in", "team", "shop.yml"), bytes, Token);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "in", "team", "shop_test.yml"),
            "rule_files:\n  - shop.yml\n\ntests:\n  - interval: 1m\n",
            Token
        );

        var imported = await RunOnAsync(database, "import", Path.Combine(folder, "in"), "--output", "json");
        var exported = await RunOnAsync(database, "export", "-o", Path.Combine(folder, "out"));

        Assert.True(imported.Code == 0 && exported.Code == 0, imported.Error + exported.Error);
        Assert.Equal(
            ["taken", "taken"],
            JsonDocument.Parse(imported.Reported).RootElement.EnumerateArray().Select(one => one.GetProperty("result").GetString())
        );
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(folder, "out", "team", "shop.yml"), Token));
        Assert.Equal(
            "rule_files:\n  - shop.yml\n\ntests:\n  - interval: 1m\n",
            await File.ReadAllTextAsync(Path.Combine(folder, "out", "team", "shop_test.yml"), Token)
        );
        var (missing, _, words) = await RunOnAsync(database, "export", "--group", "nothing");
        Assert.Equal((2, "archon rules: The catalogue has no file with a group nothing.\n"), (missing, words));
    }

    [Fact]
    public async Task A_file_that_Prometheus_would_refuse_is_not_taken_and_the_others_are()
    {
        await using var database = await postgres.NewDatabaseAsync();

        var (code, reported, error) = await RunOnAsync(
            database,
            "import",
            Text("bad.yml", "groups:\n- rules: []\n"),
            Text("good.yml", Rules)
        );

        Assert.Equal((1, "good.yml: taken as version 1\n"), (code, reported));
        Assert.Equal("bad.yml: line 2: Groupname must not be empty\n", error);
    }

    [Fact]
    public async Task An_environment_that_is_not_there_is_refused()
    {
        await using var database = await postgres.NewDatabaseAsync();

        var (code, _, error) = await RunOnAsync(database, "import", Text("good.yml", Rules), "--environment", "moon");

        Assert.Equal((1, "archon rules: There is no environment moon.\n"), (code, error));
    }

    [Theory]
    [InlineData("import")]
    [InlineData("export")]
    public async Task Help_names_the_options_and_the_exit_codes(string command)
    {
        var (code, reported, _) = await RunAsync(command, "--help");

        Assert.Equal(0, code);
        Assert.Contains("--environment", reported, StringComparison.Ordinal);
        Assert.Contains("Exit code: 0", reported, StringComparison.Ordinal);
    }

    private string Text(string name, string text)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<(int Code, string Reported, string Error)> RunAsync(params string[] arguments) => RunAsync([], arguments);

    private Task<(int Code, string Reported, string Error)> RunOnAsync(TestDatabase database, params string[] arguments) =>
        RunAsync(new Dictionary<string, string> { ["ConnectionStrings__Archon"] = database.ConnectionString }, arguments);

    private async Task<(int Code, string Reported, string Error)> RunAsync(Dictionary<string, string> settings, string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Archon.Console.dll"), "rules", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var (reported, error) = (process.StandardOutput.ReadToEndAsync(Token), process.StandardError.ReadToEndAsync(Token));
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await reported, await error);
    }
}
