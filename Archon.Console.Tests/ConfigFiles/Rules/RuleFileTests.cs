using System.Diagnostics;
using System.Text;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.ConfigFiles.Rules;

[SystemTest]
public sealed class RuleFileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> AllNames => RuleCorpus.AllNames;
    public static TheoryData<string> Names => RuleCorpus.Names;

    [Theory, MemberData(nameof(AllNames))]
    public void A_file_comes_back_to_the_byte_however_it_is_encoded(string name)
    {
        var text = RuleCorpus.Text(name);
        foreach (
            var variant in (string[])
                [text, text.Replace("\n", "\r\n", StringComparison.Ordinal), text.TrimEnd('\n'), text + "\n\n# the end"]
        )
        {
            foreach (
                var encoding in (Encoding[])
                    [new UTF8Encoding(false), new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true)]
            )
            {
                byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(variant)];

                var file = RuleFile.Read(bytes, out var errors);

                Assert.True(file is not null, string.Join("\n", errors));
                Assert.Equal(bytes, file.ToBytes());
            }
        }
    }

    [Theory, MemberData(nameof(AllNames))]
    public void Line_ends_change_nothing_of_what_a_file_says(string name)
    {
        var text = RuleCorpus.Text(name);

        var unix = RuleCorpus.Read(text);
        var windows = RuleCorpus.Read(text.Replace("\n", "\r\n", StringComparison.Ordinal));

        Assert.Equal(unix.Rules.Count(), windows.Rules.Count());
        Assert.All(
            unix.Rules.Zip(windows.Rules),
            pair => Assert.True(pair.First.Content.Says(pair.Second.Content), pair.First.Content.Name)
        );
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Promtool_takes_every_file_of_the_corpus(string name)
    {
        var (exitCode, output) = await CheckAsync(Path.Combine(RuleCorpus.Folder, name));

        Assert.True(exitCode == 0, output);
        Assert.Contains($"{RuleCorpus.Read(RuleCorpus.Text(name)).Rules.Count()} rules found", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_Prometheus_reads_the_same_from_every_file()
    {
        await using var server = await RealPrometheus.StartAsync($"rule_files: ['{RuleCorpus.Folder}/*.yml']", Token);
        var prometheus = UpstreamClients.Prometheus(server.Address);

        var groups = Assert.IsType<Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok>(await prometheus.RulesAsync(Token)).Value;

        var compared = 0;
        foreach (var served in groups)
        {
            var ours = RuleCorpus
                .Read(RuleCorpus.Text(Path.GetFileName(served.File)))
                .Groups.Single(group => group.Content.Name == served.Name);
            Assert.Equal(served.Interval, ours.Content.Interval ?? TimeSpan.FromMinutes(1));
            Assert.Equal(served.Rules.Count, ours.Rules.Count);
            foreach (var (theirs, rule) in served.Rules.Zip(ours.Rules))
            {
                Assert.Equal(theirs.Name, rule.Content.Name);
                Assert.Equal(theirs.IsAlerting, rule.Content.IsAlert);
                Assert.Equal(theirs.Query, PromqlParser.Parse(rule.Content.Expression, out _)!.ToString());
                Assert.Equal(theirs.For, rule.Content.For);
                Assert.Equal(theirs.KeepFiringFor, rule.Content.KeepFiringFor);
                Assert.Equal(
                    theirs.Labels.OrderBy(one => one.Key, StringComparer.Ordinal),
                    rule.Content.Labels.OrderBy(one => one.Key, StringComparer.Ordinal)
                );
                Assert.Equal(
                    theirs.Annotations.OrderBy(one => one.Key, StringComparer.Ordinal),
                    rule.Content.Annotations.OrderBy(one => one.Key, StringComparer.Ordinal)
                );
                compared++;
            }
        }
        Assert.True(compared >= 40, $"only {compared} rules were compared");
    }

    public static TheoryData<string, int, string, string> Refused =>
        new()
        {
            {
                "a key twice",
                5,
                "mapping key \"alert\" already defined at line 4",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    alert: B\n    expr: up\n"
            },
            {
                "a label twice",
                8,
                "mapping key \"a\" already defined at line 7",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels:\n      a: x\n      a: y\n"
            },
            {
                "a group twice",
                4,
                "groupname: \"g\" is repeated in the same file",
                "groups:\n- name: g\n  rules: []\n- name: g\n  rules: []\n"
            },
            { "a group without a name", 2, "Groupname must not be empty", "groups:\n- rules: []\n" },
            {
                "a field nobody knows",
                6,
                "field sevrity not found",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    sevrity: x\n"
            },
            { "a field nobody knows, at the top", 1, "field rules not found", "rules: []\n" },
            { "a field nobody knows, merged", 3, "field foo not found", "groups:\n- name: g\n  <<: {foo: bar}\n" },
            { "neither alert nor record", 4, "one of 'record' or 'alert' must be set", "groups:\n- name: g\n  rules:\n  - expr: up\n" },
            {
                "both alert and record",
                4,
                "only one of 'record' and 'alert' must be set",
                "groups:\n- name: g\n  rules:\n  - expr: up\n    alert: a\n    record: b\n"
            },
            { "no expression", 4, "field 'expr' must be set in rule", "groups:\n- name: g\n  rules:\n  - alert: A\n" },
            { "an empty expression", 5, "field 'expr' must be set in rule", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr:\n" },
            {
                "a broken expression",
                5,
                "could not parse expression: 1:12: parse error: unclosed left parenthesis",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: rate(x[5m\n      ]\n"
            },
            {
                "a broken line of a block",
                7,
                "could not parse expression: 2:",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      up ==\n      == 0\n"
            },
            {
                "a broken duration",
                6,
                "not a valid duration string: \"5\"",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    for: 5\n"
            },
            { "a broken interval", 3, "not a valid duration string: \"1 m\"", "groups:\n- name: g\n  interval: 1 m\n" },
            { "a limit in words", 3, "cannot unmarshal !!str `many` into int", "groups:\n- name: g\n  limit: many\n" },
            { "a quoted limit", 3, "cannot unmarshal !!str `5` into int", "groups:\n- name: g\n  limit: \"5\"\n" },
            {
                "a list as a label",
                7,
                "cannot unmarshal !!seq into string",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels:\n      a: [b]\n"
            },
            {
                "labels as a list",
                6,
                "cannot unmarshal !!seq into map[string]string",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels: [a]\n"
            },
            { "rules as a map", 3, "cannot unmarshal !!map into a list of rules", "groups:\n- name: g\n  rules: {}\n" },
            { "a list at the top", 1, "cannot unmarshal !!seq into rulefmt.RuleGroups", "- name: g\n" },
            { "a word at the top", 1, "cannot unmarshal !!str `groups` into rulefmt.RuleGroups", "groups\n" },
            { "a rule that is a word", 4, "cannot unmarshal !!str `A` into rulefmt.Rule", "groups:\n- name: g\n  rules:\n  - A\n" },
            {
                "the label of the metric's name",
                7,
                "invalid label name: __name__",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels:\n      __name__: x\n"
            },
            {
                "for in a recording rule",
                4,
                "invalid field 'for' in recording rule",
                "groups:\n- name: g\n  rules:\n  - record: a\n    expr: up\n    for: 5m\n"
            },
            {
                "keep_firing_for in a recording rule",
                4,
                "invalid field 'keep_firing_for' in recording rule",
                "groups:\n- name: g\n  rules:\n  - record: a\n    expr: up\n    keep_firing_for: 5m\n"
            },
            {
                "annotations in a recording rule",
                4,
                "invalid field 'annotations' in recording rule",
                "groups:\n- name: g\n  rules:\n  - record: a\n    expr: up\n    annotations: {a: b}\n"
            },
            {
                "an expression as the recorded name",
                4,
                "braces present in the recording rule name",
                "groups:\n- name: g\n  rules:\n  - record: a{b=\"c\"}\n    expr: up\n"
            },
            {
                "a template with an unknown function",
                7,
                "function \"foo\" not defined",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n      a: '{{ foo }}'\n"
            },
            {
                "an open template",
                7,
                "unclosed action",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    labels:\n      a: '{{ $value '\n"
            },
            {
                "an unknown variable of a template",
                7,
                "undefined variable \"$label\"",
                "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up\n    annotations:\n      a: '{{ $label.x }}'\n"
            },
            { "a tab as indentation", 2, "", "groups:\n- name: g\n\trules: []\n" },
            { "an unknown anchor", 5, "unknown anchor 'x' referenced", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: *x\n" },
            { "an anchor within itself", 1, "anchor 'a' value contains itself", "groups: &a [*a]\n" },
            {
                "a merge of a word",
                4,
                "map merge requires map or sequence of maps as the value",
                "groups:\n- name: g\n  rules:\n  - <<: word\n    alert: A\n    expr: up\n"
            },
            { "another version of YAML", 1, "found incompatible YAML document", "%YAML 1.2\n---\ngroups: []\n" },
            { "a list that breaks off", 1, "did not find expected", "groups: [a\nb: c" },
            { "an open quote", 2, "", "groups:\n- name: \"g\n" },
            { "a control character", 2, "control characters are not allowed", "groups:\n- name: \"a\u0001b\"\n" },
            { "a colon in a plain text", 5, "", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: a: b\n" },
        };

    [Theory, MemberData(nameof(Refused))]
    public async Task What_Prometheus_refuses_is_refused_with_its_line(string what, int line, string words, string text)
    {
        var file = RuleFile.Read(text, out var errors);

        Assert.True(file is null, what);
        var error = Assert.Single(errors);
        Assert.Equal(line, error.Line);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, text, Token);
            var (exitCode, output) = await CheckAsync(path);
            Assert.True(exitCode != 0, $"{what}: promtool takes it: {output}");
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_with_their_line()
    {
        Assert.Null(RuleFile.Read([.. "groups:\n- name: "u8, 0xff, .. "\n"u8], out var errors));

        Assert.Equal(2, Assert.Single(errors).Line);
    }

    [Fact]
    public void Several_faults_are_reported_at_once()
    {
        Assert.Null(RuleFile.Read("groups:\n- name: g\n  rules:\n  - alert: A\n    expr: '('\n    for: x\n  - expr: up\n", out var errors));

        Assert.Equal([6, 5, 7], errors.Select(error => error.Line));
    }

    [Fact]
    public void A_second_document_is_kept_and_reported_of()
    {
        var file = RuleCorpus.Read(RuleCorpus.Text("documents.yml"));

        Assert.Equal("first", Assert.Single(file.Groups).Content.Name);
        Assert.Contains("only the first", Assert.Single(file.Warnings).Message, StringComparison.Ordinal);
    }

    internal static async Task<(int ExitCode, string Output)> CheckAsync(string path, string kind = "check")
    {
        using var process = Process.Start(
            new ProcessStartInfo(
                Tools.Find("promtool"),
                kind == "check" ? ["check", "rules", "--lint=none", path] : ["test", "rules", path]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = process.StandardError.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await output + await errors);
    }
}
