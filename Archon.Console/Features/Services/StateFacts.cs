using System.ComponentModel.DataAnnotations.Schema;
using Archon.Data;
using Archon.Data.Alerts;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>The state of one service as the database computes it.</summary>
/// <remarks>The same rules as in <see cref="HealthAssessor"/>, which says why besides: a test runs both over all there can be and compares
/// them.</remarks>
internal sealed class StateFacts
{
    [Column("service_id")]
    public int ServiceId { get; init; }

    /// <summary>A <see cref="HealthState"/>, by its number.</summary>
    [Column("state")]
    public int State { get; init; }

    [Column("open_anomalies")]
    public int OpenAnomalies { get; init; }

    /// <summary>When the first of the worst open anomalies and alerts began; null where there is none.</summary>
    [Column("worst_since")]
    public DateTimeOffset? WorstSince { get; init; }

    public static IQueryable<StateFacts> Of(ArchonDbContext db, int environmentId, DateTimeOffset now)
    {
        var ignored = nameof(CatalogueOrigin.Ignored);
        var (noise, expected) = (nameof(AnomalyVerdict.Noise), nameof(AnomalyVerdict.Expected));
        var (outage, concern) = (nameof(AnomalySeverity.Critical), nameof(AnomalySeverity.Warning));
        var (fires, dire) = (nameof(ActiveAlertState.Firing), nameof(AlertSeverity.Critical));
        var (slight, oldest) = (nameof(AlertSeverity.Info), now - AlertPoll.CountsFor);
        var (critical, warning, info) = ((int)HealthState.Critical, (int)HealthState.Warning, (int)HealthState.Info);
        var (notChecked, learning, judged, healthy) = (
            (int)HealthState.NotChecked,
            (int)HealthState.Learning,
            (int)HealthState.Judged,
            (int)HealthState.Healthy
        );
        // Materialized: where the tables have no statistics yet, the planner would compute the groups again for each service.
        return db.Database.SqlQuery<StateFacts>(
            $"""
            WITH watched AS MATERIALIZED (
                SELECT id, step, unchecked_since FROM watches WHERE environment_id = {environmentId} AND enabled AND origin <> {ignored}
            ), known AS MATERIALIZED (
                SELECT one.service_id, count(watch.id) AS number,
                    bool_and(watch.unchecked_since IS NOT NULL) FILTER (WHERE watch.id IS NOT NULL) AS is_unchecked,
                    bool_or(one.last_sample_at >= {now}::timestamptz - greatest(watch.step * {HealthStates.PatienceSteps}, {HealthStates.LeastPatience}))
                        FILTER (WHERE watch.id IS NOT NULL) AS is_fresh,
                    bool_or(watch.id IS NOT NULL AND one.model IS NOT NULL) AS has_band
                FROM watched_series AS one LEFT JOIN watched AS watch ON watch.id = one.watch_id
                WHERE one.environment_id = {environmentId} AND one.service_id IS NOT NULL
                GROUP BY one.service_id
            ), opened AS MATERIALIZED (
                SELECT anomaly.service_id, count(*)::int AS number,
                    -- Arrays compare by their first element, then by the second: the worst state, then the first start in it.
                    min(ARRAY[CASE
                        WHEN anomaly.verdict IN ({noise}, {expected}) THEN {judged}
                        WHEN anomaly.severity = {outage} THEN {critical}
                        WHEN anomaly.severity = {concern} THEN {warning}
                        ELSE {info} END, extract(epoch FROM anomaly.started_at)]) FILTER (WHERE watch.id IS NOT NULL) AS worst
                FROM anomalies AS anomaly LEFT JOIN watched AS watch ON watch.id = anomaly.watch_id
                WHERE anomaly.environment_id = {environmentId} AND anomaly.ended_at IS NULL AND anomaly.service_id IS NOT NULL
                GROUP BY anomaly.service_id
            ), firing AS MATERIALIZED (
                SELECT alert.service_id, min(ARRAY[CASE
                        WHEN cardinality(alert.silenced_by) > 0 THEN {judged}
                        WHEN alert.severity = {dire} THEN {critical}
                        ELSE {warning} END, extract(epoch FROM alert.since)]) AS worst
                FROM active_alerts AS alert JOIN alert_polls AS poll ON poll.environment_id = alert.environment_id
                WHERE alert.environment_id = {environmentId} AND alert.service_id IS NOT NULL AND alert.state = {fires}
                    AND NOT alert.is_heartbeat AND alert.severity <> {slight} AND poll.polled_at >= {oldest}::timestamptz
                GROUP BY alert.service_id
            ), troubled AS MATERIALIZED (
                SELECT service.id AS service_id, coalesce(opened.number, 0) AS number, least(opened.worst, firing.worst) AS worst
                FROM services AS service LEFT JOIN opened ON opened.service_id = service.id LEFT JOIN firing ON firing.service_id = service.id
                WHERE service.environment_id = {environmentId}
            ), facts AS MATERIALIZED (
                SELECT troubled.service_id, troubled.number AS open_anomalies, to_timestamp(troubled.worst[2]) AS worst_since,
                    CASE
                        WHEN troubled.worst[1] < {notChecked} THEN troubled.worst[1]::int
                        WHEN coalesce(known.number, 0) = 0 OR known.is_unchecked OR known.is_fresh IS NOT TRUE THEN {notChecked}
                        WHEN troubled.worst IS NOT NULL THEN {judged}
                        WHEN known.has_band THEN {healthy}
                        ELSE {learning} END AS state
                FROM troubled LEFT JOIN known ON known.service_id = troubled.service_id
            )
            SELECT service_id, open_anomalies, worst_since, state FROM facts
            """
        );
    }
}
