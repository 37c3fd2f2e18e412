using System.Linq.Expressions;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Archon.Data;

internal static class JsonColumns
{
    // Compared by content: a dictionary handed back unchanged writes nothing.
    private static readonly ValueComparer<Dictionary<string, string>> ByContent = new(
        (left, right) => left != null && right != null && left.Count == right.Count
            && left.All(pair => right.ContainsKey(pair.Key) && right[pair.Key] == pair.Value),
        labels => labels.Aggregate(0, (hash, pair) => hash ^ HashCode.Combine(pair.Key, pair.Value)),
        labels => new Dictionary<string, string>(labels));

    /// <summary>Stores names and values as one jsonb object.</summary>
    public static void HasJson<T>(this EntityTypeBuilder<T> entity, Expression<Func<T, Dictionary<string, string>>> property)
        where T : class =>
        entity.Property(property).HasColumnType("jsonb").HasConversion(
            values => JsonSerializer.Serialize(values, JsonSerializerOptions.Default),
            text => JsonSerializer.Deserialize<Dictionary<string, string>>(text, JsonSerializerOptions.Default)!,
            ByContent);
}
