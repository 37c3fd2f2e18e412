using System.Globalization;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Live;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Archon.Features.Services;

/// <summary>What a person may say about a service. <see cref="DependsOn"/> holds the ids of the services it calls.</summary>
public sealed record ServiceDraft(
    string Name,
    ServiceTier Tier,
    string? Team,
    string? Description,
    IReadOnlyDictionary<string, string> Matchers,
    string? RunbookUrl,
    string? GrafanaDashboard,
    string? LokiSelector,
    string? JaegerService,
    IReadOnlyList<int> DependsOn
);

public abstract record ServiceResult
{
    private ServiceResult() { }

    public sealed record Done(int Id) : ServiceResult;

    public sealed record NotFound : ServiceResult;

    /// <summary>Someone changed the row since it was read.</summary>
    public sealed record ChangedMeanwhile : ServiceResult;

    /// <summary>Another service of the environment has this name, maybe an ignored one.</summary>
    public sealed record NameTaken(int ById, bool Ignored) : ServiceResult;

    /// <summary>The draft cannot be kept; the reason is a sentence for the person who wrote it.</summary>
    public sealed record Invalid(string Reason) : ServiceResult;
}

public sealed class ServiceCommands(CommandGate gate, TimeProvider clock)
{
    public const int NameLength = 200;
    private static readonly string[] WebSchemes = ["http", "https"];

    /// <exception cref="PermissionDeniedException">The actor may not edit services, or none of that team.</exception>
    public async Task<ServiceResult> CreateAsync(int environmentId, ServiceDraft draft, Actor actor, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var db = await gate.OpenAsync(actor, Permission.EditServices, environmentId, cancellationToken);
        if (Fault(draft) is { } fault)
            return new ServiceResult.Invalid(fault);
        await RequireTeamAsync(db, actor, draft.Team, environmentId, cancellationToken);
        if (await OwnerAsync(db, environmentId, draft.Name.Trim(), except: 0, cancellationToken) is { } taken)
            return taken;
        var service = new Service
        {
            EnvironmentId = environmentId,
            Name = draft.Name.Trim(),
            CreatedAt = now,
            LastSeenAt = now,
        };
        if (await FillAsync(db, service, draft, actor.Name, now, cancellationToken) is { } wrong)
            return wrong;
        db.Services.Add(service);
        return await SaveAsync(db, service, "service.create", draft.Name, cancellationToken);
    }

    /// <param name="version">Version of the row that the person saw.</param>
    /// <exception cref="PermissionDeniedException">The actor may not edit services, or none of that team.</exception>
    public async Task<ServiceResult> EditAsync(int id, uint version, ServiceDraft draft, Actor actor, CancellationToken cancellationToken)
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditServices, environmentId: null, cancellationToken);
        if (Fault(draft) is { } fault)
            return new ServiceResult.Invalid(fault);
        var service = await db.Services.Include(one => one.Dependencies).SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (service is null)
            return new ServiceResult.NotFound();
        await RequireTeamAsync(db, actor, service.Team, service.EnvironmentId, cancellationToken);
        await RequireTeamAsync(db, actor, draft.Team, service.EnvironmentId, cancellationToken);
        if (service.Version != version)
            return new ServiceResult.ChangedMeanwhile();
        if (await OwnerAsync(db, service.EnvironmentId, draft.Name.Trim(), id, cancellationToken) is { } taken)
            return taken;
        if (await FillAsync(db, service, draft, actor.Name, clock.GetUtcNow(), cancellationToken) is { } wrong)
            return wrong;
        return await SaveAsync(db, service, "service.edit", draft.Name, cancellationToken);
    }

    /// <summary>Vouches for a discovered service as it is.</summary>
    public Task<ServiceResult> AcceptAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(
            id,
            origin => origin == CatalogueOrigin.Discovered ? CatalogueOrigin.Accepted : origin,
            "service.accept",
            actor,
            cancellationToken
        );

    /// <summary>Dismisses a service; the row stays, so that it is not found again.</summary>
    public Task<ServiceResult> IgnoreAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(id, _ => CatalogueOrigin.Ignored, "service.ignore", actor, cancellationToken);

    /// <summary>Brings an ignored service back: as edited when a person ever wrote it, otherwise as discovered.</summary>
    public Task<ServiceResult> RestoreAsync(int id, Actor actor, CancellationToken cancellationToken) =>
        MarkAsync(id, origin => origin == CatalogueOrigin.Ignored ? null : origin, "service.restore", actor, cancellationToken);

    /// <param name="next">The origin that follows; null for "as it was before it was ignored".</param>
    private async Task<ServiceResult> MarkAsync(
        int id,
        Func<CatalogueOrigin, CatalogueOrigin?> next,
        string action,
        Actor actor,
        CancellationToken cancellationToken
    )
    {
        await using var db = await gate.OpenAsync(actor, Permission.EditServices, environmentId: null, cancellationToken);
        var service = await db.Services.SingleOrDefaultAsync(one => one.Id == id, cancellationToken);
        if (service is null)
            return new ServiceResult.NotFound();
        await RequireTeamAsync(db, actor, service.Team, service.EnvironmentId, cancellationToken);
        var origin = next(service.Origin) ?? (service.EditedAt is null ? CatalogueOrigin.Discovered : CatalogueOrigin.Edited);
        if (service.Origin == origin)
            return new ServiceResult.Done(id); // a second click changes nothing
        service.Origin = origin;
        return await SaveAsync(db, service, action, service.Name, cancellationToken);
    }

    private async Task<ServiceResult> SaveAsync(
        ArchonDbContext db,
        Service service,
        string action,
        string detail,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
            db.Note(
                clock.GetUtcNow(),
                action,
                () => string.Create(CultureInfo.InvariantCulture, $"service {service.Id}"),
                detail,
                service.EnvironmentId
            );
            await db.SaveChangesAsync(cancellationToken);
            await db.AnnounceAsync(ServiceTopic.Id, service.EnvironmentId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new ServiceResult.Done(service.Id);
        }
        catch (DbUpdateConcurrencyException)
        {
            return new ServiceResult.ChangedMeanwhile();
        }
        catch (DbUpdateException clash) when (clash.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Someone took the name between our look and our write: the database settles it.
            return new ServiceResult.NameTaken(0, Ignored: false);
        }
    }

    private async Task RequireTeamAsync(
        ArchonDbContext db,
        Actor actor,
        string? name,
        int environmentId,
        CancellationToken cancellationToken
    )
    {
        if (Blank(name) is not { } wanted)
            return;
        // A team that is not there yet has no members.
        var team =
            await db.Teams.AsNoTracking().SingleOrDefaultAsync(one => one.Name == wanted, cancellationToken) ?? new Team { Name = wanted };
        await gate.RequireTeamAsync(actor, Permission.EditServices, team, environmentId, cancellationToken);
    }

    private static async Task<ServiceResult?> OwnerAsync(
        ArchonDbContext db,
        int environmentId,
        string name,
        int except,
        CancellationToken cancellationToken
    )
    {
        var owner = await db
            .Services.AsNoTracking()
            .Where(service => service.EnvironmentId == environmentId && service.Name == name && service.Id != except)
            .Select(service => new { service.Id, service.Origin })
            .FirstOrDefaultAsync(cancellationToken);
        return owner is null ? null : new ServiceResult.NameTaken(owner.Id, owner.Origin == CatalogueOrigin.Ignored);
    }

    private static async Task<ServiceResult?> FillAsync(
        ArchonDbContext db,
        Service service,
        ServiceDraft draft,
        string who,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var wanted = draft.DependsOn.Distinct().ToList();
        if (wanted.Contains(service.Id) && service.Id != 0)
            return new ServiceResult.Invalid("A service cannot depend on itself.");
        var there = await db.Services.CountAsync(
            other => wanted.Contains(other.Id) && other.EnvironmentId == service.EnvironmentId,
            cancellationToken
        );
        if (there != wanted.Count)
            return new ServiceResult.Invalid("A service that this one depends on no longer exists.");

        service.Name = draft.Name.Trim();
        service.Origin = CatalogueOrigin.Edited;
        service.Tier = draft.Tier;
        service.Team = Blank(draft.Team);
        service.Description = Blank(draft.Description);
        service.Matchers = new Dictionary<string, string>(draft.Matchers, StringComparer.Ordinal);
        service.RunbookUrl = Blank(draft.RunbookUrl);
        service.GrafanaDashboard = Blank(draft.GrafanaDashboard);
        service.LokiSelector = Blank(draft.LokiSelector);
        service.JaegerService = Blank(draft.JaegerService);
        service.EditedAt = now;
        service.EditedBy = who;
        service.Dependencies.RemoveAll(call => !wanted.Contains(call.CalleeId));
        foreach (var callee in wanted.Except(service.Dependencies.Select(call => call.CalleeId)).ToList())
        {
            service.Dependencies.Add(new ServiceDependency { CalleeId = callee, Origin = CatalogueOrigin.Edited });
        }
        return null;
    }

    private static string? Fault(ServiceDraft draft)
    {
        if (string.IsNullOrWhiteSpace(draft.Name))
            return "A service needs a name.";
        if (draft.Name.Trim().Length > NameLength)
            return $"A name has at most {NameLength} characters.";
        if (draft.Matchers.Count == 0)
            return "A service needs at least one label that finds its series.";
        if (Blank(draft.Team) is { Length: > Team.NameLength })
            return $"The name of a team has at most {Team.NameLength} characters.";
        if (draft.Matchers.Any(label => label.Key.Length == 0 || label.Value.Length == 0))
            return "A label needs a name and a value.";
        if (Blank(draft.RunbookUrl) is { } runbook && !IsWeb(runbook))
            return "The runbook must be an http or https address.";
        if (Blank(draft.GrafanaDashboard) is { } dashboard && dashboard.Contains(':') && !IsWeb(dashboard))
        {
            return "The dashboard must be its id, or an http or https address.";
        }
        return null;
    }

    // Any other scheme, such as javascript:, would run when someone follows the link.
    private static bool IsWeb(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && WebSchemes.Contains(uri.Scheme);

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
