using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Archon.Data.Background;

/// <summary>
/// A background service that cannot stop the process: a host ends when an exception leaves a <see cref="BackgroundService"/>. Here the work starts again
/// after a pause that doubles with each failure in a row, and <see cref="BackgroundServiceStates"/> knows that it failed.
/// </summary>
/// <param name="name">As people read it on Status, and the label <c>service</c> of the metrics. Unique in the process.</param>
public abstract partial class SupervisedService(string name, Supervision supervision) : BackgroundService
{
    internal static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    internal static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>A run of this length counts as recovered where the work does not report it earlier.</summary>
    internal static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(30);

    // Services that failed for one reason do not all try again at one moment.
    private const double Jitter = 0.2;

    private readonly BackgroundServiceStates states = supervision.States;
    private readonly TimeProvider clock = supervision.Clock;
    private readonly ILogger logger = supervision.Loggers.CreateLogger<SupervisedService>();
    private int failuresInARow;

    /// <summary>Works until cancelled, or until nothing is left to do. Whatever it throws is logged, and it is called again.</summary>
    protected abstract Task RunAsync(CancellationToken stoppingToken);

    /// <summary>The service does its work: it no longer counts as failed, and the next pause is the shortest.</summary>
    protected void ReportHealthy()
    {
        Interlocked.Exchange(ref failuresInARow, 0);
        if (states.Recovered(name))
            LogRecovered(name);
    }

    /// <summary>A sentence for people, without secrets; null where the failure is unexpected, so that the log gets its stack trace.</summary>
    protected virtual string? Describe(Exception failure) => DatabaseFailures.Describe(failure);

    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        states.Add(name);
        while (!stoppingToken.IsCancellationRequested)
        {
            TimeSpan pause;
            try
            {
                await using var healthy = clock.CreateTimer(_ => ReportHealthy(), null, HealthyAfter, Timeout.InfiniteTimeSpan);
                await RunAsync(stoppingToken);
                if (!stoppingToken.IsCancellationRequested)
                    states.Ended(name);
                return;
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            // Everything, also what ran out of memory on a reply: the process serves pages, and says on Status what does not work.
            catch (Exception failure)
            {
                pause = PauseAfter(Interlocked.Increment(ref failuresInARow));
                var expected = Describe(failure);
                var reason = expected ?? $"{failure.GetType().Name}: {failure.Message}";
                var now = clock.GetUtcNow();
                states.Failed(name, reason, now, now + pause);
                LogFailed(
                    expected is null ? LogLevel.Error : LogLevel.Warning,
                    name,
                    pause.TotalSeconds,
                    reason,
                    expected is null ? failure : null
                );
            }
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan PauseAfter(int failures)
    {
        var doubled = ShortestPause * Math.Pow(2, Math.Min(failures - 1, 10));
        var pause = doubled < LongestPause ? doubled : LongestPause;
        return pause * (1 - (Random.Shared.NextDouble() * Jitter));
    }

    [LoggerMessage(Message = "{Service} failed and starts again in {Seconds:0.#} s: {Reason}")]
    private partial void LogFailed(LogLevel level, string service, double seconds, string reason, Exception? failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service} works again")]
    private partial void LogRecovered(string service);
}

/// <summary>What every <see cref="SupervisedService"/> needs.</summary>
public sealed record Supervision(BackgroundServiceStates States, TimeProvider Clock, ILoggerFactory Loggers);
