using Archon.Live;
using Archon.Shell;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Alerts;

/// <summary>What fires for a service, on its page.</summary>
public sealed partial class ServiceAlertsSection(AlertQueries alerts, AlertTopic topic, NavItems screens, ViewState view)
    : LivePage<AlertsPicture>
{
    [Parameter, EditorRequired]
    public int ServiceId { get; set; }

    private bool HasRules => screens.All.Any(screen => screen.Href == "/rules");

    protected override LiveSource<AlertsPicture> Source
    {
        get
        {
            var serviceId = ServiceId;
            return LiveSource.Shared(
                "service-alerts",
                view.EnvironmentId,
                $"{serviceId}",
                [topic],
                (environment, token) => alerts.OfServiceAsync(environment, serviceId, token)
            );
        }
    }

    protected override void Follow() => WakeEvery(AlertLine.AgeShownFor);
}
