namespace Archon.Data.States;

/// <summary>States of a console process.</summary>
public static class ConsoleStates
{
    /// <summary>It takes jobs, and records the states of all other subjects.</summary>
    public const string Recording = "Recording";

    /// <summary>It serves pages and takes no jobs.</summary>
    public const string Serving = "Serving";

    public const string Stopped = "Stopped";

    /// <summary>It ended without a stop record, or could not record.</summary>
    public const string Lost = "Lost";
}
