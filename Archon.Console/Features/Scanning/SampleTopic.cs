using Archon.Live;

namespace Archon.Features.Scanning;

/// <summary>Newest samples, bands and series of the watches.</summary>
public sealed class SampleTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "samples";
}
