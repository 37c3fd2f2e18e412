using Archon.Live;
using Archon.Shell;
using Archon.Ui.Format;

namespace Archon.Features.Alerts;

/// <summary>Alerts that fire, beside the screen of the rules that they come from.</summary>
internal sealed class AlertCount(AlertQueries alerts, AlertTopic topic) : INavCountSource
{
    public string Href => "/rules";

    public IReadOnlyList<LiveTopic> Topics { get; } = [topic];

    public async Task<NavCount> CountAsync(int environmentId, CancellationToken cancellationToken)
    {
        var known = await alerts.KnownAsync(environmentId, cancellationToken);
        var number = known.Heard == 1 ? "1 alert" : $"{Figures.Count(known.Heard)} alerts";
        return new NavCount(known.Heard, known.Critical > 0, known.IsChecked ? $"{number} firing" : $"{number} fired at the last check");
    }
}
