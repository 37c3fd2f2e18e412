using Archon.Ui.View;
using Xunit;

namespace Archon.Tests.Ui.View;

public sealed class ServiceAddressTests
{
    [Theory]
    [InlineData("checkout", "/services/checkout")]
    [InlineData("new", "/services/~6E~65~77")]
    [InlineData("shop%2Fpay", "/services/shop~252Fpay")]
    [InlineData("shop/pay", "/services/shop~2Fpay")]
    [InlineData("..", "/services/~2E~2E")]
    [InlineData("a b?c#d", "/services/a%20b%3Fc%23d")]
    [InlineData("~41", "/services/~7E41")]
    public void An_address_that_is_decoded_twice_still_has_the_name(string name, string address)
    {
        Assert.Equal(address, ServiceAddress.Of(name));
        var segment = address["/services/".Length..];
        Assert.Equal(name, ServiceAddress.NameIn(Uri.UnescapeDataString(segment)));
        Assert.Equal(name, ServiceAddress.NameIn(Uri.UnescapeDataString(Uri.UnescapeDataString(segment))));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("%")]
    [InlineData("100%")]
    [InlineData("\\\\server")]
    [InlineData("/")]
    [InlineData("edit")]
    [InlineData("a\u0001b\n")]
    [InlineData("~")]
    [InlineData("~zz~4")]
    [InlineData("сервис")]
    public void Every_name_comes_back_from_a_browser(string name)
    {
        // As browsers do, Uri resolves dots and decodes nothing else.
        var path = new Uri(new Uri("http://archon.example"), ServiceAddress.Of(name)).AbsolutePath;

        Assert.StartsWith("/services/", path, StringComparison.Ordinal);
        Assert.DoesNotContain('/', path["/services/".Length..]);
        Assert.Equal(name, ServiceAddress.NameIn(Uri.UnescapeDataString(path["/services/".Length..])));
    }

    [Theory]
    [InlineData("~")]
    [InlineData("~x")]
    [InlineData("home~")]
    public void A_tilde_that_marks_nothing_stays(string segment) => Assert.Equal(segment, ServiceAddress.NameIn(segment));
}
