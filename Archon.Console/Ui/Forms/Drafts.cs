using System.Text.Json;
using Microsoft.JSInterop;

namespace Archon.Ui.Forms;

/// <summary>Keeps what a person is writing in their browser tab, so that it is there again when the console was restarted meanwhile.</summary>
/// <remarks>A draft comes back only into a page that loaded itself again because its circuit was lost: who leaves a form leaves it.</remarks>
public sealed class Drafts(IJSRuntime scripts)
{
    private readonly Dictionary<string, string> kept = [];

    /// <summary>Writes the draft down where it changed since the last time.</summary>
    /// <param name="beyondTab">Also for when the tab is closed; <see cref="OlderAsync"/> then finds it.</param>
    public async Task KeepAsync<T>(string key, T draft, bool beyondTab = false)
    {
        var text = JsonSerializer.Serialize(draft);
        if (!kept.TryGetValue(key, out var before))
        {
            // As it was read: nothing has been written yet.
            kept[key] = text;
            return;
        }
        if (before == text)
            return;
        kept[key] = text;
        await CallAsync("archon.drafts.keep", key, text, beyondTab);
    }

    /// <summary>Leaves a draft to the page of a thing that is not open yet; <see cref="OlderAsync"/> finds it there.</summary>
    public Task LeaveAsync<T>(string key, T draft) => CallAsync("archon.drafts.keep", key, JsonSerializer.Serialize(draft), true);

    /// <summary>The draft that was in this form when the circuit was lost; default when there is none.</summary>
    public Task<T?> TakeAsync<T>(string key) => ReadAsync<T>("archon.drafts.take", key);

    /// <summary>A draft that was left here when a tab was closed, to be offered; default when there is none.</summary>
    public Task<T?> OlderAsync<T>(string key) => ReadAsync<T>("archon.drafts.older", key);

    private async Task<T?> ReadAsync<T>(string function, string key)
    {
        try
        {
            return await scripts.InvokeAsync<string?>(function, key) is { } text ? JsonSerializer.Deserialize<T>(text) : default;
        }
        catch (Exception failure) when (failure is JSDisconnectedException or JsonException)
        {
            // The tab closed, or the console that wrote it was another version: nothing to bring back.
            return default;
        }
    }

    /// <summary>It was saved, or given up.</summary>
    public Task DropAsync(string key)
    {
        kept.Remove(key);
        return CallAsync("archon.drafts.drop", key);
    }

    private async Task CallAsync(string function, params object?[] arguments)
    {
        try
        {
            await scripts.InvokeVoidAsync(function, arguments);
        }
        catch (JSDisconnectedException)
        {
            // the tab closed
        }
    }
}
