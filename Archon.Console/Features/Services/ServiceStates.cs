using System.Globalization;
using Archon.Data;
using Archon.Data.States;
using Archon.Features.Scanning.States;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>The stored states of services, by the name of a <see cref="HealthState"/>.</summary>
internal sealed class ServiceStates(IDbContextFactory<ArchonDbContext> contexts) : IStateSource
{
    public async Task RecordAsync(
        ArchonDbContext db,
        int environmentId,
        DateTimeOffset now,
        DateTimeOffset recordingSince,
        CancellationToken cancellationToken
    )
    {
        // Read by another connection, in one moment that begins under the lock of db: state and reason belong together.
        await using var reads = await contexts.CreateDbContextAsync(cancellationToken);
        await using var moment = await reads.BeginOneMomentAsync(cancellationToken);
        var known = await StateFacts
            .Of(reads, environmentId, now)
            .Select(facts => new
            {
                facts.ServiceId,
                facts.State,
                Recorded = reads
                    .StateChanges.Where(change =>
                        change.EnvironmentId == environmentId
                        && change.Subject == StateSubject.Service
                        && change.SubjectId == "" + facts.ServiceId
                    )
                    .OrderByDescending(change => change.Id)
                    .Select(change => change.State)
                    .FirstOrDefault(),
            })
            .ToListAsync(cancellationToken);
        var changed = known.Where(one => one.Recorded != ((HealthState)one.State).ToString()).Select(one => one.ServiceId).ToList();
        var services = await ServiceQueries.HealthAsync(reads, environmentId, changed, now, cancellationToken);
        await StateLog.AddAsync(db, [.. services.Select(service => Change(environmentId, service, now))], cancellationToken);
    }

    private static StateChange Change(int environmentId, ServiceHealth service, DateTimeOffset now) =>
        StateLog.Change(
            environmentId,
            StateSubject.Service,
            service.Id.ToString(CultureInfo.InvariantCulture),
            service.State.ToString(),
            now,
            service.Since ?? now,
            Figures.Plain(HealthReasonWords.Reason(service.Reason)),
            FiguresOf(service.Reason)
        );

    private static IEnumerable<StateFigure> FiguresOf(HealthReason reason) =>
        reason is HealthReason.Outside { Anomaly: var anomaly, Unit: var unit }
            ?
            [
                new StateFigure("value", anomaly.Value, unit),
                new StateFigure("expected from", anomaly.Lower, unit),
                new StateFigure("expected to", anomaly.Upper, unit),
                new StateFigure("confidence", anomaly.Confidence, "1"),
            ]
            : [];
}
