using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Background;
using Archon.Features.Access;
using Archon.Integrations;
using Archon.Tests.Kit;
using Archon.Ui.Dialogs;
using Archon.Ui.Forms;
using Bunit;
using Hangfire;
using Hangfire.Common;
using Hangfire.States;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Archon.Tests.Features.PageStates;

/// <summary>Pages with what their features register, on a database of the test's choice.</summary>
internal static partial class PageParts
{
    public static void AddPages(this BunitContext context, IDbContextFactory<ArchonDbContext> database, Uri servers)
    {
        var services = context.Services;
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder()
                .AddInMemoryCollection(
                    new Dictionary<string, string?>
                    {
                        ["Prometheus:BaseAddress"] = servers.AbsoluteUri,
                        ["Alertmanager:BaseAddress"] = servers.AbsoluteUri,
                    }
                )
                .Build()
        );
        services.AddLogging();
        services.AddScoped<Drafts>().AddScoped<Floats>();
        foreach (var feature in Program.Features)
            feature.Add(services);
        services.AddIntegrations(1);
        context.AddShellParts();
        // Clients of servers rest between two attempts: the clock of a test would never end that.
        services.AddSingleton(UpstreamClients.At(servers, servers));
        services.AddSingleton(database);
        services.AddSingleton<IHostApplicationLifetime, NoHost>();
        services.AddSingleton<IBackgroundJobClient, NoJobs>();
        services.AddSingleton<BackgroundServiceStates>();
        context.AddAuthorization().SetAuthorized("admin").SetRoles(Roles.Admin).SetPolicies([.. Permission.All.Select(one => one.Name)]);
    }

    public static IRenderedComponent<IComponent> Draw(this BunitContext context, PageCase page)
    {
        if (page.Query.Length > 0)
            context.Services.GetRequiredService<NavigationManager>().NavigateTo(page.Query);
        return context.Render(builder =>
        {
            builder.OpenComponent(0, page.Page);
            builder.AddMultipleAttributes(1, page.Given);
            builder.CloseComponent();
        });
    }

    /// <summary>The words on the screen, and those for screen readers.</summary>
    public static string Words(this IRenderedComponent<IComponent> page) =>
        Spaces().Replace(string.Concat(page.Nodes.Select(node => node.TextContent)), " ").Replace('\u2009', ' ');

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    /// <summary>Not one that a test could stop.</summary>
    private sealed class NoHost : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => CancellationToken.None;
        public CancellationToken ApplicationStopping => CancellationToken.None;
        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() { }
    }
}

/// <summary>Nothing that a page does by itself queues a job.</summary>
internal sealed class NoJobs : IBackgroundJobClient
{
    public string Create(Job job, IState state) => throw new NotSupportedException();

    public bool ChangeState(string jobId, IState state, string expectedState) => throw new NotSupportedException();
}

/// <summary>A database that never answers.</summary>
internal sealed class SilentDatabase : IDbContextFactory<ArchonDbContext>
{
    public ArchonDbContext CreateDbContext() => throw new NotSupportedException("It is asked without waiting.");

    public async Task<ArchonDbContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new OperationCanceledException(cancellationToken);
    }
}

/// <summary>A database that is not there.</summary>
internal sealed class AbsentDatabase : IDbContextFactory<ArchonDbContext>
{
    public ArchonDbContext CreateDbContext() => throw new NpgsqlException("connection refused");
}
