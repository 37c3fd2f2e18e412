namespace Archon.Integrations;

/// <summary>What a server says it is.</summary>
public sealed record ServerVersion(string Version, string? Revision);
