using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>Finds faults of rules that show only against what a server has: runs the checks, in order.</summary>
/// <param name="http">Follows links to runbooks; null: links are not tried.</param>
public sealed class ServerLinter(PrometheusClient prometheus, HttpClient? http, TimeProvider clock)
{
    /// <summary>The faults that <see cref="RuleLinter"/> finds, corrected and completed by what the server has.</summary>
    public async Task<ServerLintResult> LintAsync(
        IReadOnlyList<NamedRuleFile> files,
        ServerLintSettings settings,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        var build = await prometheus.BuildInfoAsync(cancellationToken);
        var version = build is Fetch<ServerVersion>.Ok { Value.Version: var reported } ? reported : null;
        var findings = RuleLinter.Lint(files, GroupSchedules.Parse(version)).ToList();
        if (await prometheus.RulesAsync(cancellationToken) is not Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var served })
        {
            return new ServerLintResult(findings, "the server did not return its rules");
        }
        var described = await prometheus.MetadataAsync(null, cancellationToken);
        var types = described is Fetch<IReadOnlyList<MetricMetadata>>.Ok { Value: var metadata }
            ? metadata.GroupBy(one => one.Metric).ToDictionary(one => one.Key, one => one.First().Type, StringComparer.Ordinal)
            : [];
        var run = new ServerLintRun(prometheus, clock, settings, files, served, types, version, cancellationToken);
        var links = new RunbookReachableCheck(http);
        var rules = files
            .Where(file => file.File.Language == RuleLanguage.Promql)
            .SelectMany(file => file.File.Rules.Select(rule => new LintedRule(file.Name, rule)))
            .ToList();
        for (var i = 0; i < rules.Count; i++)
        {
            await CheckAsync(run, links, rules[i]);
            progress?.Report((i + 1) / (double)rules.Count);
        }
        // What the server knows for certain takes the place of what a name or a usual interval suggests.
        findings.RemoveAll(run.IsRefuted);
        findings.RemoveAll(finding =>
            run.Findings.Any(one =>
                one.Check == finding.Check && (one.File, one.Line, one.Rule) == (finding.File, finding.Line, finding.Rule)
            )
        );
        findings.AddRange(run.Findings);
        return new ServerLintResult(RuleLinter.Accepted(files, findings), run.NotChecked);
    }

    private static async Task CheckAsync(ServerLintRun run, RunbookReachableCheck links, LintedRule rule)
    {
        // The linter has said of a file in another language, and of an expression beyond a limit, that it is not checked.
        if (PromqlParser.Parse(rule.Content.Expression, out _) is not { } expression)
            return;
        run.Begin();
        await SelectorCheck.FindAsync(run, rule, expression);
        await ScrapesInWindowCheck.FindAsync(run, rule, expression);
        MetricTypeCheck.Find(run, rule, expression);
        await MeetingSeriesCheck.FindAsync(run, rule, expression);
        await EvaluationCheck.FindAsync(run, rule);
        if (rule.Content.IsAlert)
        {
            await NoisyPastCheck.FindAsync(run, rule);
            await links.FindAsync(run, rule);
        }
        if (run.HasQuestionsLeft)
            return;
        run.Add(
            rule.AtField(
                LintChecks.NotChecked,
                LintSeverity.Warning,
                "expr",
                $"not checked to the end with the server's series: {InputLimits.ServerQuestions.Sentence}"
            )
        );
    }
}
