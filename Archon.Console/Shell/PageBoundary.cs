using Archon.Data;
using Archon.Ui.Parts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Archon.Shell;

/// <summary>Shows what failed in place of a page. Where it was the database that was away, the page is made anew as soon as it is back.</summary>
public sealed class PageBoundary : ErrorBoundary, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private readonly ComponentLifetime lifetime = new();

    [Inject]
    private ArchonDatabase Database { get; set; } = default!;

    [Inject]
    private TimeProvider Clock { get; set; } = default!;

    protected override Task OnErrorAsync(Exception exception)
    {
        if (!DatabaseFailures.IsAway(exception))
            return base.OnErrorAsync(exception);
        Database.Suspect();
        _ = RecoverAsync();
        return Task.CompletedTask;
    }

    private async Task RecoverAsync()
    {
        try
        {
            // The state may say ready until the next probe.
            await Task.Delay(Pause, Clock, lifetime.Token);
            await Database.WhenReadyAsync(lifetime.Token);
            await InvokeAsync(Recover);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
    }

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
