using Archon.Jobs;
using Archon.Live;
using Archon.Shell;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

public static class ForecastsSetup
{
    public static ConsoleFeature Feature { get; } = new("Forecasts", services => services.AddForecasts());

    public static IServiceCollection AddForecasts(this IServiceCollection services)
    {
        services.AddOptions<ForecastOptions>().BindConfiguration("Archon:Forecasts").ValidateOnStart();
        services.AddSingleton<IValidateOptions<ForecastOptions>, ForecastOptionsValidator>();
        services.AddSingleton(new NavItem("/forecasts", "Forecasts", "forecasts", "f", NavGroup.Now, 20));
        services.AddSingleton(
            JobSchedule.Of<ForecastJob>(
                "forecast",
                "forecast",
                "45 * * * * *",
                TimeSpan.FromMinutes(1),
                job => job.DispatchAsync(CancellationToken.None)
            )
        );
        services.AddSingleton(new PageSection("overview/aside", typeof(LimitsSection), 0));
        services.AddSingleton<IRetention, PredictionRetention>();
        services.AddTopic<ForecastTopic>();
        services.AddSingleton<ForecastQueries>();
        services.AddScoped<ForecastJob>();
        services.AddSingleton<INavCountSource, ForecastCount>();
        return services;
    }
}
