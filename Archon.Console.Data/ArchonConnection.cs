using Archon.Data.Audit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Archon.Data;

/// <summary>Where the database is: given by <c>ConnectionStrings:Archon</c>, or known once the embedded server runs.</summary>
public sealed class ArchonConnection(string? configured)
{
    private volatile string? current = configured;

    /// <summary>False when the console brings its own PostgreSQL.</summary>
    public bool IsConfigured { get; } = configured is not null;

    /// <exception cref="DatabaseAwayException">The embedded server has not started yet.</exception>
    public string ConnectionString => current ?? throw new DatabaseAwayException("The embedded PostgreSQL has not started yet.");

    internal void Use(string connectionString) => current = connectionString;
}

/// <summary>Gives short-lived contexts on the current connection, from a pool per connection string.</summary>
internal sealed class ArchonContexts(ArchonConnection connection) : IDbContextFactory<ArchonDbContext>
{
    private readonly Lock gate = new();
    private (string ConnectionString, IDbContextFactory<ArchonDbContext> Pool)? pool;

    public ArchonDbContext CreateDbContext()
    {
        var connectionString = connection.ConnectionString;
        lock (gate)
        {
            if (pool?.ConnectionString != connectionString)
            {
                pool = (
                    connectionString,
                    new Microsoft.EntityFrameworkCore.Infrastructure.PooledDbContextFactory<ArchonDbContext>(
                        ArchonContextOptions.For(connectionString)
                    )
                );
            }
            return pool.Value.Pool.CreateDbContext();
        }
    }
}

public static class ArchonContextOptions
{
    // No retrying execution strategy: it forbids transactions of our own, and jobs are retried whole.
    public static DbContextOptions<ArchonDbContext> For(string connectionString) =>
        new DbContextOptionsBuilder<ArchonDbContext>()
            .UseNpgsql(connectionString, npgsql => npgsql.MigrationsHistoryTable("migrations"))
            .UseSnakeCaseNamingConvention()
            .AddInterceptors(AuditInterceptor.Instance)
            .Options;
}

/// <summary>For <c>dotnet ef migrations add</c>, which never opens the connection.</summary>
internal sealed class DesignTimeContexts : IDesignTimeDbContextFactory<ArchonDbContext>
{
    public ArchonDbContext CreateDbContext(string[] args) => new(ArchonContextOptions.For("Host=localhost"));
}
