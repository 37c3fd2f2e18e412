using Microsoft.AspNetCore.Components;
using MudBlazor;

namespace Archon.Ui.Forms;

/// <summary>What all fields have: a label, one line of help or error below, and an id that joins them.</summary>
public abstract class FieldBase : ComponentBase
{
    /// <summary>Of the control; what is below is named after it.</summary>
    protected string Id { get; } = Identifier.Create("field");

    [Parameter, EditorRequired]
    public string Label { get; set; } = "";

    /// <summary>The label is for those who do not see the place of the field.</summary>
    [Parameter]
    public bool IsLabelHidden { get; set; }

    /// <summary>One sentence below the field, while there is no error.</summary>
    [Parameter]
    public string? Help { get; set; }

    /// <summary>What is wrong with the value, and what to enter; null or empty while nothing is.</summary>
    [Parameter]
    public string? Error { get; set; }

    /// <summary>The value is wrong and the words for it are elsewhere, such as below a group of fields.</summary>
    [Parameter]
    public bool IsInvalid { get; set; }

    [Parameter]
    public string? Placeholder { get; set; }

    [Parameter]
    public bool Disabled { get; set; }

    /// <summary>Code, label values and addresses have the same width for each character.</summary>
    [Parameter]
    public bool Mono { get; set; }

    [Parameter]
    public string? Class { get; set; }

    /// <summary>Of the control itself, such as <c>autocomplete</c>.</summary>
    [Parameter(CaptureUnmatchedValues = true)]
    public Dictionary<string, object?> Attributes { get; set; } = [];

    protected bool HasError => IsInvalid || !string.IsNullOrEmpty(Error);

    protected string ErrorId => $"{Id}-error";

    protected string ControlCss => Mono ? "mono" : "";
}
