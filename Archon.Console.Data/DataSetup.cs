using Archon.Data.Background;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Archon.Data;

public static class DataSetup
{
    /// <summary>The database named by <c>ConnectionStrings:Archon</c>, or else an embedded PostgreSQL under <c>Archon:Database:Folder</c>.</summary>
    public static IServiceCollection AddArchonData(this IServiceCollection services, IConfiguration configuration)
    {
        services
            .AddOptions<DatabaseOptions>()
            .BindConfiguration("Archon:Database")
            .PostConfigure(options =>
            {
                if (options.Folder.Length == 0)
                    options.Folder = DefaultFolder();
            })
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<DatabaseOptions>, DatabaseOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);

        var configured = configuration.GetConnectionString("Archon");
        services.AddSingleton(new ArchonConnection(string.IsNullOrWhiteSpace(configured) ? null : configured));
        services.AddSingleton<ArchonDatabase>();
        services.AddMetrics();
        services.AddSingleton<BackgroundServiceStates>();
        services.AddSingleton<Supervision>();
        services.AddSingleton<ArchonNotifications>();
        services.AddSingleton<IDbContextFactory<ArchonDbContext>, ArchonContexts>();
        // Identity's stores and data protection want a context of the scope; everything of ours takes the factory.
        services.AddScoped(provider => provider.GetRequiredService<IDbContextFactory<ArchonDbContext>>().CreateDbContext());
        services.AddHostedService<ArchonDatabaseStarter>();
        return services;
    }

    /// <summary><c>.archon</c> of the checkout that the console is started in, else of the current folder.</summary>
    private static string DefaultFolder()
    {
        var here = Directory.GetCurrentDirectory();
        for (var folder = here; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Archon.Console.sln")))
                return Path.Combine(folder, ".archon");
        }
        return Path.Combine(here, ".archon");
    }
}
