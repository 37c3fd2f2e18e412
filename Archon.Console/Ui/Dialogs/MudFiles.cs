using Microsoft.JSInterop;

namespace Archon.Ui.Dialogs;

/// <summary>On a page with components of MudBlazor: it is sent with the style sheet and the script that they need.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class UsesMudBlazorAttribute : Attribute
{
    public static bool IsOn(Type? page) => page?.IsDefined(typeof(UsesMudBlazorAttribute), inherit: false) is true;
}

/// <summary>Whether this tab has MudBlazor's style sheet and script, and the place in which its floating elements appear.</summary>
/// <remarks>A page with <see cref="UsesMudBlazorAttribute"/> is sent with them. Elsewhere they are fetched when the first dialog, note or
/// menu opens: most visits need none, and the first load of Overview does not pay for them.</remarks>
public sealed class MudFiles(IJSRuntime scripts)
{
    private readonly TaskCompletionSource placed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised when they were fetched: the layout then makes the place for floating elements.</summary>
    public event Action? Loaded;

    public bool AreLoaded { get; private set; }

    /// <summary>The page that was sent has them.</summary>
    public void ComeWithPage() => AreLoaded = true;

    /// <summary>Called by the layout once floating elements have a place.</summary>
    public void HavePlace() => placed.TrySetResult();

    /// <summary>Fetches them unless they are there, and waits for the place of floating elements.</summary>
    /// <exception cref="JSException">The browser could not load them.</exception>
    public async Task LoadAsync()
    {
        if (!AreLoaded)
        {
            await scripts.InvokeVoidAsync("archon.mudBlazor");
            AreLoaded = true;
            Loaded?.Invoke();
        }
        await placed.Task;
    }
}
