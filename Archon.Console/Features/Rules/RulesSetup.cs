using Archon.Features.Alerts;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Coverage;
using Archon.Features.Rules.Editor;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Rules.Import;
using Archon.Features.Rules.List;
using Archon.Features.Rules.Noise;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;
using Microsoft.Extensions.Options;

namespace Archon.Features.Rules;

public static class RulesSetup
{
    public static ConsoleFeature Feature { get; } =
        new("Rules", services => services.AddRules(), endpoints => endpoints.MapRules()) { Needs = ["Explore", "Notifications"] };

    public static IServiceCollection AddRules(this IServiceCollection services)
    {
        services.AddOptions<RuleOptions>().BindConfiguration("Archon:Rules").ValidateOnStart();
        services.AddSingleton<IValidateOptions<RuleOptions>, RuleOptionsValidator>();
        services.AddSingleton(new NavItem("/rules", "Rules", "rules", "r", NavGroup.Catalogue, 10));
        services.AddSingleton(
            JobSchedule.OfEnvironment<ImportRulesJob>(
                "import-rules",
                "discover",
                "20 * * * * *",
                TimeSpan.FromMinutes(1),
                environmentId => job => job.ImportAsync(environmentId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddSingleton(
            JobSchedule.OfEnvironment<WatchRuleFilesJob>(
                "watch-rule-files",
                "discover",
                "50 * * * * *",
                TimeSpan.FromMinutes(1),
                environmentId => job => job.LookAsync(environmentId, CancellationToken.None),
                runsAtStart: true
            )
        );
        services.AddSingleton(new RenamedJob("Archon.Features.Rules.ImportRulesJob", typeof(ImportRulesJob)));
        services.AddSingleton(new RenamedJob("Archon.Features.Rules.WatchRuleFilesJob", typeof(WatchRuleFilesJob)));
        services.AddSingleton(Target);
        services.AddScoped<ImportRulesJob>();
        services.AddSingleton(new PageSection("anomaly/actions", typeof(MakeRuleAction), 0));
        services.AddSingleton(new PageSection("service/aside", typeof(ServiceRulesSection), 0));
        services.AddSingleton<ServiceRuleQueries>();
        services.AddSingleton<IAlertSource, RulerAlerts>();
        services.AddSingleton<IRetention, RuleRetention>();
        services.AddTopic<RuleTopic>();
        services.AddSingleton<RuleQueries>();
        services.AddSingleton<RuleCommands>();
        services.AddScoped<WatchRuleFilesJob>();
        services.AddSingleton<RuleReviewer>();
        services.AddSingleton(new ApplyPatience());
        services.AddSingleton<RuleApplier>();
        services.AddSingleton<RuleApplyQueries>();
        services.AddSingleton<OutsideChangeCommands>();
        services.AddSingleton<RuleImporter>();
        services.AddSingleton<RuleExporter>();
        services.AddSingleton<IPaletteSource, RulePalette>();
        services.AddSingleton<CoverageQueries>();
        services.AddSingleton<NoiseQueries>();
        services.AddSingleton<NoiseAdvisor>();
        services.AddSingleton<AlertResponseCommands>();
        return services.AddWorkbench();
    }

    private static IServiceCollection AddWorkbench(this IServiceCollection services)
    {
        services.AddOptions<PromtoolOptions>().BindConfiguration("Archon:Rules").ValidateOnStart();
        services.AddSingleton<IValidateOptions<PromtoolOptions>, PromtoolOptionsValidator>();
        services.AddSingleton<PromtoolRunner>();
        services.AddSingleton<RuleTestMaker>();
        services.AddSingleton<WorkbenchQueries>();
        services.AddSingleton<TroubleQueries>();
        services.AddSingleton(provider => new BacktestSampleCache(provider.GetRequiredService<TimeProvider>()));
        services.AddScoped<RuleEditorServices>();
        return services;
    }

    private static RuleTarget Target(IServiceProvider provider)
    {
        var options = provider.GetRequiredService<IOptions<RuleOptions>>().Value;
        var server = provider.GetRequiredService<RuleServerClient>();
        var environment = provider.GetRequiredService<ConfiguredEnvironment>().Id;
        switch (options.Target)
        {
            case RuleTargetKind.Folder:
                var prometheus = provider.GetRequiredService<IOptions<PrometheusOptions>>().Value.Address;
                var reload =
                    options.ReloadAddress is { Length: > 0 } named ? new Uri(named)
                    : prometheus is null ? null
                    : new Uri(prometheus, "-/reload");
                return new FolderTarget(options.Folder!, options.ServerFolder, reload, server) { EnvironmentId = environment };
            case RuleTargetKind.Ruler:
                return new RulerTarget(new Uri(options.RulerAddress!), server) { EnvironmentId = environment };
            default:
                return new NoTarget();
        }
    }
}
