using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>What to ask a server, and from where on an answer is a finding.</summary>
public sealed record ServerLintSettings
{
    /// <summary>More series than this at once are too many for an alert.</summary>
    public int MostSeries { get; init; } = 1000;

    /// <summary>More samples than this for one evaluation are too costly.</summary>
    public long MostSamples { get; init; } = 10_000_000;

    /// <summary>A longer evaluation is too costly.</summary>
    public TimeSpan LongestEvaluation { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How far back an alert is replayed. Zero: not at all.</summary>
    public TimeSpan Past { get; init; } = TimeSpan.FromDays(7);

    /// <summary>More firings than this in <see cref="Past"/> are noise.</summary>
    public int MostFirings { get; init; } = 20;
}

/// <summary>What came of asking a server.</summary>
/// <param name="NotChecked">Why some or all was not checked; null where everything was.</param>
public sealed record ServerLintResult(IReadOnlyList<LintFinding> Findings, string? NotChecked);
