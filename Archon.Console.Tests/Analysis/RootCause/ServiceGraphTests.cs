using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.RootCause;

public sealed class ServiceGraphTests
{
    private static readonly ServiceGraph Graph = new(
        ["alone"],
        [("web", "shop"), ("shop", "stock"), ("web", "stock"), ("stock", "web"), ("web", "web"), ("web", "shop")]
    );

    [Fact]
    public void Services_are_in_name_order_and_edges_count_once()
    {
        Assert.Equal(["alone", "shop", "stock", "web"], Graph.Services);
        Assert.Equal(4, Graph.Calls);
    }

    [Fact]
    public void Callers_and_callees_are_reported_for_known_services_and_nothing_for_others()
    {
        Assert.Equal(["shop", "stock"], Graph.CalleesOf("web"));
        Assert.Equal(["shop", "web"], Graph.CallersOf("stock"));
        Assert.Empty(Graph.CalleesOf("nobody"));
        Assert.Empty(Graph.CallersOf("alone"));
    }

    [Fact]
    public void The_shortest_chain_is_found_through_circles()
    {
        Assert.Equal(["web", "stock"], Graph.Path("web", "stock"));
        Assert.Equal(["stock", "web", "shop"], Graph.Path("stock", "shop"));
        Assert.Equal(["web"], Graph.Path("web", "web"));
        Assert.Null(Graph.Path("web", "alone"));
        Assert.Null(Graph.Path("web", "nobody"));
    }
}
