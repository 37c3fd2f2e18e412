namespace Archon.Integrations;

public static class FetchReasons
{
    /// <summary>Why there is no answer, in the upstream's own words; empty when there is one.</summary>
    public static string Reason<T>(this Fetch<T> fetch) =>
        fetch switch
        {
            Fetch<T>.Unavailable unavailable => unavailable.Reason,
            Fetch<T>.Rejected rejected => rejected.Reason,
            _ => "",
        };
}
