using Archon.Ui.Format;
using Archon.Ui.Health;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Archon.Ui.Editor;

/// <summary>A fault or a remark at a place of a text.</summary>
/// <param name="From">First character.</param>
/// <param name="To">One past the last.</param>
public sealed record CodeMark(int From, int To, StateKind State, string Message);

public enum CodeLanguage
{
    Promql,
    Yaml,

    /// <summary>Text whose words are not known.</summary>
    Plain,
}

/// <summary>A field for code, in colours and with completion: CodeMirror. Without script, or where it does not load, a plain text field.</summary>
public sealed partial class CodeEditor(IJSRuntime scripts) : IAsyncDisposable
{
    private ElementReference host;
    private IJSObjectReference? module;
    private IJSObjectReference? editing;
    private DotNetObjectReference<CodeEditor>? self;
    private string inEditor = "";
    private IReadOnlyList<CodeMark> shown = [];
    private bool wasReadOnly;
    private bool isLive;
    private bool isGone;

    [Parameter, EditorRequired]
    public string Value { get; set; } = "";

    [Parameter]
    public EventCallback<string> ValueChanged { get; set; }

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    [Parameter]
    public CodeLanguage Language { get; set; }

    [Parameter]
    public bool ReadOnly { get; set; }

    [Parameter]
    public string Placeholder { get; set; } = "";

    [Parameter]
    public int Rows { get; set; } = 5;

    [Parameter]
    public IReadOnlyList<CodeMark> Marks { get; set; } = [];

    /// <summary>Address of an API as Prometheus' own, from which names are completed; null for none.</summary>
    [Parameter]
    public string? CompleteFrom { get; set; }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (isGone)
            return;
        try
        {
            if (firstRender)
            {
                await StartAsync();
                return;
            }
            if (editing is null)
                return;
            if (Value != inEditor)
            {
                inEditor = Value;
                await editing.InvokeVoidAsync("set", Value);
            }
            if (!ReferenceEquals(shown, Marks))
                await MarkAsync();
            if (wasReadOnly != ReadOnly)
                await editing.InvokeVoidAsync("lock", wasReadOnly = ReadOnly);
        }
        catch (Exception gone) when (gone is JSDisconnectedException or ObjectDisposedException or TaskCanceledException)
        {
            // the tab closed
        }
        catch (JSException)
        {
            // The bundle did not load, or failed: the text field stays.
            isLive = false;
            StateHasChanged();
        }
    }

    /// <summary>Shows a part of the text to the reader.</summary>
    public async Task SelectAsync(int from, int to)
    {
        if (editing is not null)
            await editing.InvokeVoidAsync("select", from, to);
    }

    [JSInvokable]
    public Task ChangedAsync(string text)
    {
        inEditor = text;
        return ReadOnly ? Task.CompletedTask : ValueChanged.InvokeAsync(text);
    }

    private async Task StartAsync()
    {
        module = await scripts.InvokeAsync<IJSObjectReference>("archon.editor");
        self = DotNetObjectReference.Create(this);
        (inEditor, wasReadOnly) = (Value, ReadOnly);
        editing = await module.InvokeAsync<IJSObjectReference>(
            "edit",
            host,
            self,
            new
            {
                Language = Language.ToString().ToLowerInvariant(),
                Value,
                Label = Outside.Text(Label),
                ReadOnly,
                CompleteFrom,
                Placeholder,
            }
        );
        isLive = true;
        await MarkAsync();
        StateHasChanged();
    }

    private async Task MarkAsync()
    {
        shown = Marks;
        await editing!.InvokeVoidAsync(
            "mark",
            Marks.Select(mark => new
            {
                mark.From,
                mark.To,
                Message = Outside.Text(mark.Message),
                Severity = mark.State switch
                {
                    StateKind.Critical => "error",
                    StateKind.Warning => "warning",
                    _ => "info",
                },
            })
        );
    }

    private Task TypedAsync(ChangeEventArgs change) =>
        ReadOnly ? Task.CompletedTask : ValueChanged.InvokeAsync(change.Value as string ?? "");

    public async ValueTask DisposeAsync()
    {
        isGone = true;
        self?.Dispose();
        try
        {
            if (editing is not null)
            {
                await editing.InvokeVoidAsync("destroy");
                await editing.DisposeAsync();
            }
            if (module is not null)
                await module.DisposeAsync();
        }
        catch (Exception gone) when (gone is JSDisconnectedException or TaskCanceledException or JSException)
        {
            // the tab closed: there is nothing left to tidy
        }
    }
}
