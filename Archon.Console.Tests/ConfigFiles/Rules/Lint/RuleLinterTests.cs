using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Xunit;

namespace Archon.Tests.ConfigFiles.Rules.Lint;

public sealed class RuleLinterTests
{
    /// <summary>Check, severity, words of the message, expression of an alert that is otherwise without fault.</summary>
    public static TheoryData<string, LintSeverity, string, string> BadExpressions =>
        new()
        {
            { "comparison", LintSeverity.Error, "no comparison", "rate(errors_total[5m])" },
            { "comparison", LintSeverity.Error, "no comparison", "sum by (job) (load)" },
            { "comparison", LintSeverity.Error, "no comparison", "load > 5 or load" },
            { "comparison", LintSeverity.Error, "'bool'", "load > bool 5" },
            { "comparison", LintSeverity.Info, "by the clock", "vector(1)" },
            { "rate-window", LintSeverity.Warning, "less than a minute", "rate(errors_total[30s]) > 1" },
            { "rate-after-sum", LintSeverity.Error, "take rate first", "rate(sum(errors_total)[5m:1m]) > 1" },
            { "rate-of-gauge", LintSeverity.Warning, "is a gauge", "rate(node_memory_MemFree_bytes[5m]) > 1" },
            { "counter-as-gauge", LintSeverity.Warning, "compare rate(errors_total[5m])", "errors_total > 100" },
            { "counter-as-gauge", LintSeverity.Warning, "compare rate(errors_total[5m])", "sum by (job) (errors_total) > 100" },
            { "counter-as-gauge", LintSeverity.Warning, "looks like a fall", "predict_linear(errors_total[1h], 3600) > 100" },
            { "irate", LintSeverity.Warning, "steadier", "irate(errors_total[5m]) > 1" },
            { "vector-matching", LintSeverity.Error, "(job), the right side (instance)", "sum by (job) (a) / sum by (instance) (b) > 1" },
            { "vector-matching", LintSeverity.Error, "the right side never has the label instance", "a > on (instance) sum by (job) (b)" },
            { "vector-matching", LintSeverity.Warning, "one side is aggregated", "a / sum by (job) (b) > 1" },
            { "fragile-aggregation", LintSeverity.Warning, "only one side", "sum without (cpu) (a) / b > 1" },
            { "sampled", LintSeverity.Warning, "topk", "topk(5, load) > 1" },
            { "histogram", LintSeverity.Error, "lost their label le", "histogram_quantile(0.9, sum by (job) (rate(d_bucket[5m]))) > 1" },
            { "histogram", LintSeverity.Error, "outside 0 to 1", "histogram_quantile(95, sum by (le) (rate(d_bucket[5m]))) > 1" },
            { "histogram", LintSeverity.Warning, "since its process started", "histogram_quantile(0.9, d_bucket) > 1" },
            { "regex", LintSeverity.Info, "plain text", "up{job=~\"api\"} == 0" },
            { "regex", LintSeverity.Info, "anchored anyway", "up{job=~\"^api.*$\"} == 0" },
            { "query-ends", LintSeverity.Warning, "@ end()", "load @ end() > 1" },
            { "server-version", LintSeverity.Warning, "promql-experimental-functions", "mad_over_time(load[5m]) > 1" },
        };

    [Theory, MemberData(nameof(BadExpressions))]
    public void A_fault_of_an_expression_is_found(string check, LintSeverity severity, string words, string expression)
    {
        var finding = Assert.Single(
            Lint(Alert($"expr: '{expression.Replace("'", "''", StringComparison.Ordinal)}'")),
            finding => finding.Check.Id == check
        );

        Assert.Equal(severity, finding.Severity);
        Assert.Contains(words, finding.Message, StringComparison.Ordinal);
        Assert.Equal(5, finding.Line);
    }

    public static TheoryData<string> GoodExpressions =>
        [
            "up == 0",
            "absent(up{job=\"api\"})",
            "rate(errors_total[5m]) > 1",
            "sum by (job) (rate(a_total[5m])) / sum by (job) (rate(b_total[5m])) > 0.1",
            "a / on (instance) group_left (version) b > 1",
            "a and on (job) sum by (job) (b) > 1",
            "load > 5 unless on (job) maintenance",
            "histogram_quantile(0.9, sum by (le) (rate(d_bucket[5m]))) > 1",
            "sum(load > 5)",
            "count(up == 0) by (job) > 1",
            "changes(start_time[15m]) > 2",
            "ALERTS{alertname=\"Down\"}",
            "(a > 1) or (b > 2)",
            "max_over_time((load > 5)[10m:])",
            "label_replace(up == 0, \"host\", \"$1\", \"instance\", \"(.*):.*\")",
            "-load < -5",
            "a > b",
        ];

    [Theory]
    [InlineData("expr: 'up{} == X0'", "for: 5m", "not checked: the expression is longer than 20,000 characters")]
    [InlineData("expr: up == 0", "annotations: {a: '{{ if 1 }}X'}", "a not checked: the template is longer than 20,000 characters")]
    [InlineData(
        "expr: up == 0",
        "annotations: {a: '{{ range 1000000 }}{{ end }}'}",
        "a not checked: the template takes more than 50,000 steps"
    )]
    [InlineData(
        "expr: up == 0",
        "labels: {a: '{{ $a := \"aaaaaaaa\" }}DD'}",
        "a not checked: the template makes more than 100,000 characters of text"
    )]
    public void What_is_beyond_a_limit_is_said_to_be_unchecked(string expression, string fields, string message)
    {
        var (spaces, doubles) = (new string(' ', 20_000), string.Concat(Enumerable.Repeat("{{ $a = print $a $a }}", 20)));
        string Written(string text) => text.Replace("X", spaces, StringComparison.Ordinal).Replace("DD", doubles, StringComparison.Ordinal);

        var finding = Assert.Single(Lint(Alert(Written(expression), Written(fields))), finding => finding.Check == LintChecks.NotChecked);

        Assert.Equal((LintSeverity.Warning, message), (finding.Severity, finding.Message));
    }

    [Fact]
    public void The_same_fault_at_each_of_many_operators_is_reported_so_often_as_a_reader_can_use()
    {
        var findings = Lint(Alert($"expr: {string.Concat(Enumerable.Repeat("a / sum by (job) (b) / ", 300))} c > 1"));

        Assert.Equal(50, findings.Count(finding => finding.Check == LintChecks.Matching));
        Assert.Equal(
            "not checked to the end: there are more than 50 findings of this kind",
            Assert.Single(findings, finding => finding.Check == LintChecks.NotChecked).Message
        );
    }

    /// <summary>Of one line those of higher severity come first, then those of the same checks in the order of the text.</summary>
    [Fact]
    public void Findings_of_one_line_follow_their_severity_and_then_the_text()
    {
        const string Expression = "rate(a_bytes[5m]) + irate(errors_total[30s]) + sum without (cpu) (b) > on (job) sum by (instance) (c)";

        var found = Lint(Alert($"expr: '{Expression}'")).Where(finding => finding.Line == 5);

        Assert.Equal(
            ["vector-matching", "rate-of-gauge", "rate-window", "irate", "fragile-aggregation"],
            found.Select(finding => finding.Check.Id)
        );
    }

    [Theory, MemberData(nameof(GoodExpressions))]
    public void A_sound_expression_has_no_fault(string expression)
    {
        Assert.Empty(Lint(Alert($"expr: '{expression.Replace("'", "''", StringComparison.Ordinal)}'")));
    }

    /// <summary>Check, severity, words, and the fields of the alert beside a sound expression.</summary>
    public static TheoryData<string, LintSeverity, string, string> BadFields =>
        new()
        {
            { "for", LintSeverity.Warning, "comes to 1m", "for: 30s" },
            { "for", LintSeverity.Info, "comes to 2m", "for: 90s" },
            { "for", LintSeverity.Warning, "more than a day", "for: 2d" },
            { "for", LintSeverity.Info, "a single odd sample", "for: 0s" },
            { "for", LintSeverity.Warning, "next to nothing", "for: 5m\n    keep_firing_for: 1m" },
            { "severity", LintSeverity.Warning, "no label severity", "for: 5m\n    labels: {team: a}" },
            { "severity", LintSeverity.Warning, "\"Critical\" is none of", "for: 5m\n    labels: {severity: Critical}" },
            { "severity", LintSeverity.Info, "\"page\" is none of", "for: 5m\n    labels: {severity: page}" },
            { "reserved-label", LintSeverity.Warning, "alertname", "for: 5m\n    labels: {severity: info, alertname: x}" },
            {
                "unstable-label",
                LintSeverity.Warning,
                "changes with the value",
                "for: 5m\n    labels: {severity: info, level: '{{ $value }}'}"
            },
            { "summary", LintSeverity.Warning, "no annotation summary", "for: 5m\n    annotations: {description: d, runbook: r}" },
            { "summary", LintSeverity.Info, "no annotation description", "for: 5m\n    annotations: {summary: s, runbook: r}" },
            { "runbook", LintSeverity.Info, "neither an annotation runbook", "for: 5m\n    annotations: {summary: s, description: d}" },
            {
                "runbook-link",
                LintSeverity.Warning,
                "is no address",
                "for: 5m\n    annotations: {summary: s, description: d, runbook_url: wiki/page}"
            },
            {
                "template",
                LintSeverity.Error,
                "incompatible types",
                "for: 5m\n    annotations: {summary: '{{ if gt $value 1 }}x{{ end }}', description: d, runbook: r}"
            },
            {
                "template",
                LintSeverity.Error,
                "wrong type",
                "for: 5m\n    annotations: {summary: '{{ $value | toUpper }}', description: d, runbook: r}"
            },
            {
                "template",
                LintSeverity.Warning,
                "sent unchanged",
                "for: 5m\n    annotations: {summary: 'it is $value', description: d, runbook: r}"
            },
        };

    [Theory, MemberData(nameof(BadFields))]
    public void A_fault_of_a_field_is_found(string check, LintSeverity severity, string words, string fields)
    {
        var finding = Assert.Single(Lint(Alert("expr: up == 0", fields)), finding => finding.Check.Id == check);

        Assert.Equal(severity, finding.Severity);
        Assert.Contains(words, finding.Message, StringComparison.Ordinal);
        Assert.True(finding.Line >= 4);
    }

    [Theory]
    [InlineData("sum by (job) (load) > 1", "{{ $labels.instance }}", "instance")]
    [InlineData("absent(up{job=\"a\"})", "{{ $labels.instance }}", "instance")]
    [InlineData("sum without (pod) (load) > 1", "{{ .Labels.pod }}", "pod")]
    [InlineData("a / on (job) b > 1", "{{ index $labels \"host\" }}", "host")]
    public void A_label_that_the_expression_never_has_is_reported(string expression, string template, string label)
    {
        var findings = Lint(
            Alert($"expr: '{expression}'", $"for: 5m\n    annotations: {{summary: '{template}', description: d, runbook: r}}")
        );

        Assert.Contains(
            $"the label {label}",
            Assert.Single(findings, finding => finding.Check == LintChecks.TemplateLabel).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("sum by (job) (load) > 1", "{{ $labels.job }}")]
    [InlineData("absent(up{job=\"a\"})", "{{ $labels.job }}")]
    [InlineData("a * on (job) group_left (team) b > 1", "{{ $labels.team }}")]
    [InlineData("label_replace(sum(load), \"x\", \"y\", \"\", \"\") > 1", "{{ $labels.x }}")]
    [InlineData("count_values(\"version\", build) > 1", "{{ $labels.version }}")]
    public void A_label_that_the_expression_can_have_is_fine(string expression, string template) =>
        Assert.DoesNotContain(
            Lint(Alert($"expr: '{expression}'", $"for: 5m\n    annotations: {{summary: '{template}', description: d, runbook: r}}")),
            finding => finding.Check == LintChecks.TemplateLabel
        );

    [Fact]
    public void Rules_that_say_the_same_are_found_across_files()
    {
        var one = new NamedRuleFile("one.yml", RuleCorpus.Read(Alert("expr: up == 0")));
        var two = new NamedRuleFile("two.yml", RuleCorpus.Read(Alert("expr: up==0   # written differently")));

        var finding = Assert.Single(RuleLinter.Lint([one, two]));

        Assert.Equal((LintChecks.Duplicate, "two.yml"), (finding.Check, finding.File));
        Assert.Contains("one.yml, line 4", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_rules_that_record_the_same_series_are_an_error()
    {
        var finding = Assert.Single(
            Lint("groups:\n- name: g\n  rules:\n  - {record: 'a:b', expr: sum(x)}\n  - {record: 'a:b', expr: max(x)}\n")
        );

        Assert.Equal((LintChecks.Duplicate, LintSeverity.Error, 5), (finding.Check, finding.Severity, finding.Line));
    }

    [Fact]
    public void A_finding_is_accepted_where_the_file_gives_a_reason()
    {
        const string Rules = """
            groups:
            - name: g
              interval: 1m
              rules:
              # archon-accept: irate: scraped every second
              - alert: Above
                expr: irate(a_total[5m]) > 1
                for: 5m
                labels: {severity: info}
                annotations: {summary: s, description: d, runbook: r}
              - alert: Within
                # archon-accept: irate: it is meant to be nervous
                expr: irate(b_total[5m]) > 1
                for: 5m
                labels: {severity: info}
                annotations: {summary: s, description: d, runbook: r}
              - alert: Not
                expr: irate(c_total[5m]) > 1   # archon-accept: irate:
                for: 5m
                labels: {severity: info}
                annotations: {summary: s, description: d, runbook: r}
            """;

        var findings = Lint(Rules);

        Assert.Equal(
            [("Above", "scraped every second"), ("Within", "it is meant to be nervous"), ("Not", null)],
            findings.Select(finding => (finding.Rule!, finding.Accepted))
        );
    }

    [Fact]
    public void One_line_accepts_a_check_for_the_whole_file()
    {
        var findings = Lint("# archon-accept-file: irate: a test bed\n" + Alert("expr: irate(a_total[5m]) > 1"));

        Assert.Equal("a test bed", Assert.Single(findings).Accepted);
    }

    [Fact]
    public void What_an_older_server_does_not_know_is_an_error_there()
    {
        var file = new NamedRuleFile("new.yml", RuleCorpus.Read(RuleCorpus.Text("newest/three.yml")));

        Assert.Contains(
            RuleLinter.Lint([file], new Version(2, 42)),
            finding => finding.Check == LintChecks.Requirement && finding.Message.Contains("query_offset", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(RuleLinter.Lint([file], new Version(3, 5)), finding => finding.Check == LintChecks.Requirement);
    }

    [Fact]
    public void A_severity_in_the_wrong_case_comes_with_its_mending()
    {
        var finding = Assert.Single(
            Lint(
                Alert(
                    "expr: up == 0",
                    "for: 5m\n    labels: {severity: Critical}\n    annotations: {summary: s, description: d, runbook: r}"
                )
            )
        );

        Assert.Equal("critical", finding.Fix!.Labels["severity"]);
    }

    private static string Alert(string expression, string fields = "for: 5m")
    {
        var text = $"groups:\n- name: g\n  rules:\n  - alert: A\n    {expression}\n    {fields}\n";
        if (!fields.Contains("labels:", StringComparison.Ordinal))
            text += "    labels: {severity: warning}\n";
        if (!fields.Contains("annotations:", StringComparison.Ordinal))
            text += "    annotations: {summary: s, description: d, runbook: r}\n";
        return text + "  interval: 1m\n";
    }

    private static IReadOnlyList<LintFinding> Lint(string text) =>
        RuleFile.Read(text, out var errors) is { } file
            ? RuleLinter.Lint([new NamedRuleFile("rules.yml", file)])
            : RuleLinter.Refused("rules.yml", errors);
}
