using Archon.Ui.Format;
using Microsoft.JSInterop;
using MudBlazor;

namespace Archon.Ui.Dialogs;

/// <summary>A question before something that cannot simply be taken back.</summary>
/// <param name="Title">A question that names the things: <c>Ignore 15 services?</c></param>
/// <param name="Consequence">What it means, in a sentence or two.</param>
/// <param name="Act">The button that does it, a verb with its object.</param>
/// <param name="Keep">The safe button, which has the focus.</param>
public sealed record Question(string Title, string Consequence, string Act, string Keep);

/// <summary>Questions and notes that float over the page: MudBlazor's dialogs and snackbars.</summary>
/// <remarks>Its style sheet and script are fetched when the first of them is needed. Most visits need none, and the first page is not to pay for it.</remarks>
public sealed class Floats(IDialogService dialogs, ISnackbar snackbar, IJSRuntime scripts)
{
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Raised when the first float is wanted: the layout then makes room for them.</summary>
    public event Action? Wanted;

    public bool IsWanted { get; private set; }

    /// <summary>Told by the layout once floats have a place to appear.</summary>
    public void HasPlace() => ready.TrySetResult();

    /// <returns>True when the reader wants it done.</returns>
    public async Task<bool> ConfirmAsync(Question question)
    {
        await PrepareAsync();
        var parameters = new DialogParameters<ConfirmDialog> { { dialog => dialog.Question, question } };
        var options = new DialogOptions
        {
            MaxWidth = MaxWidth.ExtraSmall,
            FullWidth = true,
            BackdropClick = true,
            CloseOnEscapeKey = true,
            DefaultFocus = DefaultFocus.FirstChild,
        };
        var entered = scripts.InvokeVoidAsync("archon.enterDialog");
        var dialog = await dialogs.ShowAsync<ConfirmDialog>(Outside.Text(question.Title), parameters, options);
        await entered;
        var isWanted = await dialog.Result is { Canceled: false };
        await scripts.InvokeVoidAsync("archon.leaveDialog");
        return isWanted;
    }

    /// <summary>Says what was done, at the edge of the page and for some seconds.</summary>
    /// <param name="undo">Takes it back.</param>
    public async Task SayAsync(string words, Func<Task>? undo = null)
    {
        await PrepareAsync();
        snackbar.Add(
            Outside.Text(words),
            Severity.Normal,
            toast =>
            {
                toast.HideIcon = true;
                if (undo is null)
                    return;
                toast.Action = "Undo";
                toast.OnClick = _ => undo();
            }
        );
    }

    /// <summary>Says why something was not done, until the reader closes it.</summary>
    public async Task SayFailureAsync(string words)
    {
        await PrepareAsync();
        snackbar.Add(
            Outside.Text(words),
            Severity.Error,
            toast => (toast.RequireInteraction, toast.ShowCloseIcon, toast.HideIcon) = (true, true, true)
        );
    }

    private async Task PrepareAsync()
    {
        if (!IsWanted)
        {
            await scripts.InvokeVoidAsync("archon.floats");
            IsWanted = true;
            Wanted?.Invoke();
        }
        await ready.Task;
    }
}
