using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Audit;
using Archon.Data.Catalogue;
using Archon.Data.States;
using Archon.Tests.Deploy;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Two environments may hold things of one name: what is unique is unique within its environment.</summary>
public sealed partial class EnvironmentKeyTests
{
    private const string EnvironmentId = nameof(Service.EnvironmentId);

    /// <summary>People, their sessions and what they did are those of the console as a whole, and so are its processes.</summary>
    private static bool IsOfTheConsole(IReadOnlyTypeBase type) =>
        type.ClrType.Namespace!.StartsWith("Archon.Data.Access", StringComparison.Ordinal)
        || type.ClrType == typeof(AuditChainHead)
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

    [Fact]
    public void Only_first_run_code_names_the_first_environment()
    {
        Assert.Equal(
            ["Archon.Console.Data/Catalogue/CatalogueConfiguration.cs", "Archon.Console/Hosting/FirstEnvironment.cs"],
            Naming(new Regex(@"MonitoredEnvironment\.DefaultId|\bDefaultId\b(?! =)"))
        );
    }

    [Fact]
    public void No_code_takes_the_environment_1_for_granted()
    {
        var literal = new Regex(@"\b[eE]nvironment(Id)?\s*(:|==?)\s*1\b");

        Assert.Empty(Naming(literal));
        Assert.Matches(literal, "Find(environmentId: 1)");
        Assert.Matches(literal, "one.EnvironmentId == 1");
        Assert.DoesNotMatch(literal, "environmentId == 10");
    }

    /// <summary>Files of the program with such a text, but for migrations.</summary>
    private static IEnumerable<string> Naming(Regex text) =>
        from project in (string[])["Archon.Console", "Archon.Console.Data"]
        from file in Directory.EnumerateFiles(Path.Combine(DeployTests.Checkout(), project), "*", SearchOption.AllDirectories)
        where file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".razor", StringComparison.Ordinal)
        let path = Path.GetRelativePath(DeployTests.Checkout(), file).Replace('\\', '/')
        where !Generated().IsMatch(path) && text.IsMatch(File.ReadAllText(file))
        orderby path
        select path;

    [GeneratedRegex("/(obj|bin|node_modules|wwwroot|Migrations)/")]
    private static partial Regex Generated();

    /// <summary>Given by the database, or the id of another row that belongs to an environment.</summary>
    private static bool IsIdOfARow(IReadOnlyProperty property) =>
        property is { Name: "Id", ValueGenerated: ValueGenerated.OnAdd }
        || property.GetContainingForeignKeys().Any(key => Belongs(key.PrincipalEntityType, []));

    private static bool Belongs(IReadOnlyEntityType type, HashSet<IReadOnlyEntityType> seen) =>
        type.FindProperty(EnvironmentId) is not null
        || (seen.Add(type) && type.GetForeignKeys().Any(key => key is { IsRequired: true } && Belongs(key.PrincipalEntityType, seen)));

    private static ArchonDbContext NewContext() => new(new DbContextOptionsBuilder<ArchonDbContext>().UseNpgsql("Host=none").Options);
}
