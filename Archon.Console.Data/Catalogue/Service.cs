using Archon.Data.Audit;

namespace Archon.Data.Catalogue;

/// <summary>A service of the estate, and how to find its series, logs and traces.</summary>
public sealed class Service
{
    public int Id { get; set; }
    public int EnvironmentId { get; set; }
    public required string Name { get; set; }
    public CatalogueOrigin Origin { get; set; }

    /// <summary>What it is, such as <c>FastAPI</c> or <c>exporter of Redis</c>, as discovery recognised it by its metrics; null where it did not.</summary>
    [Derived]
    public string? Kind { get; set; }

    public ServiceTier Tier { get; set; } = ServiceTier.Standard;

    /// <summary>Name of the team; a name that no team has yet makes one.</summary>
    public string? Team { get; set; }

    /// <summary>The team of that name. The database keeps it: a console that knows no teams yet may run on the same one.</summary>
    public int? TeamId { get; private set; }
    public string? Description { get; set; }

    /// <summary>Labels a series must carry to belong to this service; equal values, all of them.</summary>
    public Dictionary<string, string> Matchers { get; set; } = [];

    public string? RunbookUrl { get; set; }
    public string? GrafanaDashboard { get; set; }
    public string? LokiSelector { get; set; }
    public string? JaegerService { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset LastSeenAt { get; set; }
    public DateTimeOffset? EditedAt { get; set; }

    [Personal]
    public string? EditedBy { get; set; }

    /// <summary>PostgreSQL's xmin: two people editing one row are told.</summary>
    public uint Version { get; set; }

    public List<ServiceDependency> Dependencies { get; } = [];
}

public enum ServiceTier
{
    Critical,
    Standard,
    BestEffort,
}

/// <summary>One service calls another.</summary>
public sealed class ServiceDependency
{
    public int CallerId { get; set; }
    public int CalleeId { get; set; }
    public CatalogueOrigin Origin { get; set; }
    public Service? Callee { get; set; }
}
