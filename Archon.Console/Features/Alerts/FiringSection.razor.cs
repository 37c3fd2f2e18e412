using Archon.Live;
using Archon.Shell;
using Archon.Ui.View;

namespace Archon.Features.Alerts;

/// <summary>What fires, beside the services of Overview.</summary>
public sealed partial class FiringSection(AlertQueries alerts, AlertTopic topic, NavItems screens, ViewState view) : LivePage<AlertsPicture>
{
    private readonly SeenRows seen = new();

    private bool HasRules => screens.All.Any(screen => screen.Href == "/rules");

    private bool HasChannels => screens.All.Any(screen => screen.Href == "/channels");

    private int More => Picture!.Known.Firing - Picture.Rows.Count;

    protected override LiveSource<AlertsPicture> Source =>
        LiveSource.Shared(
            "alerts",
            view.EnvironmentId,
            $"",
            [topic],
            (environment, token) => alerts.FiringAsync(environment, AlertQueries.OverviewShown, token)
        );

    protected override void Follow() => WakeEvery(AlertLine.AgeShownFor);

    protected override void Arrived(AlertsPicture picture) => seen.See(picture.Rows.Select(row => row.Id));

    protected override int? NewIn(AlertsPicture picture)
    {
        var shown = Picture?.Rows.Select(row => row.Id).ToHashSet() ?? [];
        return picture.Rows.Count(row => !shown.Contains(row.Id));
    }
}
