using Archon.Data;
using Archon.Data.Background;

namespace Archon.Live;

/// <summary>Turns what PostgreSQL announces on one channel into ticks of a feed, one listener per process and channel.</summary>
internal abstract partial class FeedListener(
    string name,
    string channel,
    ArchonNotifications notifications,
    ArchonDatabase database,
    Supervision supervision,
    ILogger logger
) : SupervisedService(name, supervision)
{
    /// <param name="origin">The process that announced; empty after a break, when nobody knows what was missed.</param>
    protected abstract Task OnChangedAsync(string origin, CancellationToken cancellationToken);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        await database.WhenReadyAsync(stoppingToken);
        await notifications.ListenAsync(
            channel,
            payload =>
            {
                ReportHealthy();
                _ = PassOnAsync(payload, stoppingToken);
            },
            stoppingToken
        );
    }

    protected override string? Describe(Exception failure) => ReadFailures.Describe(failure);

    private async Task PassOnAsync(string payload, CancellationToken stoppingToken)
    {
        try
        {
            await OnChangedAsync(payload, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The console stops.
        }
        // The listener goes on: the next change is passed on in its own right.
        catch (Exception failure)
        {
            LogNotPassedOn(channel, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A change on {Channel} did not reach all that watch it")]
    private partial void LogNotPassedOn(string channel, Exception failure);
}
