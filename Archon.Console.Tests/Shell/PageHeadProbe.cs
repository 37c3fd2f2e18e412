using Archon.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Microsoft.AspNetCore.Components.Sections;

namespace Archon.Tests.Shell;

/// <summary>A page's head together with the outlet that the frame has for it.</summary>
public sealed class PageHeadProbe : ComponentBase
{
    [Parameter]
    public string Title { get; set; } = "";

    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        builder.OpenComponent<SectionOutlet>(0);
        builder.AddComponentParameter(1, nameof(SectionOutlet.SectionName), PageHead.Section);
        builder.CloseComponent();
        builder.OpenComponent<PageHead>(2);
        builder.AddComponentParameter(3, nameof(PageHead.Title), Title);
        builder.CloseComponent();
    }
}
