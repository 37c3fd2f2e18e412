namespace Archon.Jobs;

/// <summary>What a process does.</summary>
public enum ProcessRole
{
    All,
    Web,
    Worker,
}

/// <summary>Section <c>Archon</c>.</summary>
public sealed class JobsOptions
{
    /// <summary>Whether this process serves pages, works off jobs, or both.</summary>
    public ProcessRole Role { get; init; } = ProcessRole.All;
}
