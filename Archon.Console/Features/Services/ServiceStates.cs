using System.Globalization;
using Archon.Data;
using Archon.Data.States;
using Archon.Features.Scanning.States;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Services;

/// <summary>The stored states of services, by the name of a <see cref="HealthState"/>.</summary>
internal sealed class ServiceStates(TimeProvider clock) : IStateSource
{
    public async Task RecordAsync(ArchonDbContext db, int environmentId, DateTimeOffset recordingSince, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var known = await StateFacts
            .Of(db, environmentId, now)
            .Select(facts => new
            {
                facts.ServiceId,
                facts.State,
                Recorded = db
                    .StateChanges.Where(change =>
                        change.EnvironmentId == environmentId
                        && change.Subject == StateSubject.Service
                        && change.SubjectId == "" + facts.ServiceId
                    )
                    .OrderByDescending(change => change.Id)
                    // As in StateLog: a row of a clock that is ahead is written again.
                    .Select(change => change.At <= now ? change.State : null)
                    .FirstOrDefault(),
            })
            .ToListAsync(cancellationToken);
        var changed = known
            .Where(one => one.Recorded != ((HealthState)one.State).ToString())
            .ToDictionary(one => one.ServiceId, one => (HealthState)one.State);
        var services = await ServiceQueries.AssessAsync(db, environmentId, [.. changed.Keys], now, cancellationToken);
        // A scan may commit between these reads. A state that has changed since is recorded by the next pass, with its reason.
        var changes = services
            .Where(one => one.Found.State == changed[one.Service.Id])
            .Select(one => Change(environmentId, one, now))
            .ToList();
        await StateLog.AddAsync(db, changes, cancellationToken);
    }

    private static StateChange Change(int environmentId, ServiceAssessment assessed, DateTimeOffset now) =>
        StateLog.Change(
            environmentId,
            StateSubject.Service,
            assessed.Service.Id.ToString(CultureInfo.InvariantCulture),
            assessed.Found.State.ToString(),
            now,
            assessed.Found.Since ?? now,
            Figures.Plain(HealthReasonWords.Reason(assessed.Found.Reason)),
            FiguresOf(assessed.Found.Reason)
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
