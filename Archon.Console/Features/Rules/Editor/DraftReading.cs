using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;

namespace Archon.Features.Rules.Editor;

/// <summary>What the fields of a draft say: parsed once when they change, so that drawing a page parses nothing.</summary>
/// <param name="Content">What cannot be read of it is left out.</param>
/// <param name="Error">Why the expression is no PromQL; null where it is, where there is none, and in another language.</param>
/// <param name="IsEvaluable">Whether there is an expression that can be evaluated, replayed and tested here.</param>
/// <param name="Condition">The comparison of an alert; null where there is none.</param>
/// <param name="SavedCondition">The same of what is saved.</param>
/// <param name="Parts">What the expression says, part by part.</param>
/// <param name="Unit">Of the expression's value; empty where nothing is known.</param>
/// <param name="IsDirty">Whether it differs from what is saved.</param>
/// <param name="Shared">As a piece of an address; null where it would be too long for one, or there is nothing to share.</param>
public sealed record DraftReading(
    RuleContent Content,
    PromqlError? Error,
    bool IsEvaluable,
    AlertCondition? Condition,
    AlertCondition? SavedCondition,
    IReadOnlyList<ExpressionPart> Parts,
    string Unit,
    bool IsDirty,
    string? Shared
)
{
    /// <param name="saved">Null for a new rule.</param>
    public static DraftReading Of(WorkbenchDraft draft, WorkbenchDraft? saved, RuleLanguage language)
    {
        var isPromql = language == RuleLanguage.Promql;
        PromqlError? error = null;
        var isEvaluable = isPromql && draft.Expression.Length > 0 && PromqlParser.Parse(draft.Expression, out error) is not null;
        var isDirty = saved is null ? draft.Expression.Length > 0 || draft.Name.Length > 0 : !draft.Says(saved);
        return new DraftReading(
            draft.Content,
            error,
            isEvaluable,
            draft.IsAlert && isEvaluable ? AlertCondition.Of(draft.Expression) : null,
            saved is null ? null : AlertCondition.Of(saved.Expression),
            isPromql ? ExpressionWords.Of(draft.Expression) : [],
            isEvaluable ? ExpressionUnit.Of(draft.Expression) : "",
            isDirty,
            isDirty ? draft.Share() : null
        );
    }

    /// <summary>Why there is no backtest.</summary>
    public string Waiting =>
        Content.Expression.Length == 0 ? "Enter an expression to backtest it."
        : Error?.Limit is { } limit ? $"No backtest: {limit.Sentence}. Prometheus can still run it."
        : "Invalid PromQL; backtest paused.";
}
