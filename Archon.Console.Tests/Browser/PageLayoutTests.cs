using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>Every page at the widths of a phone, a tablet and a desk.</summary>
[SystemTest]
public sealed class PageLayoutTests(HostileConsole hostile, Chromium chromium) : IClassFixture<HostileConsole>
{
    [Theory, MemberData(nameof(HostileConsole.Pages), MemberType = typeof(HostileConsole))]
    public async Task Nothing_scrolls_sideways_and_no_name_figure_or_time_is_cut_by_dots(string path)
    {
        var page = await hostile.OpenAsync(chromium, path, 390);
        foreach (var width in (int[])[390, 768, 1440])
        {
            await page.SetViewportSizeAsync(width, 900);
            // A chart takes its new width with the next frame.
            await page.EvaluateAsync("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");

            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");
            var cut = await page.EvaluateAsync<string[]>(
                "[...document.querySelectorAll('main *, header *')].filter(one => getComputedStyle(one).textOverflow === 'ellipsis' && one.scrollWidth > one.clientWidth).map(one => one.textContent)"
            );

            Assert.True(over <= 0, $"{path} is {over} px wider than {width} px.");
            Assert.Empty(cut);
        }
        await page.Context.CloseAsync();
    }
}
