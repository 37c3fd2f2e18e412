using Archon.Data.Audit;

namespace Archon.Data.States;

/// <summary>One change of the state of one subject. Rows are added and deleted, never changed.</summary>
[Derived]
public sealed class StateChange
{
    public long Id { get; set; }

    /// <summary>Null for a console: it serves every environment.</summary>
    public int? EnvironmentId { get; set; }

    public StateSubject Subject { get; set; }

    /// <summary>The id of the service, watch, anomaly or <see cref="ConsoleRun"/>.</summary>
    public required string SubjectId { get; set; }

    /// <summary>When the console learned of the change.</summary>
    public DateTimeOffset At { get; set; }

    /// <summary>From when on the state holds by the samples: earlier than <see cref="At"/> where a scan catches up.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>The name of the new state; which ones there are depends on the subject.</summary>
    public required string State { get; set; }

    /// <summary>Why, as a sentence.</summary>
    public required string Reason { get; set; }

    /// <summary>The values that the reason names.</summary>
    public List<StateFigure> Figures { get; set; } = [];
}

/// <param name="Unit">As in <see cref="Catalogue.Watch.Unit"/>.</param>
public sealed record StateFigure(string Name, double Value, string Unit);

/// <summary>What has a state that is stored.</summary>
public enum StateSubject
{
    Console,
    Service,
    Watch,
    Anomaly,
}

/// <summary>A console process that runs now. Its row is deleted when it stops, or when others have not heard from it for too long.</summary>
public sealed class ConsoleRun
{
    public Guid Id { get; set; }
    public required string Host { get; set; }
    public int ProcessId { get; set; }

    /// <summary>Whether it takes jobs, and so records the states of subjects.</summary>
    public bool TakesJobs { get; set; }

    public DateTimeOffset StartedAt { get; set; }
    public DateTimeOffset HeartbeatAt { get; set; }
}
