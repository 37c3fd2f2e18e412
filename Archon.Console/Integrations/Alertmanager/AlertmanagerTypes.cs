using System.Text.Json.Serialization;
using Archon.Analysis;
using Archon.Analysis.Promql;

namespace Archon.Integrations.Alertmanager;

/// <param name="ConfigYaml">The configuration that runs, with secrets replaced by <c>&lt;secret&gt;</c>.</param>
/// <param name="ClusterState"><c>ready</c>, <c>settling</c> or <c>disabled</c>.</param>
public sealed record AlertmanagerStatus(
    string ConfigYaml,
    string Version,
    string ClusterState,
    IReadOnlyList<string> Peers,
    DateTimeOffset? StartedAt
);

/// <param name="State"><c>active</c>, <c>suppressed</c> or <c>unprocessed</c>.</param>
/// <param name="MutedBy">Names of mute intervals; known in groups only, and from 0.28 on.</param>
public sealed record AlertmanagerAlert(
    string Fingerprint,
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    DateTimeOffset UpdatedAt,
    string? GeneratorUrl,
    string State,
    IReadOnlyList<string> SilencedBy,
    IReadOnlyList<string> InhibitedBy,
    IReadOnlyList<string> MutedBy,
    IReadOnlyList<string> Receivers
);

public sealed record AlertmanagerGroup(
    IReadOnlyDictionary<string, string> Labels,
    string Receiver,
    IReadOnlyList<AlertmanagerAlert> Alerts
);

/// <param name="IsEqual">False turns the matcher round.</param>
public sealed record SilenceMatcher(string Name, string Value, bool IsRegex, bool IsEqual)
{
    /// <summary>Whether the label of an alert matches. A label that an alert lacks is empty.</summary>
    /// <exception cref="InputLimitException">The regular expression is too large, or takes too long.</exception>
    public bool Matches(string value) => (IsRegex ? Re2.Fault(Value) is null && Re2.Matches(Value, value) : Value == value) == IsEqual;
}

/// <param name="State"><c>active</c>, <c>pending</c> or <c>expired</c>.</param>
public sealed record AlertmanagerSilence(
    string Id,
    string State,
    IReadOnlyList<SilenceMatcher> Matchers,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    DateTimeOffset UpdatedAt,
    string CreatedBy,
    string Comment
)
{
    /// <summary>Whether all matchers match an alert.</summary>
    /// <param name="valueOf">The value of a label of the alert by its name; empty where it has none.</param>
    /// <returns>Null: a matcher is beyond a limit of this console, and no other one says that the silence does not match.</returns>
    public bool? Matches(Func<string, string> valueOf)
    {
        bool? all = true;
        foreach (var matcher in Matchers)
        {
            try
            {
                if (!matcher.Matches(valueOf(matcher.Name)))
                    return false;
            }
            catch (InputLimitException)
            {
                all = null;
            }
        }
        return all;
    }
}

/// <param name="Id">Null for a new one. An update must hold <paramref name="StartsAt"/> exactly as it was read, or it becomes another silence.</param>
public sealed record SilenceDraft(
    string? Id,
    IReadOnlyList<SilenceMatcher> Matchers,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    string CreatedBy,
    string Comment
);

/// <param name="EndsAt">Null: while it is posted again and again.</param>
public sealed record PostedAlert(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    string? GeneratorUrl
);

// What comes over the wire; it never leaves this folder.

internal sealed record StatusReply(ConfigReply? Config, VersionReply? VersionInfo, ClusterReply? Cluster, DateTimeOffset? Uptime);

internal sealed record ConfigReply(string? Original);

internal sealed record VersionReply(string? Version);

internal sealed record ClusterReply(string? Status, IReadOnlyList<PeerReply>? Peers);

internal sealed record PeerReply(string? Name, string? Address);

internal sealed record AlertReply(
    string? Fingerprint,
    Dictionary<string, string>? Labels,
    Dictionary<string, string>? Annotations,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    DateTimeOffset UpdatedAt,
    [property: JsonPropertyName("generatorURL")] string? GeneratorUrl,
    AlertStatusReply? Status,
    IReadOnlyList<NamedReply>? Receivers
);

internal sealed record AlertStatusReply(
    string? State,
    IReadOnlyList<string>? SilencedBy,
    IReadOnlyList<string>? InhibitedBy,
    IReadOnlyList<string>? MutedBy
);

internal sealed record NamedReply(string? Name);

internal sealed record GroupReply(Dictionary<string, string>? Labels, NamedReply? Receiver, IReadOnlyList<AlertReply>? Alerts);

internal sealed record SilenceReply(
    string? Id,
    SilenceStatusReply? Status,
    IReadOnlyList<MatcherReply>? Matchers,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    DateTimeOffset UpdatedAt,
    string? CreatedBy,
    string? Comment
);

internal sealed record SilenceStatusReply(string? State);

/// <summary><c>isEqual</c> is missing where a matcher was written before 0.22: then it is true.</summary>
internal sealed record MatcherReply(string Name, string Value, bool IsRegex, bool? IsEqual);

internal sealed record SilenceMadeReply([property: JsonPropertyName("silenceID")] string? SilenceId);

internal sealed record SilenceBody(
    string? Id,
    IReadOnlyList<SilenceMatcher> Matchers,
    DateTimeOffset StartsAt,
    DateTimeOffset EndsAt,
    string CreatedBy,
    string Comment
);

internal sealed record AlertBody(
    IReadOnlyDictionary<string, string> Labels,
    IReadOnlyDictionary<string, string> Annotations,
    DateTimeOffset StartsAt,
    DateTimeOffset? EndsAt,
    [property: JsonPropertyName("generatorURL")] string? GeneratorUrl
);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(AlertReply))]
[JsonSerializable(typeof(GroupReply))]
[JsonSerializable(typeof(SilenceReply))]
[JsonSerializable(typeof(List<NamedReply>), TypeInfoPropertyName = "Names")]
[JsonSerializable(typeof(SilenceMadeReply))]
[JsonSerializable(typeof(SilenceBody))]
[JsonSerializable(typeof(List<AlertBody>), TypeInfoPropertyName = "AlertBodies")]
internal sealed partial class AlertmanagerJson : JsonSerializerContext;
