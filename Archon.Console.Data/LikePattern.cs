namespace Archon.Data;

/// <summary>Patterns for PostgreSQL's <c>LIKE</c> and <c>ILIKE</c> in which what a person typed stands for itself.</summary>
public static class LikePattern
{
    /// <summary>To be named in the query: without it PostgreSQL's provider turns escaping off.</summary>
    public const string Escape = @"\";

    public static string Containing(string text) => $"%{Literal(text.Trim())}%";

    public static string StartingWith(string text) => $"{Literal(text.Trim())}%";

    private static string Literal(string text) =>
        text.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace("%", @"\%", StringComparison.Ordinal)
            .Replace("_", @"\_", StringComparison.Ordinal)
            // PostgreSQL keeps no such character in a text, and refuses to be asked for it.
            .Replace("\0", "", StringComparison.Ordinal);
}
