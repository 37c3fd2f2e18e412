using Archon.Ui.Forms;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Ui.Forms;

public sealed class FilterBoxTests : BunitContext
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly FakeTimeProvider clock = new();
    private readonly List<string> typed = [];
    private readonly List<string> kept = [];

    [Fact]
    public void Each_letter_is_reported_and_what_is_after_a_pause_is_kept()
    {
        var box = Shown();

        box.Find("input").Input("h");
        clock.Advance(Pause / 2);
        box.Find("input").Input("ho");
        clock.Advance(Pause / 2);
        Assert.Empty(kept);
        clock.Advance(Pause / 2);

        Assert.Equal(["h", "ho"], typed);
        box.WaitForAssertion(() => Assert.Equal(["ho"], kept));
    }

    [Fact]
    public void An_answer_that_comes_late_takes_no_letter_back()
    {
        var box = Shown();
        box.Find("input").Input("h");
        box.Find("input").Input("ho");

        box.Render(one => one.Add(p => p.Value, "h"));

        Assert.Equal("ho", box.Find("input").GetAttribute("value"));
    }

    [Fact]
    public void A_page_that_is_drawn_again_meanwhile_takes_no_letter_back()
    {
        var box = Shown();
        box.Find("input").Input("h");

        box.Render(one => one.Add(p => p.Value, ""));

        Assert.Equal("h", box.Find("input").GetAttribute("value"));
    }

    [Fact]
    public void What_comes_from_elsewhere_is_shown()
    {
        var box = Shown();
        box.Find("input").Input("h");
        box.Find("input").Input("");
        box.Find("input").Input("disk");
        box.Render(one => one.Add(p => p.Value, "disk"));
        box.Find("input").Blur();

        box.Render(one => one.Add(p => p.Value, ""));

        Assert.Equal("", box.Find("input").GetAttribute("value") ?? "");
    }

    private IRenderedComponent<FilterBox> Shown()
    {
        Services.AddSingleton<TimeProvider>(clock);
        return Render<FilterBox>(one => one.Add(p => p.Label, "Name").Add(p => p.Typed, typed.Add).Add(p => p.ValueChanged, kept.Add));
    }
}
