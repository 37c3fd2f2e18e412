using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Ui.Charts;

namespace Archon.Features.Rules.Backtest;

/// <summary>What to replay, beside what, and against what really was wrong.</summary>
/// <param name="Saved">What the catalogue says; null for a new rule.</param>
/// <param name="Troubles">Null where they could not be read: then firings are not judged.</param>
public sealed record BacktestQuestion(
    RuleContent Draft,
    RuleContent? Saved,
    string File,
    GroupContent Group,
    TimeRange Range,
    IReadOnlyList<KnownTrouble>? Troubles
);

/// <summary>How one version of a rule would have done.</summary>
/// <param name="Judged">Null where nothing is known to judge by.</param>
/// <param name="Ended">Why it ends before the range does, or cannot be known at all; null when it is whole, or still goes on.</param>
/// <param name="KnownUntil">Unix milliseconds of the last evaluation that was replayed; null before the first.</param>
public sealed record BacktestLane(
    IReadOnlyList<ReplaySpan> Spans,
    IReadOnlyList<ReplayFailure> Failures,
    ReplaySummary Summary,
    ReplayComparison? Judged,
    string? Ended,
    long? KnownUntil
)
{
    /// <summary>How long before its recorded start a firing still belongs to an incident.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromMinutes(10);

    public static BacktestLane Of(BacktestQuestion question, ReplayHistory history, string? ended, long? known)
    {
        IReadOnlyList<ReplaySpan> spans = [.. history.Spans];
        var judged = question.Troubles is { Count: > 0 } troubles ? ReplayComparison.Of(spans, troubles, Lead) : null;
        return new BacktestLane(spans, [.. history.Failures], history.Summary(), judged, ended, known);
    }

    /// <summary>Nothing is known, for a reason.</summary>
    public static BacktestLane Unknown(string why) => new([], [], new ReplaySummary(0, TimeSpan.Zero, 0, 0, 0), null, why, null);
}

/// <summary>How far a backtest is, and what it came to until then.</summary>
/// <param name="Progress">0 to 1.</param>
/// <param name="Chart">The value that is compared, without its comparison; null while nothing is known of it.</param>
/// <param name="ChartFailure">Why there is no chart.</param>
/// <param name="Interval">The group's; null where the server could not be asked.</param>
/// <param name="IsServed">Whether the server runs the group, so that its evaluations are those of the replay.</param>
/// <param name="Took">Since the start.</param>
public sealed record BacktestPicture(
    BacktestQuestion Question,
    double Progress,
    BacktestLane? Draft,
    BacktestLane? Saved,
    ChartData? Chart,
    int SeriesFound,
    string? ChartFailure,
    TimeSpan? Interval,
    bool IsServed,
    TimeSpan Took
)
{
    /// <summary>The comparison of the draft; null where there is none. Parsed once for all that draws the picture.</summary>
    public AlertCondition? Condition { get; init; }

    /// <summary>Of the value of the draft's expression; empty where nothing is known.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Whether what is saved compares the same value, and has no samples where the draft has none.</summary>
    public bool ComparesTheSame { get; init; }

    public bool IsDone => Progress >= 1;

    /// <summary>Before anything is known.</summary>
    public static BacktestPicture Begin(BacktestQuestion question)
    {
        var condition = AlertCondition.Of(question.Draft.Expression);
        return new BacktestPicture(question, 0, null, null, null, 0, null, null, false, TimeSpan.Zero)
        {
            Condition = condition,
            Unit = ExpressionUnit.Of(question.Draft.Expression),
            ComparesTheSame = question.Saved is { } saved && AlertCondition.Of(saved.Expression)?.Value == condition?.Value,
        };
    }
}
