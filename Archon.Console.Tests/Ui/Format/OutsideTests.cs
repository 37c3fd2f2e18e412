using Archon.Ui.Format;
using Bunit;
using Xunit;

namespace Archon.Tests.Ui.Format;

public sealed class OutsideTests : BunitContext
{
    [Theory]
    [InlineData("checkout", "checkout")]
    [InlineData("Käse 😀 日本 مرحبا", "Käse 😀 日本 مرحبا")]
    [InlineData("1\u202F234\u00A0ms", "1\u202F234\u00A0ms")]
    [InlineData("a\u202Eb", @"a\u202Eb")]
    [InlineData("\u2066a\u2069\u200F\u061C", @"\u2066a\u2069\u200F\u061C")]
    [InlineData("a\u200Bb\uFEFFc\u00AD", @"a\u200Bb\uFEFFc\xad")]
    [InlineData("\u001b[31mred\u009b0m\u0007", @"\x1b[31mred\x9b0m\x07")]
    [InlineData("one\r\ntwo\tthree\0", @"one\r\ntwo\tthree\x00")]
    [InlineData("\u2028\u2029", @"\u2028\u2029")]
    [InlineData("tag \U000E0041", @"tag \u{E0041}")]
    public void What_no_one_would_see_is_shown_as_an_escape_and_everything_else_as_it_is(string text, string shown) =>
        Assert.Equal(shown, Outside.Text(text));

    [Fact]
    public void Half_of_a_pair_is_shown_as_an_escape() =>
        Assert.Equal(@"\uD83Dx\uDE00", Outside.Text(string.Concat("\uD83D", "x", "\uDE00")));

    [Fact]
    public void What_was_shown_once_stays_the_same() => Assert.Equal(Outside.Text("a\u202E\n"), Outside.Text(Outside.Text("a\u202E\n")));

    [Fact]
    public void Nothing_stays_nothing()
    {
        Assert.Null(Outside.Text(null));
        Assert.Empty(Render(Outside.Name("")).Markup);
    }

    [Fact]
    public void A_name_is_isolated_and_a_text_keeps_its_lines()
    {
        Assert.Equal(@"<bdi>a\nb</bdi>", Render(Outside.Name("a\nb")).Markup);
        Assert.Equal("<bdi>a\n\tb\\x1b</bdi>", Render(Outside.Block("a\n\tb\u001b")).Markup);
    }
}
