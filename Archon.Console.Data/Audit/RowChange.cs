using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;

namespace Archon.Data.Audit;

/// <summary>One row that a command adds, edits or deletes: its columns before and after.</summary>
internal sealed class RowChange
{
    /// <summary>Rows that one entry lists; of more it says how many.</summary>
    public const int MostRows = 200;

    /// <summary>Longer texts are recorded by their length and SHA-256: the versions of rule files hold them in full.</summary>
    private const int LongestText = 2_000;

    private readonly EntityEntry entry;
    private readonly List<(IProperty Property, object? Value)> before = [];
    private readonly List<(IProperty Property, object? Value)> after = [];

    /// <summary>Keys of other new rows.</summary>
    private readonly HashSet<IProperty> late = [];

    private RowChange(EntityEntry entry)
    {
        (this.entry, State) = (entry, entry.State);
        foreach (var property in entry.Properties.Where(one => IsRecorded(one.Metadata)))
        {
            var isNew = State == EntityState.Added;
            if (State == EntityState.Modified && !property.IsModified)
                continue;
            if (!isNew)
                before.Add((property.Metadata, property.OriginalValue));
            // The key of a new row is known once it is saved; Write asks for it.
            if (property.IsTemporary)
                late.Add(property.Metadata);
            if (State != EntityState.Deleted && !property.Metadata.IsPrimaryKey() && !(isNew && property.CurrentValue is null))
                after.Add((property.Metadata, property.CurrentValue));
        }
    }

    private EntityState State { get; }

    /// <summary>What is about to be saved, without derived rows and those of which only derived columns change.</summary>
    public static List<RowChange> Of(ChangeTracker tracker) =>
        [
            .. tracker
                .Entries()
                .Where(entry => entry.State is EntityState.Added or EntityState.Modified or EntityState.Deleted)
                .Where(entry => !entry.Metadata.ClrType.IsDefined(typeof(DerivedAttribute), inherit: false))
                .Select(entry => new RowChange(entry))
                .Where(change => change.State != EntityState.Modified || change.after.Count > 0),
        ];

    /// <returns>JSON: an array of rows, each with table, key, change, before, after.</returns>
    public static string Write(IReadOnlyList<RowChange> changes)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var change in changes.Take(MostRows))
                change.Write(json);
            if (changes.Count > MostRows)
            {
                json.WriteStartObject();
                json.WriteNumber("more", changes.Count - MostRows);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("table", entry.Metadata.GetTableName());
        json.WriteStartObject("key");
        foreach (var property in entry.Metadata.FindPrimaryKey()!.Properties)
            Write(json, property, Now(property));
        json.WriteEndObject();
        json.WriteString("change", State.ToString().ToLowerInvariant());
        Write(json, "before", before);
        Write(json, "after", [.. after.Select(one => late.Contains(one.Property) ? (one.Property, Now(one.Property)) : one)]);
        json.WriteEndObject();
    }

    private object? Now(IProperty property) => entry.Property(property.Name).CurrentValue;

    private static void Write(Utf8JsonWriter json, string name, List<(IProperty Property, object? Value)> values)
    {
        if (values.Count == 0)
            return;
        json.WriteStartObject(name);
        foreach (var (property, value) in values)
            Write(json, property, value);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, IProperty property, object? value)
    {
        json.WritePropertyName(property.GetColumnName());
        if (value is null)
            json.WriteNullValue();
        else if (Has<SecretAttribute>(property))
            json.WriteStringValue("(secret)");
        else if (Has<PersonalAttribute>(property))
            json.WriteStringValue("(personal)");
        else
            Write(json, property.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value) : value);
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case string { Length: > LongestText } text:
                WriteDigest(json, "characters", text.Length, Encoding.UTF8.GetBytes(text));
                break;
            case byte[] bytes:
                WriteDigest(json, "bytes", bytes.Length, bytes);
                break;
            case double number when !double.IsFinite(number):
                json.WriteStringValue(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                JsonSerializer.Serialize(json, value, value.GetType());
                break;
        }
    }

    private static void WriteDigest(Utf8JsonWriter json, string unit, int length, byte[] bytes)
    {
        json.WriteStartObject();
        json.WriteNumber(unit, length);
        json.WriteString("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes)));
        json.WriteEndObject();
    }

    private static bool IsRecorded(IProperty property) => !property.IsConcurrencyToken && !Has<DerivedAttribute>(property);

    private static bool Has<T>(IProperty property)
        where T : Attribute => property.PropertyInfo?.GetCustomAttribute<T>() is not null;
}
