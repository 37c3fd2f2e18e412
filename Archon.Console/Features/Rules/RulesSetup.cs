using Archon.Shell;

namespace Archon.Features.Rules;

public static class RulesSetup
{
    public static IServiceCollection AddRules(this IServiceCollection services)
    {
        services.AddScoped<ImportRulesJob>();
        services.AddSingleton<RuleQueries>();
        services.AddSingleton<RuleCommands>();
        services.AddSingleton<IPaletteSource, RulePalette>();
        return services;
    }
}
