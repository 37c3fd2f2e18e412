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
public sealed class Floats(IDialogService dialogs, ISnackbar snackbar, IJSRuntime scripts, MudFiles files)
{
    /// <returns>True when the reader wants it done.</returns>
    public async Task<bool> ConfirmAsync(Question question)
    {
        await files.LoadAsync();
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
        await files.LoadAsync();
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
        await files.LoadAsync();
        snackbar.Add(
            Outside.Text(words),
            Severity.Error,
            toast => (toast.RequireInteraction, toast.ShowCloseIcon, toast.HideIcon) = (true, true, true)
        );
    }
}
