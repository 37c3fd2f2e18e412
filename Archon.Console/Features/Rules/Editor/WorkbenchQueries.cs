using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor.ServerLint;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Editor;

/// <summary>What one evaluation now comes to, and costs.</summary>
public sealed record EvaluationNow(
    int Series,
    double? First,
    QueryStatistics? Cost,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<string> Infos
);

/// <summary>A rule's words as a notification would carry them.</summary>
/// <param name="From">Which alert or sample they are rendered from, in words.</param>
public sealed record RenderedRule(string From, IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations);

/// <summary>What came of looking at a draft.</summary>
/// <param name="Rule">The rule in the file that was looked at, for the places of findings; null where there was none.</param>
/// <param name="NotChecked">Why the server was not asked, or not about everything; null where it was.</param>
public sealed record WorkbenchLint(IReadOnlyList<LintFinding> Findings, FileRule? Rule, string? NotChecked);

public sealed class WorkbenchQueries(Upstreams upstreams, RuleCommands commands, TimeProvider clock)
{
    // The replay of the past is the backtest's, which is seen right beside.
    private static readonly ServerLintSettings NoPast = new() { Past = TimeSpan.Zero };

    public async Task<Fetch<EvaluationNow>> EvaluateAsync(int environmentId, string expression, CancellationToken cancellationToken) =>
        await upstreams.For(environmentId).Prometheus.QueryAsync(expression, null, cancellationToken, withStatistics: true) switch
        {
            Fetch<QueryResult>.Ok { Value: var result } => new Fetch<EvaluationNow>.Ok(
                new EvaluationNow(
                    result.SeriesCount,
                    result.Series is [{ Count: > 0 } first, ..] ? first.Values.Span[^1] : null,
                    result.Statistics,
                    result.Warnings,
                    result.Infos
                )
            ),
            Fetch<QueryResult>.Rejected { Reason: var reason } => new Fetch<EvaluationNow>.Rejected(reason),
            Fetch<QueryResult>.Unavailable { Reason: var reason } => new Fetch<EvaluationNow>.Unavailable(reason),
            _ => throw new InvalidOperationException("An answer is one of three."),
        };

    /// <summary>Renders a rule's labels and annotations on what is true now, else on the last alert of a backtest, else on the value as it is.</summary>
    /// <param name="lastFiring">The newest firing that a backtest found; null where there is none.</param>
    public async Task<Fetch<RenderedRule>> RenderAsync(
        int environmentId,
        RuleContent rule,
        ReplaySpan? lastFiring,
        CancellationToken cancellationToken
    )
    {
        var prometheus = upstreams.For(environmentId).Prometheus;
        var now = clock.GetUtcNow();
        List<(string Expression, DateTimeOffset At, Func<string> From)> tries =
        [
            (rule.Expression, now, () => "what the expression yields now"),
        ];
        if (lastFiring is not null)
        {
            var at = DateTimeOffset.FromUnixTimeMilliseconds(lastFiring.From);
            tries.Add((rule.Expression, at, () => $"the alert that would have fired {at.UtcDateTime:d MMM HH:mm} UTC"));
        }
        if (AlertCondition.Of(rule.Expression) is { } condition)
            tries.Add((condition.Value, now, () => "the present value, for nothing fires"));
        foreach (var (expression, at, from) in tries)
        {
            switch (await prometheus.QueryAsync(expression, at, cancellationToken))
            {
                case Fetch<QueryResult>.Unavailable { Reason: var reason }:
                    return new Fetch<RenderedRule>.Unavailable(reason);
                case Fetch<QueryResult>.Rejected { Reason: var reason }:
                    return new Fetch<RenderedRule>.Rejected(reason);
                case Fetch<QueryResult>.Ok { Value.Series: [{ Count: > 0 } sample, ..] }:
                    return new Fetch<RenderedRule>.Ok(
                        await ExpandAsync(prometheus, rule, sample.Labels.Values, sample.Values.Span[^1], at, from(), cancellationToken)
                    );
            }
        }
        return new Fetch<RenderedRule>.Rejected("The expression yields nothing, now or in the backtest, so there is nothing to render.");
    }

    /// <summary>The faults of a draft.</summary>
    /// <param name="askServer">Also what only the server knows: slower, and not while one is typing. It knows nothing of LogQL.</param>
    public async Task<WorkbenchLint> LintAsync(RuleDraft draft, RuleLanguage language, bool askServer, CancellationToken cancellationToken)
    {
        var (content, group) = (draft.Content, new GroupContent(draft.Group.Length > 0 ? draft.Group : "group"));
        if (language == RuleLanguage.Promql && PromqlParser.Parse(content.Expression, out var error) is null && error is { Limit: null })
        {
            var line = error.Line;
            return new WorkbenchLint(
                [new LintFinding(LintChecks.Syntax, LintSeverity.Error, draft.File, line, draft.Group, content.Name, error.Message)],
                null,
                null
            );
        }
        if (RuleYaml.File(group, content, language) is not { } alone)
            return new WorkbenchLint([], null, "The rule is not yet complete.");
        var rule = alone.Rules.First();
        IReadOnlyList<NamedRuleFile> files = [new NamedRuleFile(draft.File.Length > 0 ? draft.File : "rules.yml", alone)];
        var (findings, notChecked) = (RuleLinter.Lint(files), (string?)null);
        if (askServer && language == RuleLanguage.Promql)
        {
            // A page that is open on a draft must not be made to follow any address in it: links to runbooks are not tried here.
            var linter = new ServerLinter(upstreams.For(draft.EnvironmentId).Prometheus, null, clock);
            var asked = await linter.LintAsync(files, NoPast, null, cancellationToken);
            (findings, notChecked) = (asked.Findings, asked.NotChecked);
        }
        return new WorkbenchLint(await InFileAsync(draft, findings, rule, cancellationToken), rule, notChecked);
    }

    /// <summary>What shows only beside the other rules of the file: the same rule twice, and reasons that stand in comments of the file.</summary>
    private async Task<IReadOnlyList<LintFinding>> InFileAsync(
        RuleDraft draft,
        IReadOnlyList<LintFinding> findings,
        FileRule rule,
        CancellationToken cancellationToken
    )
    {
        if (draft.File.Length == 0 || draft.Group.Length == 0 || await commands.PreviewAsync(draft, cancellationToken) is not ({ } file, _))
            return findings;
        var inFile = file.After.Groups[file.Group].Rules[file.Rule];
        var beside = RuleLinter
            .Lint([new NamedRuleFile(file.Name, file.After)])
            .Where(finding => finding.Check == LintChecks.Duplicate && finding.Rule == inFile.Content.Name && finding.Line >= inFile.Line)
            .Select(finding => finding with { Line = rule.Line });
        var accepted = LintAcceptance.Of(file.After);
        return
        [
            .. findings
                .Concat(beside)
                .Select(finding =>
                    finding.Accepted is null ? finding with { Accepted = accepted.Reason(finding with { Line = inFile.Line }) } : finding
                ),
        ];
    }

    private static Task<RenderedRule> ExpandAsync(
        PrometheusClient prometheus,
        RuleContent rule,
        IReadOnlyDictionary<string, string> labels,
        double value,
        DateTimeOffset at,
        string from,
        CancellationToken cancellationToken
    )
    {
        var data = new AlertTemplateData(labels, value, at) { Query = Ask };
        // A template may ask the server in the middle of a sentence, and waits for it: not on the page's own thread.
        return Task.Run(
            () =>
            {
                var all = labels
                    .Where(label => label.Key != PromqlMatcher.Name)
                    .ToDictionary(label => label.Key, label => label.Value, StringComparer.Ordinal);
                foreach (var (name, text) in rule.Labels)
                    all[name] = AlertTemplate.ExpandOrReport(text, data);
                var annotations = rule.Annotations.ToDictionary(
                    one => one.Key,
                    one => AlertTemplate.ExpandOrReport(one.Value, data),
                    StringComparer.Ordinal
                );
                return new RenderedRule(from, all, annotations);
            },
            cancellationToken
        );

        IReadOnlyList<TemplateSample> Ask(string promql) =>
            prometheus.QueryAsync(promql, at, cancellationToken).GetAwaiter().GetResult() switch
            {
                Fetch<QueryResult>.Ok { Value: var result } =>
                [
                    .. result.Series.Select(one => new TemplateSample(one.Labels.Values, one.Values.Span[^1])),
                ],
                Fetch<QueryResult>.Rejected { Reason: var reason } => throw new AlertTemplateException(reason),
                Fetch<QueryResult>.Unavailable { Reason: var reason } => throw new AlertTemplateException(reason),
                _ => throw new InvalidOperationException("An answer is one of three."),
            };
    }
}
