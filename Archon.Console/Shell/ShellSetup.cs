using Archon.Ui.Dialogs;
using Archon.Ui.Forms;
using Archon.Ui.View;
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

    public static IEndpointRouteBuilder MapShell(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapStaticAssets().AllowAnonymous();
        endpoints
            .MapRazorComponents<App>()
            .AddInteractiveServerRenderMode(options =>
            {
                // Our own header says more.
                options.ContentSecurityFrameAncestorsPolicy = null;
            });
        return endpoints;
    }
}
