using Archon.Integrations;
using Archon.Live;
using Archon.Shell;
using Archon.Ui.Dialogs;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using MudBlazor.Services;

namespace Archon.Tests.Kit;

/// <summary>What the shared components need around them, at a fixed time.</summary>
internal static class ShellParts
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 3, 7, 18, TimeSpan.Zero);

    public static FakeTimeProvider AddShellParts(this BunitContext context)
    {
        var clock = new FakeTimeProvider(Now);
        context.Services.AddSingleton<TimeProvider>(clock);
        context.Services.AddScoped(provider => new ViewState(
            new ConfiguredEnvironment(1),
            clock,
            provider.GetRequiredService<NavigationManager>()
        ));
        context.Services.AddSingleton(LiveDatabase.Ready());
        context.Services.AddSingleton<LiveUpdates>();
        context.Services.AddSingleton<SnapshotCache>();
        context.Services.AddSingleton(new NavItems(Contributions.Screens));
        context.Services.AddMudServices();
        context.Services.AddScoped<MudFiles>();
        context.JSInterop.Mode = JSRuntimeMode.Loose;
        return clock;
    }

    /// <summary>The layer of dialogs, notes, lists and menus, as it is once their files are in the browser.</summary>
    public static IRenderedComponent<FloatLayer> RenderFloats(this BunitContext context)
    {
        context.Services.GetRequiredService<MudFiles>().ComeWithPage();
        return context.Render<FloatLayer>();
    }
}
