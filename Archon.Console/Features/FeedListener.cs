using Archon.Data;

namespace Archon.Features;

/// <summary>Turns what PostgreSQL announces on one channel into ticks of a feed, one listener per process and channel.</summary>
internal abstract partial class FeedListener(
    string channel, ArchonNotifications notifications, ArchonDatabase database, TimeProvider clock, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <param name="origin">The process that announced; empty after a break, when nobody knows what was missed.</param>
    protected abstract Task OnChangedAsync(string origin, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await database.WhenReadyAsync(stoppingToken);
                await notifications.ListenAsync(channel, origin => _ = OnChangedAsync(origin, stoppingToken), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // Whatever it is: without a listener pages would only seem to be live.
            catch (Exception failure)
            {
                LogLost(channel, ReadFailures.Describe(failure) ?? failure.Message, ReadFailures.Describe(failure) is null ? failure : null);
            }
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the listener on {Channel}, trying again: {Reason}")]
    private partial void LogLost(string channel, string reason, Exception? failure);
}
