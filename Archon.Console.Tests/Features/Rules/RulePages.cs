using Archon.Data;
using Archon.Features.Access;
using Archon.Tests.Features.PageStates;
using Bunit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Features.Rules;

/// <summary>The pages of rules on the catalogue and the folder of a bench.</summary>
internal static class RulePages
{
    /// <param name="permissions">What the reader may do; everything without one.</param>
    public static void AddRulePages(
        this BunitContext context,
        RuleBench bench,
        IDbContextFactory<ArchonDbContext>? contexts = null,
        params string[] permissions
    )
    {
        context.AddPages(contexts ?? bench.Contexts, bench.Metrics.Address);
        context.Services.AddSingleton(bench.Target);
        var policies = permissions.Length > 0 ? permissions : [.. Permission.All.Select(one => one.Name)];
        context.AddAuthorization().SetAuthorized("ada").SetRoles(Roles.Editor).SetPolicies(policies);
    }
}
