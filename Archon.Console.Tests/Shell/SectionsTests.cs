using Archon.Data;
using Archon.Features.Alerts;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Coverage;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Tests.Kit;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Archon.Tests.Shell;

/// <summary>Parts of a page that other features contribute.</summary>
public sealed class SectionsTests : BunitContext
{
    public SectionsTests()
    {
        this.AddShellParts();
        Services.AddSingleton<IDbContextFactory<ArchonDbContext>, AwayDatabase>();
        Services.AddSingleton<ForecastQueries>().AddSingleton<IncidentQueries>().AddSingleton<ServiceRuleQueries>();
        Services.AddSingleton<ForecastTopic>().AddSingleton<WatchTopic>().AddSingleton<ServiceTopic>();
        Services.AddSingleton<IncidentTopic>().AddSingleton<RuleTopic>().AddSingleton<AlertTopic>();
        Services.AddSingleton<RuleTarget, NoTarget>().AddSingleton<RuleQueries>().AddSingleton<CoverageQueries>();
        Services.AddSingleton<AlertQueries>();
    }

    [Fact]
    public void One_that_could_not_be_read_says_so_in_its_place()
    {
        IRenderedComponent<IComponent>[] sections =
        [
            Render<LimitsSection>(),
            Render<CauseSection>(with => with.Add(section => section.AnomalyId, 1)),
            Render<ServiceRulesSection>(with => with.Add(section => section.Service, "shop")),
            Render<FiringSection>(),
            Render<ServiceAlertsSection>(with => with.Add(section => section.ServiceId, 1)),
            Render<RuleAlertsSection>(with => with.Add(section => section.RuleId, 1)),
        ];

        Assert.All(
            sections,
            section =>
                section.WaitForAssertion(() =>
                {
                    var words = section.Find("[role=status]").TextContent;
                    Assert.Contains("Unknown since", words, StringComparison.Ordinal);
                    Assert.Contains("Retrying.", words, StringComparison.Ordinal);
                    Assert.DoesNotContain("Nothing runs out", section.Markup, StringComparison.Ordinal);
                    Assert.DoesNotContain("No alert fires", section.Markup, StringComparison.Ordinal);
                })
        );
    }

    private sealed class AwayDatabase : IDbContextFactory<ArchonDbContext>
    {
        public ArchonDbContext CreateDbContext() => throw new NpgsqlException("connection refused");
    }
}
