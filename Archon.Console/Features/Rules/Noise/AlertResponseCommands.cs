using Archon.Data.Access;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Noise;

public sealed class AlertResponseCommands(CommandGate gate, TimeProvider clock)
{
    /// <summary>Keeps what a person did with a firing, or takes it back. Said twice is said once.</summary>
    /// <exception cref="PermissionDeniedException">The actor may not respond to alerts, or not to those of the firing's team.</exception>
    public async Task SetAsync(
        int environmentId,
        AlertFiring firing,
        int? ruleId,
        AlertResponseKind kind,
        bool isGiven,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        await using var db = await gate.OpenAsync(actor, Permission.RespondToAlerts, environmentId, cancellationToken);
        var team = await AlertTeams.FindAsync(db, environmentId, firing.Labels.Values, cancellationToken);
        await gate.RequireTeamAsync(actor, Permission.RespondToAlerts, team, environmentId, cancellationToken);
        var fingerprint = firing.Fingerprint;
        var started = DateTimeOffset.FromUnixTimeMilliseconds(firing.From);
        var (from, to) = (started - NoiseQueries.Step, DateTimeOffset.FromUnixTimeMilliseconds(firing.To) + NoiseQueries.Step);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Whoever gives one to the same firing waits here for the other.
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock(hashtextextended({fingerprint}, 0))", cancellationToken);
        var given = await db
            .AlertResponses.Where(one =>
                one.EnvironmentId == environmentId
                && one.Fingerprint == fingerprint
                && one.Kind == kind
                && one.StartedAt >= from
                && one.StartedAt <= to
            )
            .ToListAsync(cancellationToken);
        if (isGiven == given.Count > 0)
            return;
        db.Note(now, isGiven ? "alert.respond" : "alert.respond.withdraw", () => firing.Name, kind.ToString(), environmentId);
        db.AlertResponses.RemoveRange(given);
        if (isGiven)
        {
            db.AlertResponses.Add(
                new AlertResponse
                {
                    EnvironmentId = environmentId,
                    AlertName = firing.Name,
                    Fingerprint = fingerprint,
                    StartedAt = started,
                    RuleId = ruleId,
                    Kind = kind,
                    By = actor.Name,
                    At = now,
                }
            );
        }
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
