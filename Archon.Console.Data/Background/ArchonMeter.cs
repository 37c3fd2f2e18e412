namespace Archon.Data.Background;

/// <summary>The meter of all of the console's own metrics.</summary>
public static class ArchonMeter
{
    public const string Name = "Archon";
}
