using System.Runtime.CompilerServices;
using Archon.Live;
using Archon.Shell;
using Archon.Ui.Format;

namespace Archon.Features.Anomalies;

/// <summary>Open anomalies, beside the name of their screen.</summary>
internal sealed class AnomalyCount(AnomalyQueries anomalies, AnomalyFeed feed, TimeProvider clock) : INavCountSource
{
    // A scan ticks every few seconds; a number in the corner need not be faster than that.
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(2);

    public string Href => "/anomalies";

    public async IAsyncEnumerable<NavCount?> WatchAsync(int environmentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var _ in feed.WatchAsync(cancellationToken))
        {
            yield return await CountAsync(environmentId, cancellationToken);
            await Task.Delay(Gap, clock, cancellationToken);
        }
    }

    private async Task<NavCount?> CountAsync(int environmentId, CancellationToken cancellationToken)
    {
        try
        {
            var (number, isCritical) = await anomalies.OpenCountAsync(environmentId, cancellationToken);
            return number == 0 ? null : new NavCount(number, isCritical, $"{Figures.Count(number)} open");
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested && ReadFailures.Describe(failure) is not null)
        {
            // The page says that the database is away; an old number here would look like a new one.
            return null;
        }
    }
}
