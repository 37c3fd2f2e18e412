using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;

namespace Archon.Features.Rules.Catalogue;

/// <summary>What a person wants a rule to say.</summary>
/// <param name="RuleId">Null for a new rule.</param>
/// <param name="File">Name of the rule file in the catalogue; made when there is none of the name.</param>
/// <param name="Group">Made at the end of the file when there is none of the name.</param>
/// <param name="BasedOn">The version the person began from; 0 for a new rule.</param>
/// <param name="Reason">Why, in a sentence for those who read the versions later.</param>
public sealed record RuleDraft(int EnvironmentId, int? RuleId, string File, string Group, RuleContent Content, int BasedOn, string Reason);

public abstract record RuleSaveResult
{
    private RuleSaveResult() { }

    public sealed record Saved(int RuleId, int Version) : RuleSaveResult;

    public sealed record NotFound : RuleSaveResult;

    /// <summary>Somebody saved another version meanwhile; nothing was written.</summary>
    public sealed record ChangedMeanwhile(RuleVersionRow Theirs) : RuleSaveResult;

    /// <summary>Prometheus would refuse it; nothing was written. Each reason is a sentence for the person.</summary>
    public sealed record Invalid(IReadOnlyList<string> Reasons) : RuleSaveResult;
}

/// <summary>A rule with all that its workbench needs.</summary>
/// <param name="Content">What the catalogue says now.</param>
/// <param name="Versions">The newest first.</param>
/// <param name="RunningVersion">The version the server was last seen to run; null where it runs none, or another than any of ours.</param>
/// <param name="Tests">Unit tests of the rule's file in promtool's form; empty where there are none.</param>
public sealed record RuleDetail(
    int Id,
    int EnvironmentId,
    string File,
    GroupContent Group,
    RuleContent Content,
    int CurrentVersion,
    int? RunningVersion,
    IReadOnlyList<RuleVersionRow> Versions,
    string Tests,
    string? ServerState,
    string? ServerHealth,
    string? ServerError,
    bool IsDeleted
)
{
    public RuleLanguage Language { get; init; }
}

/// <param name="Before">The file as it is; null when it would be new.</param>
/// <param name="Group">Index of the draft's group in <paramref name="After"/>.</param>
/// <param name="Rule">Index of the draft in its group.</param>
public sealed record NamedDraftFile(string Name, RuleFile? Before, RuleFile After, int Group, int Rule);
