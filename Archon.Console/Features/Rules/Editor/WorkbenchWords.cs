using System.Globalization;
using Archon.Analysis.Promql;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Rules.Editor;

/// <summary>Sentences and figures of the workbench.</summary>
internal static class WorkbenchWords
{
    /// <summary>Where a draft that was not begun here comes from.</summary>
    public static string? Origin(string? source) =>
        source switch
        {
            DraftSources.Coverage => "Begun from a gap in the coverage. It is not saved; the backtest shows what it would have done.",
            DraftSources.Noise => "A quieter form of this rule, from the noise report. It is not saved; the backtest shows both.",
            DraftSources.Anomaly => "Begun from an anomaly. Its band became the threshold; the backtest shows what it would have done.",
            _ => null,
        };

    /// <summary>The place of a rule, and how the server does with it.</summary>
    public static string Where(WorkbenchDraft draft, RuleDetail? rule)
    {
        string[] parts =
        [
            draft.File.Length > 0 ? Path.GetFileName(draft.File) : "no file yet",
            draft.Group.Length > 0 ? $"group {draft.Group}" : "no group yet",
            rule?.Group.Interval is { } interval ? $"every {Ages.Exactly(interval)}" : "",
            rule switch
            {
                null => "",
                { RunningVersion: { } running } => $"v{running} runs",
                { ServerState: null } => "not on the server",
                _ => "the server runs another text",
            },
        ];
        return string.Join(" · ", parts.Where(part => part.Length > 0));
    }

    /// <summary>What one evaluation yields and costs.</summary>
    /// <param name="unit">Of the expression's value; empty where nothing is known.</param>
    public static string Cost(Fetch<EvaluationNow>? now, string unit) =>
        now switch
        {
            Fetch<EvaluationNow>.Ok { Value: var one } => $"{Yield(one, unit)} · {Cost(one)}",
            Fetch<EvaluationNow>.Rejected => "refused by the server",
            Fetch<EvaluationNow>.Unavailable { Reason: var reason } => $"cost not known: {reason}",
            _ => "",
        };

    public static string Plain(double value) => value.ToString("0.###############", CultureInfo.InvariantCulture);

    public static string Was(string? before) => before is null ? "" : $"was {before}";

    public static string WasLength(TimeSpan? before, TimeSpan now)
    {
        if (before is not { } known || known == now)
            return "";
        return Was(known == TimeSpan.Zero ? "unset" : PrometheusDuration.Format(known));
    }

    public static string Sla(string severity) =>
        severity switch
        {
            "critical" => "Acknowledge within 5 min, resolve within 15 min.",
            "warning" => "Acknowledge within 30 min, resolve within 4 h.",
            "info" => "Look at it within 24 h.",
            "" => "Without a severity no response time applies.",
            _ => "No clock is known for this severity.",
        };

    public static StateKind SeverityState(string? severity) =>
        severity switch
        {
            "critical" => StateKind.Critical,
            "warning" => StateKind.Warning,
            "info" => StateKind.Info,
            _ => StateKind.Unknown,
        };

    private static string Yield(EvaluationNow one, string unit) =>
        one switch
        {
            { Series: 0 } => "no series now",
            { Series: 1, First: { } value } => $"1 series now, {Figures.Format(value, unit)}",
            { Series: 1 } => "1 series now",
            _ => $"{one.Series} series now",
        };

    private static string Cost(EvaluationNow one) =>
        one.Cost is { } cost
            ? $"{Figures.Format(cost.TotalSeconds, "s")}, {Figures.Format(cost.TotalSamples, "")} samples, peak {Figures.Format(cost.PeakSamples, "")}"
            : "cost unknown";
}
