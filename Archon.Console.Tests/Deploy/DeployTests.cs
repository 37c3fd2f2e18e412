using System.Diagnostics;
using System.Text.RegularExpressions;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Tests.Kit;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Archon.Tests.Deploy;

/// <summary>The files of <c>deploy/</c> are what the programs accept, and open nothing to the outside.</summary>
[SystemTest]
public sealed partial class DeployTests
{
    private static readonly TimeSpan TimeLimit = Waits.Limit;
    private static readonly string Folder = Path.Combine(Checkout(), "deploy");

    [Fact]
    public async Task Promtool_accepts_the_configuration_and_the_rules_of_Prometheus()
    {
        // As in a fresh checkout: nothing has to be written first.
        var (exitCode, output) = await RunAsync(
            Tools.Find("promtool"),
            "check",
            "config",
            Path.Combine(Folder, "prometheus", "prometheus.yml")
        );

        Assert.True(exitCode == 0, output);
        Assert.Matches(@"SUCCESS: \d+ rules found", output);
    }

    [Fact]
    public async Task Amtool_accepts_the_configuration_of_Alertmanager()
    {
        var (exitCode, output) = await RunAsync(
            Tools.Find("amtool"),
            "check-config",
            Path.Combine(Folder, "alertmanager", "alertmanager.yml")
        );

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public async Task The_alerts_fire_when_they_should_and_only_then()
    {
        var (exitCode, output) = await RunAsync(
            Tools.Find("promtool"),
            "test",
            "rules",
            Path.Combine(Folder, "prometheus", "tests", "archon_alerts.test.yml")
        );

        Assert.True(exitCode == 0, output);
    }

    [Fact]
    public void Every_alert_has_a_test()
    {
        var test = File.ReadAllText(Path.Combine(Folder, "prometheus", "tests", "archon_alerts.test.yml"));

        Assert.All(ShippedRules().Rules, rule => Assert.Contains(rule.Content.Name, test, StringComparison.Ordinal));
    }

    [Fact]
    public void The_linter_has_nothing_to_say_of_the_shipped_rules_that_they_do_not_answer() =>
        Assert.DoesNotContain(
            RuleLinter.Lint([new NamedRuleFile("archon_alerts.yml", ShippedRules())]),
            finding => finding.Accepted is null
        );

    [Fact]
    public void Every_alert_says_what_it_means_and_what_to_do()
    {
        Assert.All(
            ShippedRules().Rules,
            rule =>
            {
                Assert.NotEmpty(rule.Content.Annotations["description"]);
                Assert.NotEmpty(rule.Content.Annotations["runbook"]);
            }
        );
    }

    [Fact]
    public void Every_alert_has_a_severity_and_a_summary()
    {
        var groups = (YamlSequenceNode)Read("prometheus", "rules", "archon_alerts.yml")["groups"];
        var rules = groups.SelectMany(group => (YamlSequenceNode)group["rules"]).Cast<YamlMappingNode>().ToList();

        Assert.NotEmpty(rules);
        Assert.All(
            rules,
            rule =>
            {
                Assert.Contains(Text(rule["labels"]["severity"]), (string[])["critical", "warning", "info"]);
                Assert.NotEmpty(Text(rule["annotations"]["summary"]));
            }
        );
    }

    [Fact]
    public void Containers_open_ports_on_loopback_only()
    {
        var ports = Services().SelectMany(service => Items(service.Value, "ports")).ToList();

        Assert.NotEmpty(ports);
        Assert.All(ports, port => Assert.StartsWith("127.0.0.1:", port, StringComparison.Ordinal));
    }

    [Fact]
    public void The_database_can_be_reached_by_the_console_only()
    {
        var near = Services().Where(service => Items(service.Value, "networks").Contains("database")).Select(service => service.Key);

        Assert.Equal(["console", "postgres"], near.Order());
        Assert.Equal("true", Text(Read("docker-compose.monitoring.yml")["networks"]["database"]["internal"]));
    }

    [Fact]
    public void Images_have_a_version()
    {
        Assert.All(Services(), service => Assert.Matches(@":v?\d+\.\d+", Text(service.Value["image"])));
    }

    [Fact]
    public void No_secret_is_in_a_file_of_the_repository()
    {
        var compose = File.ReadAllText(Path.Combine(Folder, "docker-compose.monitoring.yml"));

        Assert.All(SecretSetting().Matches(compose), setting => Assert.Contains(":?", setting.Value, StringComparison.Ordinal));
        Assert.DoesNotMatch(@"(?m)^[A-Z_]*PASSWORD=.+$", File.ReadAllText(Path.Combine(Folder, ".env.monitoring.example")));
    }

    [Fact]
    public void Every_setting_that_compose_asks_for_is_in_the_example()
    {
        var example = File.ReadAllText(Path.Combine(Folder, ".env.monitoring.example"));
        var asked = Variable()
            .Matches(File.ReadAllText(Path.Combine(Folder, "docker-compose.monitoring.yml")))
            .Select(match => match.Groups[1].Value);

        Assert.All(asked.Distinct(), name => Assert.Contains($"{name}=", example, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_file_that_compose_mounts_is_there()
    {
        var mounted = Services()
            .SelectMany(service => Items(service.Value, "volumes"))
            .Where(volume => volume.StartsWith("./", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(mounted);
        Assert.All(mounted, volume => Assert.True(Path.Exists(Path.Combine(Folder, volume.Split(':')[0])), volume));
    }

    [Fact]
    public async Task The_scripts_are_valid_and_executable()
    {
        foreach (var script in (string[])["archon", ".ci/run", "deploy/deploy-monitoring.sh"])
        {
            var path = Path.Combine(Checkout(), script);

            var (exitCode, output) = await RunAsync("bash", "-n", path);

            Assert.True(exitCode == 0, output);
            Assert.True(File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute), $"{script} is not executable");
        }
    }

    private static RuleFile ShippedRules() =>
        RuleFile.Read(File.ReadAllBytes(Path.Combine(Folder, "prometheus", "rules", "archon_alerts.yml")), out _)!;

    private static Dictionary<string, YamlNode> Services() =>
        ((YamlMappingNode)Read("docker-compose.monitoring.yml")["services"]).ToDictionary(
            service => Text(service.Key),
            service => service.Value
        );

    private static IEnumerable<string> Items(YamlNode service, string key) =>
        service is YamlMappingNode mapping && mapping.Children.TryGetValue(key, out var items)
            ? ((YamlSequenceNode)items).Select(Text)
            : [];

    private static string Text(YamlNode node) => ((YamlScalarNode)node).Value ?? "";

    private static YamlNode Read(params string[] path)
    {
        using var reader = new StreamReader(Path.Combine([Folder, .. path]));
        var yaml = new YamlStream();
        yaml.Load(reader);
        return yaml.Documents[0].RootNode;
    }

    internal static string Checkout()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Archon.Console.sln")))
                return folder;
        }
        throw new InvalidOperationException("The tests do not run inside a checkout.");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string program, params string[] words)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeLimit);
        using var process =
            Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new InvalidOperationException($"{program} does not start.");
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }

    [GeneratedRegex(@"\w*(?:PASSWORD|Password|SECRET|TOKEN)\w*[:=] ?\S+")]
    private static partial Regex SecretSetting();

    [GeneratedRegex(@"\$\{(\w+)")]
    private static partial Regex Variable();
}
