using Xunit.v3;

namespace Archon.Tests.Kit;

/// <summary>Takes minutes: run by <c>./archon test long</c>. Its tests are explicit, so that no other run contains them.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class LongTestAttribute : Attribute, ITraitAttribute
{
    public IReadOnlyCollection<KeyValuePair<string, string>> GetTraits() => [new("Lane", "Long")];
}
