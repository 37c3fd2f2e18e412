using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Two environments may hold things of one name: what is unique is unique within its environment.</summary>
public sealed class EnvironmentKeyTests
{
    private const string EnvironmentId = nameof(Service.EnvironmentId);

    /// <summary>People, their sessions and what they did are those of the console as a whole, and so are its processes.</summary>
    private static bool IsOfTheConsole(IReadOnlyTypeBase type) =>
        type.ClrType.Namespace!.StartsWith("Archon.Data.Access", StringComparison.Ordinal)
        || type.ClrType.Namespace.StartsWith("Microsoft.AspNetCore.Identity", StringComparison.Ordinal)
        || type.ClrType == typeof(DataProtectionKey)
        || type.ClrType == typeof(ConsoleRun)
        || type.ClrType == typeof(MonitoredEnvironment);

    [Fact]
    public void Every_row_belongs_to_an_environment_or_to_a_row_that_does()
    {
        using var db = NewContext();

        var without = db
            .Model.GetEntityTypes()
            .Where(type => !IsOfTheConsole(type) && !Belongs(type, []))
            .Select(type => type.ClrType.Name);

        Assert.Empty(without);
    }

    [Fact]
    public void Every_unique_key_has_the_environment_or_an_id_that_is_of_one()
    {
        using var db = NewContext();
        var shared = new List<string>();
        var found = 0;
        foreach (var type in db.Model.GetEntityTypes().Where(type => !IsOfTheConsole(type)))
        {
            var keys = type.GetKeys().Select(key => key.Properties);
            var unique = type.GetIndexes().Where(index => index.IsUnique).Select(index => index.Properties);
            foreach (var properties in keys.Concat(unique))
            {
                found++;
                if (!properties.Any(property => property.Name == EnvironmentId || IsIdOfARow(property)))
                    shared.Add($"{type.ClrType.Name}: {string.Join(", ", properties.Select(property => property.Name))}");
            }
        }

        Assert.True(found > 20, $"{found} keys");
        Assert.Empty(shared);
    }

    /// <summary>Given by the database, or the id of another row that belongs to an environment.</summary>
    private static bool IsIdOfARow(IReadOnlyProperty property) =>
        property is { Name: "Id", ValueGenerated: ValueGenerated.OnAdd }
        || property.GetContainingForeignKeys().Any(key => Belongs(key.PrincipalEntityType, []));

    private static bool Belongs(IReadOnlyEntityType type, HashSet<IReadOnlyEntityType> seen) =>
        type.FindProperty(EnvironmentId) is not null
        || (seen.Add(type) && type.GetForeignKeys().Any(key => key is { IsRequired: true } && Belongs(key.PrincipalEntityType, seen)));

    private static ArchonDbContext NewContext() => new(new DbContextOptionsBuilder<ArchonDbContext>().UseNpgsql("Host=none").Options);
}
