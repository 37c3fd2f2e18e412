using Archon.Data;
using Microsoft.Extensions.Options;

namespace Archon.Cli;

/// <summary>Services of the console for a command: its database, and nothing of what runs beside its pages. It works beside a console that runs.</summary>
internal sealed class CommandHost : IAsyncDisposable
{
    /// <summary>For the help of commands.</summary>
    public const string WhichDatabase = """
        The database is that of the console: ConnectionStrings__Archon, else its own in the folder Archon__Database__Folder, which is started if need be.
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private readonly IHost host;

    private CommandHost(IHost host) => this.host = host;

    public IServiceProvider Services => host.Services;

    /// <summary>Ends when the database is ready.</summary>
    /// <exception cref="BadInputException">A setting is wrong, or the database cannot be used.</exception>
    public static async Task<CommandHost> StartAsync(Action<IServiceCollection> add, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder
            .Configuration.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables();
        builder.Services.AddArchonData(builder.Configuration).AddLogging();
        add(builder.Services);
        var others = builder.Services.Where(one =>
            one.ServiceType == typeof(IHostedService) && one.ImplementationType?.Assembly != typeof(ArchonDbContext).Assembly
        );
        foreach (var other in others.ToList())
        {
            builder.Services.Remove(other);
        }
        var started = new CommandHost(builder.Build());
        try
        {
            await started.host.StartAsync(cancellationToken);
            await started.WaitForDatabaseAsync(cancellationToken);
            return started;
        }
        catch (OptionsValidationException wrong)
        {
            await started.DisposeAsync();
            throw new BadInputException(string.Join('\n', wrong.Failures));
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    private async Task WaitForDatabaseAsync(CancellationToken cancellationToken)
    {
        var database = Services.GetRequiredService<ArchonDatabase>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        void Look()
        {
            if (database.State is DatabaseState.Away)
                limit.Cancel();
        }
        database.Changed += Look;
        try
        {
            Look();
            await database.WhenReadyAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var why = database.State is DatabaseState.Away away ? away.Reason : "it did not come up in time.";
            throw new BadInputException($"The console's database cannot be used: {why}");
        }
        finally
        {
            database.Changed -= Look;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync(CancellationToken.None);
        host.Dispose();
    }
}
