namespace Archon.Live;

/// <summary>How live ticks travel between processes. Bound to <c>ConnectionStrings</c>.</summary>
public sealed class LiveOptions
{
    /// <summary>Redis as the backplane of the hub; without it PostgreSQL alone carries the ticks.</summary>
    public string? Redis { get; init; }
}
