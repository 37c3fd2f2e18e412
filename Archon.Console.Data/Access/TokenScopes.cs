namespace Archon.Data.Access;

/// <summary>What an API token may be limited to. A token without scopes may do all that its role may.</summary>
public static class TokenScopes
{
    public const string ReadMonitoring = "monitoring:read";
    public const string StartAnalysis = "analysis:start";
    public const string ReadLive = "live:read";
    public const string ReadRules = "rules:read";

    public static readonly IReadOnlyList<string> All = [ReadMonitoring, StartAnalysis, ReadLive, ReadRules];
}

/// <summary>Metadata of an endpoint: the scope that it needs. A token with scopes is refused by endpoints that name none.</summary>
public sealed record NeededScope(string Scope);
