using Archon.Features.Scanning;
using Archon.Live;
using Archon.Shell;
using Archon.Ui.Format;

namespace Archon.Features.Anomalies;

/// <summary>Open anomalies, beside the name of their screen.</summary>
internal sealed class AnomalyCount(AnomalyQueries anomalies, AnomalyTopic topic) : INavCountSource
{
    public string Href => "/anomalies";

    public IReadOnlyList<LiveTopic> Topics { get; } = [topic];

    public async Task<NavCount> CountAsync(int environmentId, CancellationToken cancellationToken)
    {
        var (number, isCritical) = await anomalies.OpenCountAsync(environmentId, cancellationToken);
        return new NavCount(number, isCritical, $"{Figures.Count(number)} open");
    }
}
