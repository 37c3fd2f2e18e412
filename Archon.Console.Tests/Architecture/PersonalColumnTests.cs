using System.Reflection;
using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Audit;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Entries of the audit cannot be altered, so no name of a person may be in their changes.</summary>
public sealed partial class PersonalColumnTests
{
    [Fact]
    public void Columns_that_name_a_person_are_recorded_without_their_values()
    {
        using var db = new ArchonDbContext(ArchonContextOptions.For("Host=none"));
        var names = db
            .Model.GetEntityTypes()
            .Select(type => type.ClrType)
            .Where(type => type.Namespace!.StartsWith("Archon.Data", StringComparison.Ordinal) && type != typeof(AuditEntry))
            .SelectMany(type => type.GetProperties())
            .Where(property => property.PropertyType == typeof(string) && OfAPerson().IsMatch(property.Name))
            .ToList();

        Assert.True(names.Count >= 12, $"{names.Count} columns: not all were found.");
        Assert.Empty(
            names
                .Where(property => property.GetCustomAttribute<PersonalAttribute>() is null)
                .Select(property => $"{property.DeclaringType!.Name}.{property.Name}")
        );
    }

    [GeneratedRegex("(^|[a-z])(By|Author|Actor|UserName|DisplayName|Email|Contact|PhoneNumber)$")]
    private static partial Regex OfAPerson();
}
