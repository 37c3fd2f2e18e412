using Archon.Data;
using Microsoft.AspNetCore.Components;

namespace Archon.Ui.Parts;

/// <summary>While it is on the page, does something again and again as long as the database is there: put it where a reading failed.</summary>
public sealed class DatabaseRetry : ComponentBase, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private readonly ComponentLifetime lifetime = new();

    /// <summary>Reads again. Where that succeeds the page no longer shows this component.</summary>
    [Parameter, EditorRequired]
    public EventCallback Do { get; set; }

    [Inject]
    private ArchonDatabase Database { get; set; } = default!;

    [Inject]
    private TimeProvider Clock { get; set; } = default!;

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
            _ = RetryAsync();
    }

    private async Task RetryAsync()
    {
        var token = lifetime.Token;
        try
        {
            while (true)
            {
                await Task.Delay(Pause, Clock, token);
                await Database.WhenReadyAsync(token);
                await InvokeAsync(() => token.IsCancellationRequested ? Task.CompletedTask : Do.InvokeAsync());
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // it was read, or the tab closed
        }
        catch (Exception failure)
        {
            await DispatchExceptionAsync(failure);
        }
    }

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
