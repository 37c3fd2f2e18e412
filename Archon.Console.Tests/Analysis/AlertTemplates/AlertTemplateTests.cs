using System.Globalization;
using System.Text;
using Archon.Analysis.AlertTemplates;
using Archon.Tests.ConfigFiles.Rules;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Analysis.AlertTemplates;

/// <summary>Templates are expanded here and by the real promtool, which objects to any difference.</summary>
[SystemTest]
public sealed class AlertTemplateTests
{
    private static readonly string[] Templates =
    [
        "plain",
        "{{ $value }}",
        "{{ .Value }}",
        "{{ $labels.instance }}",
        "{{ .Labels.instance }}",
        "{{ $labels.nothing }}|",
        "{{ index $labels \"instance\" }}",
        "{{ $labels }}",
        "{{ len $labels }}",
        "a{{- \" b \" -}}c",
        "x {{- /* gone */ -}} y",
        "{{ if gt $value 1.0 }}high{{ else }}low{{ end }}",
        "{{ if eq $labels.job \"api\" \"web\" }}known{{ else if ne $labels.job \"\" }}other{{ end }}",
        "{{ if and (gt $value 0.0) (lt $value 1000000.0) }}in{{ end }}",
        "{{ if or false \"\" $labels.instance }}some{{ end }}",
        "{{ not true }}",
        "{{ with $labels.nothing }}x{{ else }}none{{ end }}",
        "{{ with $labels.job }}[{{ . }}]{{ end }}",
        "{{ range $name, $text := $labels }}{{ $name }}={{ $text }};{{ end }}",
        "{{ range $labels }}<{{ . }}>{{ end }}",
        "{{ range query \"single\" }}{{ .Labels.instance }}={{ .Value }} {{ end }}",
        "{{ range query \"nothing\" }}x{{ else }}empty{{ end }}",
        "{{ query \"single\" | first | value }}",
        "{{ query \"single\" | first | label \"instance\" }}",
        "{{ range query \"up\" | sortByLabel \"instance\" }}{{ .Labels.instance }}{{ if eq .Value 0.0 }}!{{ end }} {{ end }}",
        "{{ $x := $value }}{{ $x = 3.5 }}{{ $x }}",
        "{{ define \"t\" }}[{{ . }}]{{ end }}{{ template \"t\" $labels.job }}",
        "{{ block \"b\" . }}{{ .Value }}{{ end }}",
        "{{ printf \"%.2f|%5.1f|%-8s|%08.3f|%+d|%q|%v|%t|%x|%e|%g|%%\" $value $value \"ab\" $value 5 \"q\\\"\" $value true 255 $value $value }}",
        "{{ printf \"%d %s\" $value 5 }}",
        "{{ printf \"%s\" }}",
        "{{ printf \"x\" 1 }}",
        "{{ print 1 2 \"a\" \"b\" 3 }}",
        "{{ println \"a\" 1 }}|",
        "{{ html \"<a href='x'>&\\\"</a>\" }}",
        "{{ urlquery \"a b&c=d/é\" }}",
        "{{ js \"it's <b>\" }}",
        "{{ slice \"abcdef\" 1 3 }}",
        "{{ $value | humanize }}",
        "{{ $value | humanize1024 }}",
        "{{ $value | humanizeDuration }}",
        "{{ $value | humanizePercentage }}",
        "{{ 1600000000 | humanizeTimestamp }}",
        "{{ 1600000000.5 | toTime }}",
        "{{ humanizeDuration \"90061.5\" }}",
        "{{ parseDuration \"1h30m\" }}",
        "{{ title \"some words here\" }}",
        "{{ toUpper \"abc\" }}{{ toLower \"DEF\" }}",
        "{{ reReplaceAll \"(.*):.*\" \"$1\" $labels.instance }}",
        "{{ match \"^a.*\" $labels.instance }}",
        "{{ stripPort $labels.instance }}",
        "{{ stripPort \"[::1]:80\" }}",
        "{{ stripDomain \"host.example.com:9100\" }}",
        "{{ stripDomain \"10.0.0.1:80\" }}",
        "{{ graphLink \"up == 0\" }}",
        "{{ tableLink \"a{b=\\\"c\\\"}\" }}",
        "{{ args 1 \"a\" | printf \"%v\" }}",
        "{{ (args 1 \"a\").arg1 }}",
        "{{ \"quoted \\\"text\\\" \\u00e9\" }}{{ `raw \\n` }}",
        "{{ 'a' }}",
        "{{ 0x1F }} {{ 1_000 }} {{ 1.50 }} {{ 1e3 }} {{ 1e25 }}",
        "{{ true }} {{ false }}",
        "{{ 1 | printf \"%03d\" }}",
        "{{ if le 1 2 }}{{ if ge \"b\" \"a\" }}both{{ end }}{{ end }}",
        "{{ range $i, $e := query \"up\" }}{{ $i }}{{ if $i }}{{ break }}{{ end }}{{ end }}",
    ];

    private static readonly double[] Values = [0, 1, 0.5, 100.25, 1234.5, 0.00012345, 123456789, 1e18, -42.5, 98765.4321, 1e-7, 3661];

    [Fact]
    public async Task A_template_comes_out_as_from_the_real_engine()
    {
        var folder = Directory.CreateTempSubdirectory("archon-templates-").FullName;
        try
        {
            var (rules, test) = (
                new StringBuilder("groups:\n- name: g\n  rules:\n"),
                new StringBuilder("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n")
            );
            for (var i = 0; i < Templates.Length; i++)
            {
                rules.Append(
                    CultureInfo.InvariantCulture,
                    $"  - {{alert: T{i}, expr: m > -1e9, annotations: {{text: {Quoted(Templates[i])}}}}}\n"
                );
            }
            foreach (var value in Values)
            {
                test.Append("- interval: 1m\n  input_series:\n  - {series: 'm{instance=\"a.b:9100\",job=\"api\"}', values: '")
                    .Append(value.ToString("R", CultureInfo.InvariantCulture))
                    .Append("'}\n");
                test.Append(
                    "  - {series: 'up{instance=\"y\"}', values: '1'}\n  - {series: 'up{instance=\"x\"}', values: '0'}\n  - {series: 'single{instance=\"z\"}', values: '1'}\n  alert_rule_test:\n"
                );
                for (var i = 0; i < Templates.Length; i++)
                {
                    test.Append(
                        CultureInfo.InvariantCulture,
                        $"  - {{alertname: T{i}, eval_time: 0m, exp_alerts: [{{exp_labels: {{instance: \"a.b:9100\", job: api}}, exp_annotations: {{text: {Quoted(Expand(Templates[i], value))}}}}}]}}\n"
                    );
                }
            }
            await File.WriteAllTextAsync(Path.Combine(folder, "rules.yml"), rules.ToString(), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder, "test.yml"), test.ToString(), TestContext.Current.CancellationToken);

            var (exitCode, output) = await RuleFileTests.CheckAsync(Path.Combine(folder, "test.yml"), "test");

            Assert.True(exitCode == 0, output.Length > 6000 ? output[..6000] : output);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Theory]
    [InlineData("{{", "unclosed action")]
    [InlineData("{{ }}", "missing value for command")]
    [InlineData("{{ nothing }}", "function \"nothing\" not defined")]
    [InlineData("{{ $nothing }}", "undefined variable \"$nothing\"")]
    [InlineData("{{ if $value }}", "unexpected EOF")]
    [InlineData("{{ end }}", "unexpected {{end}}")]
    [InlineData("{{ else }}", "unexpected {{else}}")]
    [InlineData("{{ \"open }}", "unterminated quoted string")]
    [InlineData("{{ (1 }}", "unclosed left paren")]
    [InlineData("{{ 1 | 2 }}", "non executable command")]
    [InlineData("{{ break }}", "outside")]
    [InlineData("line\n{{ nothing }}", "line 2")]
    public void A_broken_template_is_refused(string text, string words)
    {
        Assert.Null(AlertTemplate.Parse(text, out var error));
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ gt $value 1 }}", "incompatible types for comparison")]
    [InlineData("{{ $value | toUpper }}", "expected string; got float64")]
    [InlineData("{{ $labels.a.b }}", "can't evaluate field b in type string")]
    [InlineData("{{ query \"nothing\" | first }}", "first() called on vector with no elements")]
    [InlineData("{{ humanize \"x\" }}", "invalid syntax")]
    [InlineData("{{ template \"none\" }}", "not defined")]
    [InlineData("{{ define \"a\" }}{{ template \"a\" }}{{ end }}{{ template \"a\" }}", "nested deeper than 200 levels")]
    public void A_template_that_fails_leaves_the_reason_in_its_place(string text, string words)
    {
        var expanded = Expand(text, 1.5);

        Assert.StartsWith("<error expanding template: ", expanded, StringComparison.Ordinal);
        Assert.Contains(words, expanded, StringComparison.Ordinal);
    }

    private static string Expand(string template, double value)
    {
        var up = ((string, double)[])[("y", 1), ("x", 0)];
        return AlertTemplate.ExpandOrReport(
            template,
            new AlertTemplateData(
                new Dictionary<string, string>
                {
                    ["__name__"] = "m",
                    ["instance"] = "a.b:9100",
                    ["job"] = "api",
                },
                value,
                DateTimeOffset.UnixEpoch
            )
            {
                // In what order a query yields its series is not said, so that those that tell take one of one series.
                Query = query =>
                    query == "single" ? [new TemplateSample(new Dictionary<string, string> { ["instance"] = "z" }, 1)]
                    : query == "up"
                        ?
                        [
                            .. up.Select(one => new TemplateSample(
                                new Dictionary<string, string> { ["__name__"] = "up", ["instance"] = one.Item1 },
                                one.Item2
                            )),
                        ]
                    : [],
            }
        );
    }

    private static string Quoted(string text) => Archon.ConfigFiles.Yaml.YamlScalarText.Double(text);
}
