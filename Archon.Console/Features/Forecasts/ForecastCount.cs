using System.Runtime.CompilerServices;
using Archon.Live;
using Archon.Shell;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Forecasts;

/// <summary>Limits in sight, beside the name of their screen.</summary>
internal sealed class ForecastCount(ForecastQueries forecasts, TimeProvider clock) : INavCountSource
{
    // Forecasts are made every few minutes at most.
    private static readonly TimeSpan Gap = TimeSpan.FromSeconds(30);

    public string Href => "/forecasts";

    public async IAsyncEnumerable<NavCount?> WatchAsync(int environmentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            yield return await CountAsync(environmentId, cancellationToken);
            await Task.Delay(Gap, clock, cancellationToken);
        }
    }

    private async Task<NavCount?> CountAsync(int environmentId, CancellationToken cancellationToken)
    {
        try
        {
            var (number, soonest) = await forecasts.InSightCountAsync(environmentId, cancellationToken);
            return number == 0
                ? null
                : new NavCount(
                    number,
                    ForecastWords.Urgency(soonest, clock.GetUtcNow()) == StateKind.Critical,
                    $"{Figures.Count(number)} in sight"
                );
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested && ReadFailures.Describe(failure) is not null)
        {
            // The page says that the database is away; an old number here would look like a new one.
            return null;
        }
    }
}
