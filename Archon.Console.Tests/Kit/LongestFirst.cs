using Archon.Tests.Kit;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Archon.Tests.Kit;

/// <summary>Starts the classes that take long before the others, so that a run does not end with one of them alone.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Classes and folders below Archon.Tests that take longest. Those that wait most are among those that compute most.</summary>
    private static readonly string[] Longest =
    [
        "Browser.DatabaseOutageTests",
        "Browser.MainJobTests",
        "Browser.HostilePages",
        "Browser.RuleExchangeTests",
        "Features.Watches.ScansStoppedTests",
        "Browser.UpstreamTroubleTests",
        "Deploy.ArchonCommandTests",
        "Data.ServerRolesTests",
        "Features.Watches.RealPrometheusTests",
        "Browser.",
        "Hosting.ConsoleProcessTests",
        "Deploy.",
        "Cli.",
        "Features.DevUi.",
        "Features.Watches.",
        "Hosting.",
        "Data.",
        "Features.",
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(one => Place(one.TestCollectionDisplayName))];

    private static int Place(string name)
    {
        var place = Array.FindIndex(Longest, one => name.Contains($"Archon.Tests.{one}", StringComparison.Ordinal));
        return place < 0 ? Longest.Length : place;
    }
}
