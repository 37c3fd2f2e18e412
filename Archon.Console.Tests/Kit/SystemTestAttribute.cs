using Xunit.v3;

namespace Archon.Tests.Kit;

/// <summary>Starts programs: PostgreSQL, Prometheus, a browser, the console. Left out of <c>./archon test fast</c>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class SystemTestAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Lane", "System")];
}
