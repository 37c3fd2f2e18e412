using Archon.Data;

namespace Archon.Features.Access;

/// <summary>One role of one user.</summary>
internal sealed class UserRoleName
{
    public Guid UserId { get; init; }
    public string? Name { get; init; }
}

internal static class UserRoleNames
{
    /// <summary>The roles of all users, to be filtered within a query.</summary>
    public static IQueryable<UserRoleName> RoleNames(this ArchonDbContext db) =>
        from given in db.UserRoles
        join role in db.Roles on given.RoleId equals role.Id
        select new UserRoleName { UserId = given.UserId, Name = role.Name };
}
