using Archon.Live;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Incidents;

/// <summary>The incident of an anomaly; null where it belongs to none.</summary>
public sealed record CausePicture(IncidentRow? Incident, IReadOnlyList<SimilarIncident> Similar) : ISharedPicture
{
    public long Bytes => 2000 + (1000L * ((Incident?.Members.Count ?? 0) + (Incident?.Hypotheses.Count ?? 0)));
}

/// <summary>The likely cause of the incident that an anomaly belongs to, beside the anomaly.</summary>
public sealed partial class CauseSection(IncidentQueries incidents, IncidentTopic topic, ViewState view) : LivePage<CausePicture>
{
    [Parameter, EditorRequired]
    public long AnomalyId { get; set; }

    protected override LiveSource<CausePicture> Source
    {
        get
        {
            var anomalyId = AnomalyId;
            return LiveSource.Shared(
                "cause",
                view.EnvironmentId,
                $"{anomalyId}",
                [topic],
                (environment, token) => ReadAsync(environment, anomalyId, token)
            );
        }
    }

    private async Task<CausePicture> ReadAsync(int environmentId, long anomalyId, CancellationToken cancellationToken)
    {
        var incident = await incidents.OfAnomalyAsync(environmentId, anomalyId, cancellationToken);
        return new CausePicture(
            incident,
            incident is null ? [] : await incidents.SimilarAsync(environmentId, incident.Id, cancellationToken)
        );
    }
}
