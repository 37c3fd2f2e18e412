using Archon.Tests.Kit;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace Archon.Tests.Kit;

/// <summary>Starts the classes that take long before the others, so that a run does not end with one of them alone.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    /// <summary>Folders whose tests start browsers and whole consoles, longest first.</summary>
    private static readonly string[] Folders = ["Browser", "Deploy", "Cli", "Features.Watches", "Hosting", "Data", "Features"];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection => [.. testCollections.OrderBy(one => Place(one.TestCollectionDisplayName))];

    private static int Place(string name)
    {
        var place = Array.FindIndex(Folders, folder => name.Contains($"Archon.Tests.{folder}.", StringComparison.Ordinal));
        return place < 0 ? Folders.Length : place;
    }
}
