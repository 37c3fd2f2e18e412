namespace Archon.Integrations;

/// <summary>The three ways an outside system can answer.</summary>
public abstract record Fetch<T>
{
    private Fetch() { }

    /// <summary>It answered.</summary>
    public sealed record Ok(T Value) : Fetch<T>;

    /// <summary>Down, slow or refused: not checked, which is never "all clear".</summary>
    public sealed record Unavailable(string Reason) : Fetch<T>;

    /// <summary>It understood us and said no: what we asked is wrong. The reason is in the server's own words.</summary>
    public sealed record Rejected(string Reason) : Fetch<T>;
}
