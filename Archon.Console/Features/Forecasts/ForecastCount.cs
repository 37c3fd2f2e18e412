using Archon.Live;
using Archon.Shell;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Forecasts;

/// <summary>Limits in sight, beside the name of their screen.</summary>
internal sealed class ForecastCount(ForecastQueries forecasts, ForecastTopic topic, TimeProvider clock) : INavCountSource
{
    public string Href => "/forecasts";

    public IReadOnlyList<LiveTopic> Topics { get; } = [topic];

    public async Task<NavCount> CountAsync(int environmentId, CancellationToken cancellationToken)
    {
        var (number, soonest) = await forecasts.InSightCountAsync(environmentId, cancellationToken);
        var isCritical = number > 0 && ForecastWords.Urgency(soonest, clock.GetUtcNow()) == StateKind.Critical;
        return new NavCount(number, isCritical, $"{Figures.Count(number)} in sight");
    }
}
