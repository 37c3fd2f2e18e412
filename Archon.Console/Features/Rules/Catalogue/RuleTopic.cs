using Archon.Live;

namespace Archon.Features.Rules.Catalogue;

/// <summary>Rules, their files and applies, and what the servers say of them.</summary>
public sealed class RuleTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "rules";
}
