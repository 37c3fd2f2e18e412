using Archon.Shell;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Shell;

public sealed class FilterBoxTests : BunitContext
{
    private readonly List<string> told = [];

    [Fact]
    public void An_answer_that_comes_late_takes_no_letter_back()
    {
        var box = Shown();
        box.Find("input").Input("h");
        box.Find("input").Input("ho");

        box.Render(one => one.Add(p => p.Value, "h"));

        Assert.Equal(["h", "ho"], told);
        Assert.Equal("ho", box.Find("input").GetAttribute("value"));
    }

    [Fact]
    public void What_comes_from_elsewhere_is_shown()
    {
        var box = Shown();
        box.Find("input").Input("h");
        box.Find("input").Input("");
        box.Find("input").Input("disk");
        box.Find("input").Blur();

        box.Render(one => one.Add(p => p.Value, "disk"));
        box.Render(one => one.Add(p => p.Value, ""));

        Assert.Equal("", box.Find("input").GetAttribute("value") ?? "");
    }

    private IRenderedComponent<FilterBox> Shown()
    {
        Services.AddSingleton(TimeProvider.System);
        return Render<FilterBox>(one => one
            .Add(p => p.Label, "Name")
            .Add(p => p.Pause, TimeSpan.Zero)
            .Add(p => p.ValueChanged, told.Add));
    }
}
