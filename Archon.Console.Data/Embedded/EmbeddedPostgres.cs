using Microsoft.Extensions.Logging;
namespace Archon.Data.Embedded;
public sealed class EmbeddedPostgresOptions { public required string DataFolder { get; init; } }
public sealed class EmbeddedPostgresException(string message) : Exception(message);
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    public required string ConnectionString { get; init; }
    public static Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, ILogger logger, CancellationToken ct) => throw new EmbeddedPostgresException("not yet" + options + logger + ct);
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
