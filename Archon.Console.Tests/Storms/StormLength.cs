using System.Globalization;

namespace Archon.Tests.Storms;

/// <summary>How often a storm kills or changes something: the environment variable <c>ARCHON_STORM_ROUNDS</c>, else what the storm says.</summary>
internal static class StormLength
{
    public static int Of(int rounds) =>
        int.TryParse(Environment.GetEnvironmentVariable("ARCHON_STORM_ROUNDS"), CultureInfo.InvariantCulture, out var wanted) && wanted > 0
            ? wanted
            : rounds;
}
