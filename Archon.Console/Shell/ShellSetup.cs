using Archon.Ui.Dialogs;
using Archon.Ui.Forms;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components.Endpoints;
using MudBlazor;
using MudBlazor.Services;

namespace Archon.Shell;

public static class ShellSetup
{
    public static IServiceCollection AddShell(this IServiceCollection services)
    {
        services.AddScoped<ViewState>();
        services.AddSingleton<NavItems>();
        services.AddScoped<NavCounts>();
        services.AddScoped<Drafts>();
        services.AddScoped<MudFiles>();
        services.AddScoped<Floats>();
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomRight;
            (
                mud.SnackbarConfiguration.VisibleStateDuration,
                mud.SnackbarConfiguration.ShowTransitionDuration,
                mud.SnackbarConfiguration.HideTransitionDuration
            ) = (8000, 140, 140);
            mud.SnackbarConfiguration.ShowCloseIcon = false;
            mud.SnackbarConfiguration.MaximumOpacity = 100;
        });
        services
            .AddRazorComponents()
            .AddInteractiveServerComponents(options =>
            {
                // Long enough to walk from one network to the next; the page keeps what it shows meanwhile.
                options.DisconnectedCircuitRetentionPeriod = TimeSpan.FromMinutes(5);
                options.DisconnectedCircuitMaxRetained = 200;
            });
        return services;
    }

    private static Task NotThere(HttpContext context)
    {
        // Without Overview the first screen is the next one.
        if (context.Request.Path == "/")
            context.Response.Redirect(context.RequestServices.GetRequiredService<NavItems>().All[0].Href);
        else
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public static IEndpointRouteBuilder MapShell(this IEndpointRouteBuilder endpoints)
    {
        var features = endpoints.ServiceProvider.GetRequiredService<ConsoleFeatures>();
        endpoints.MapStaticAssets().AllowAnonymous();
        endpoints
            .MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options =>
            {
                // Our own header says more.
                options.ContentSecurityFrameAncestorsPolicy = null;
            })
            .Finally(page =>
            {
                if (page.Metadata.OfType<ComponentTypeMetadata>().FirstOrDefault() is { } shown && !features.Has(shown.Type))
                    page.RequestDelegate = NotThere;
            });
        return endpoints;
    }
}
