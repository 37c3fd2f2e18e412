using Archon.Shell;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

public static class ForecastsSetup
{
    public static IServiceCollection AddForecasts(this IServiceCollection services)
    {
        services.AddOptions<ForecastOptions>().BindConfiguration("Archon:Forecasts").ValidateOnStart();
        services.AddSingleton<IValidateOptions<ForecastOptions>, ForecastOptionsValidator>();
        services.AddSingleton<ForecastQueries>();
        services.AddScoped<ForecastJob>();
        services.AddSingleton<INavCountSource, ForecastCount>();
        return services;
    }
}
