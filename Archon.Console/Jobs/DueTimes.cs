namespace Archon.Jobs;

public static class DueTimes
{
    /// <summary>Whether something that was done last at <paramref name="last"/> is to be done again.</summary>
    /// <remarks>A last time further ahead than one interval was noted by a clock that has been set back since: waiting for it could take days.</remarks>
    public static bool IsDue(DateTimeOffset? last, TimeSpan interval, DateTimeOffset now) =>
        last is not { } at || at + interval <= now || at > now + interval;
}
