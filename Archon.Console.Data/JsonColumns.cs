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
        (left, right) =>
            left != null
            && right != null
            && left.Count == right.Count
            && left.All(pair => right.ContainsKey(pair.Key) && right[pair.Key] == pair.Value),
        labels => labels.Aggregate(0, (hash, pair) => hash ^ HashCode.Combine(pair.Key, pair.Value)),
        labels => new Dictionary<string, string>(labels)
    );

    /// <summary>Stores names and values as one jsonb object.</summary>
    public static void HasJson<T>(this EntityTypeBuilder<T> entity, Expression<Func<T, Dictionary<string, string>>> property)
        where T : class => entity.Property(property).AsJson(ByContent);

    /// <summary>Stores records as one jsonb array. They are replaced as a whole, never changed in place.</summary>
    public static void HasJson<T, TItem>(this EntityTypeBuilder<T> entity, Expression<Func<T, List<TItem>>> property)
        where T : class =>
        entity
            .Property(property)
            .AsJson(
                new ValueComparer<List<TItem>>(
                    (left, right) => Text(left) == Text(right),
                    items => Text(items).GetHashCode(StringComparison.Ordinal),
                    items => items.ToList()
                )
            );

    /// <summary>Stores one record as a jsonb object, and its absence as NULL. It is replaced as a whole, never changed in place.</summary>
    public static void HasJsonOrNull<T, TValue>(this EntityTypeBuilder<T> entity, Expression<Func<T, TValue?>> property)
        where T : class
        where TValue : class =>
        entity
            .Property(property)
            .HasColumnType("jsonb")
            .HasConversion(
                value => Text(value),
                text => JsonSerializer.Deserialize<TValue>(text, JsonSerializerOptions.Default)!,
                new ValueComparer<TValue?>(
                    (left, right) => Text(left) == Text(right),
                    one => Text(one).GetHashCode(StringComparison.Ordinal),
                    one => one
                )
            );

    private static void AsJson<TValue>(this PropertyBuilder<TValue> property, ValueComparer<TValue> comparer) =>
        property
            .HasColumnType("jsonb")
            .HasConversion(
                value => Text(value),
                text => JsonSerializer.Deserialize<TValue>(text, JsonSerializerOptions.Default)!,
                comparer
            );

    private static string Text<TValue>(TValue value) => JsonSerializer.Serialize(value, JsonSerializerOptions.Default);
}
