using Archon.Features.Scanning;
using Xunit;

namespace Archon.Tests.Features.Scanning;

public sealed class ServiceMatcherTests
{
    private static readonly ServiceMatcher Services = new([
        (1, new() { ["job"] = "collector" }),
        (2, new() { ["service"] = "cart" }),
        (3, new() { ["app"] = "stock" }),
        (4, new() { ["service"] = "cart", ["namespace"] = "test" }),
        (5, new()),
    ]);

    [Theory]
    [InlineData("service=cart", 2)]
    [InlineData("service=cart,namespace=prod", 2)]
    [InlineData("service=cart,namespace=test", 4)]
    [InlineData("job=collector,instance=a:1", 1)]
    [InlineData("job=collector,service_name=cart", 2)]
    [InlineData("destination_app=stock,job=collector", 3)]
    [InlineData("job=collector,service_name=else", 1)]
    [InlineData("job=cart", null)]
    [InlineData("handler=cart", null)]
    public void A_series_belongs_to_the_service_that_it_names(string labels, int? service) =>
        Assert.Equal(service, Services.Find(labels.Split(',').Select(one => one.Split('=')).ToDictionary(one => one[0], one => one[1])));
}
