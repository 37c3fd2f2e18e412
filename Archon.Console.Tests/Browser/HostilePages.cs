using Xunit;

namespace Archon.Tests.Browser;

/// <summary>The classes that read <see cref="HostileConsole"/> and leave it as it is: they share one.</summary>
[CollectionDefinition]
public sealed class HostilePages : ICollectionFixture<HostileConsole>;
