namespace Archon.Data.Embedded;

public sealed record EmbeddedPostgresOptions
{
    /// <summary>Holds the cluster (<c>data</c>), its password (mode 0600), its port and its log. Made where missing.</summary>
    public required string DataFolder { get; init; }

    /// <summary>The folder of <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>; null: <see cref="PostgresBinaries"/> looks for one.</summary>
    public string? BinariesFolder { get; init; }

    public string Database { get; init; } = "archon";

    /// <summary>Does without what keeps data over a crash of the machine. For tests.</summary>
    public bool FastAndUnsafe { get; init; }

    /// <summary>How long each of making the cluster, starting and stopping may take.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>The embedded server cannot run. The message says what is wrong and what to do.</summary>
public sealed class EmbeddedPostgresException(string message) : Exception(message);
