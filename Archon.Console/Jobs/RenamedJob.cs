namespace Archon.Jobs;

/// <summary>The name that a job's class had before, so that what was queued under it still runs.</summary>
/// <param name="OldName">With its namespace.</param>
public sealed record RenamedJob(string OldName, Type Job);
