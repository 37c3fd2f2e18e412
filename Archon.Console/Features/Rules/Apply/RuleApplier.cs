using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Apply;

public abstract record ApplyResult
{
    private ApplyResult() { }

    /// <summary>The server runs it.</summary>
    /// <param name="Note">What a person should know all the same; null: nothing.</param>
    public sealed record Done(long Id, string? Note) : ApplyResult;

    /// <summary>It was tried, and everything is as it was before.</summary>
    public sealed record PutBack(long Id, string Reason) : ApplyResult;

    /// <summary>It was tried, and not everything could be put back: a person must look.</summary>
    public sealed record Stuck(long Id, string Reason) : ApplyResult;

    /// <summary>Nothing was tried. The reason is a sentence for people.</summary>
    public sealed record Refused(string Reason) : ApplyResult;
}

/// <summary>How long an apply waits.</summary>
public sealed record ApplyPatience
{
    /// <summary>Between two looks at what the server runs.</summary>
    public TimeSpan Gap { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Beside two intervals of the slowest group.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>However slow the groups. A rule that was not evaluated by then is said to be not.</summary>
    public TimeSpan Most { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Brings rule files to the server, and takes them back when it does not run them well.</summary>
/// <remarks>
/// Each step is written down before it is done: whoever is killed leaves behind how far it was and what the files held, and
/// <see cref="RecoverAsync"/> finishes it or puts it back. A lock of the database's session keeps a second apply away, and falls with the
/// console that held it.
/// </remarks>
public sealed partial class RuleApplier(
    CommandGate gate,
    IDbContextFactory<ArchonDbContext> contexts,
    RuleTarget target,
    Upstreams upstreams,
    TimeProvider clock,
    ILogger<RuleApplier> logger,
    ApplyPatience? patience = null
)
{
    /// <summary>Who acts when nobody does.</summary>
    private const string NoOne = "archon";

    private readonly ApplyPatience patience = patience ?? new ApplyPatience();

    /// <param name="files">As they were reviewed. What was changed since, here or there, is refused.</param>
    /// <param name="progress">Told before each step.</param>
    /// <exception cref="PermissionDeniedException">The actor may not apply rules.</exception>
    public async Task<ApplyResult> ApplyAsync(
        int environmentId,
        IReadOnlyList<ReviewedFile> files,
        Actor actor,
        IProgress<RuleApplyStage>? progress,
        CancellationToken cancellationToken
    )
    {
        await using var db = await gate.OpenAsync(actor, Permission.ApplyRules, environmentId, cancellationToken);
        if (files.Count == 0)
            return new ApplyResult.Refused("Nothing was chosen.");
        if (!await TryLockAsync(db, environmentId, cancellationToken))
            return new ApplyResult.Refused("Another apply is under way.");
        try
        {
            await RecoverLockedAsync(db, environmentId, cancellationToken);
            db.AuditAs(actor.Id, actor.Name);
            if (await FaultAsync(db, environmentId, files, cancellationToken) is { } fault)
                return new ApplyResult.Refused(fault);
            var now = clock.GetUtcNow();
            var apply = new RuleApply
            {
                EnvironmentId = environmentId,
                Author = actor.Name,
                Stage = RuleApplyStage.Writing,
                Files = [.. files.Select(file => new RuleApplyFile(file.DocumentId, file.Name, file.Version, file.Held, file.Wanted))],
                StartedAt = now,
                ChangedAt = now,
            };
            db.RuleApplies.Add(apply);
            await NoteAsync(db, apply, "rules.apply", $"begins: {string.Join(", ", files.Select(file => file.Name))}", cancellationToken);
            return await RunAsync(db, apply, progress, cancellationToken);
        }
        finally
        {
            await UnlockAsync(db, environmentId);
        }
    }

    /// <summary>Ends what a console that is gone left in the middle; nothing where one that lives is at it.</summary>
    public async Task RecoverAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (!await Left(db, environmentId).AnyAsync(cancellationToken))
            return;
        if (!await TryLockAsync(db, environmentId, cancellationToken))
            return;
        try
        {
            await RecoverLockedAsync(db, environmentId, cancellationToken);
        }
        finally
        {
            await UnlockAsync(db, environmentId);
        }
    }

    private static IQueryable<RuleApply> Left(ArchonDbContext db, int environmentId) =>
        db.RuleApplies.Where(apply => apply.EnvironmentId == environmentId && apply.EndedAt == null);

    private async Task RecoverLockedAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        if (await Left(db, environmentId).SingleOrDefaultAsync(cancellationToken) is not { } left)
            return;
        db.AuditAs(null, NoOne);
        await NoteAsync(db, left, "rules.recover", $"the console ended while {Word(left.Stage)}", cancellationToken);
        LogRecovers(left.Id, left.Stage);
        // Files may be half through: back to where all was well. Where all were written, the server decides.
        if (left.Stage is RuleApplyStage.Reloading or RuleApplyStage.Verifying)
        {
            await RunAsync(db, left, null, cancellationToken);
            return;
        }
        var reason = left.Message ?? "The console ended before all files were written.";
        await PutBackAsync(db, left, reason, null, cancellationToken);
    }

    private async Task<ApplyResult> RunAsync(
        ArchonDbContext db,
        RuleApply apply,
        IProgress<RuleApplyStage>? progress,
        CancellationToken cancellationToken
    )
    {
        if (apply.Stage == RuleApplyStage.Writing)
        {
            progress?.Report(apply.Stage);
            foreach (var file in apply.Files)
            {
                if (
                    await target.For(apply.EnvironmentId).WriteAsync(file.Name, file.After, cancellationToken) is TargetResult.Failed
                    {
                        Reason: var reason
                    }
                )
                {
                    return await PutBackAsync(db, apply, reason, progress, cancellationToken);
                }
            }
            await EnterAsync(db, apply, RuleApplyStage.Reloading, progress, cancellationToken);
        }
        if (apply.Stage == RuleApplyStage.Reloading)
        {
            if (await target.For(apply.EnvironmentId).ReloadAsync(cancellationToken) is TargetResult.Failed { Reason: var reason })
            {
                return await PutBackAsync(db, apply, $"The server did not take it up. {reason}", progress, cancellationToken);
            }
            await EnterAsync(db, apply, RuleApplyStage.Verifying, progress, cancellationToken);
        }
        var (fault, note) = await VerifyAsync(apply, cancellationToken);
        if (fault is not null)
            return await PutBackAsync(db, apply, fault, progress, cancellationToken);
        var held = new Dictionary<int, byte[]?>();
        foreach (var file in apply.Files)
        {
            held[file.DocumentId] = await target.For(apply.EnvironmentId).ReadAsync(file.Name, cancellationToken)
                is Fetch<byte[]?>.Ok { Value: var seen }
                ? seen
                : file.After;
        }
        await EndAsync(db, apply, RuleApplyStage.Done, note, held, progress, cancellationToken);
        return new ApplyResult.Done(apply.Id, note);
    }

    private async Task<ApplyResult> PutBackAsync(
        ArchonDbContext db,
        RuleApply apply,
        string reason,
        IProgress<RuleApplyStage>? progress,
        CancellationToken cancellationToken
    )
    {
        apply.Message = reason;
        await EnterAsync(db, apply, RuleApplyStage.PuttingBack, progress, cancellationToken);
        var faults = new List<string>();
        foreach (var file in apply.Files)
        {
            target.Tidy(file.Name);
            switch (await target.For(apply.EnvironmentId).ReadAsync(file.Name, cancellationToken))
            {
                case Fetch<byte[]?>.Ok when target.IsSame(file.Before, file.After):
                    faults.Add($"{file.Name} was the same before, so there is no former state of it.");
                    break;
                case Fetch<byte[]?>.Ok { Value: var held } when target.IsSame(held, file.Before):
                    break;
                case Fetch<byte[]?>.Ok { Value: var held } when target.IsSame(held, file.After):
                    await WriteBackAsync(file);
                    break;
                case Fetch<byte[]?>.Ok when target.IsWhole:
                    faults.Add($"{file.Name} was changed by somebody else meanwhile and is left as it is.");
                    break;
                case Fetch<byte[]?>.Ok:
                    await WriteBackAsync(file);
                    break;
                default:
                    faults.Add($"{file.Name} could not be read.");
                    break;
            }
        }
        // Also where some files are not as before: the server runs what the files say.
        var unheard = (await target.For(apply.EnvironmentId).ReloadAsync(cancellationToken) as TargetResult.Failed)?.Reason;
        if (faults.Count > 0)
        {
            var reported = $"{reason} Not everything could be put back: {string.Join(' ', faults)}";
            if (unheard is not null && !reason.Contains(unheard, StringComparison.Ordinal))
                reported += $" The server did not read the files again: {unheard}";
            await EndAsync(
                db,
                apply,
                RuleApplyStage.Stuck,
                reported,
                await OwnAsync(apply, cancellationToken),
                progress,
                cancellationToken
            );
            return new ApplyResult.Stuck(apply.Id, reported);
        }
        if (unheard is not null)
        {
            reason = reason.Contains(unheard, StringComparison.Ordinal)
                ? reason
                : $"{reason} The files are as before; the server did not read them again: {unheard}";
        }
        await EndAsync(db, apply, RuleApplyStage.PutBack, reason, await OwnAsync(apply, cancellationToken), progress, cancellationToken);
        return new ApplyResult.PutBack(apply.Id, reason);

        async Task WriteBackAsync(RuleApplyFile file)
        {
            if (
                await target.For(apply.EnvironmentId).WriteAsync(file.Name, file.Before, cancellationToken) is TargetResult.Failed
                {
                    Reason: var words
                }
            )
                faults.Add(words);
        }
    }

    /// <summary>Waits until the server runs every rule of ours, and well.</summary>
    /// <returns>Why it does not; or what was not evaluated yet, because its turn comes later than anyone waits.</returns>
    private async Task<(string? Fault, string? Note)> VerifyAsync(RuleApply apply, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        var files = apply
            .Files.Select(file => (Name: target.ServerFile(file.Name), File: RuleCatalogue.ReadOrEmpty(file.After, target.Language)))
            .ToList();
        var wait = patience.Grace;
        while (true)
        {
            var (missing, unknown, broken, otherwise) = ((string?)null, (string?)null, (string?)null, (string?)null);
            switch (
                await target.For(apply.EnvironmentId).RunningAsync(cancellationToken)
                ?? await upstreams.For(apply.EnvironmentId).Prometheus.RulesAsync(cancellationToken)
            )
            {
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Ok { Value: var served }:
                    foreach (var (name, file) in files)
                    {
                        var groups = served.Where(group => group.File == name).ToList();
                        if (groups.Count > 0)
                            wait = Longer(wait, patience.Grace + (groups.Max(group => group.Interval) * 2));
                        missing ??= Missing(file, groups, target.Language);
                        otherwise ??= target.Language == RuleLanguage.Logql ? LaidOutOtherwise(file, groups) : null;
                        foreach (var (group, rule) in groups.SelectMany(group => group.Rules.Select(rule => (group, rule))))
                        {
                            if (rule.Health == "err")
                                broken ??= $"{rule.Name} in {group.Name} cannot be evaluated: {rule.LastError}";
                            else if (rule.Health != "ok")
                                unknown ??= $"{rule.Name} in {group.Name}";
                        }
                    }
                    break;
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Unavailable { Reason: var reason }:
                    missing = reason;
                    break;
                case Fetch<IReadOnlyList<PrometheusRuleGroup>>.Rejected { Reason: var words }:
                    missing = words;
                    break;
            }
            // What the server ran before may still show; only once it runs ours does a fault count as ours.
            if (missing is null && broken is not null)
                return (broken, null);
            if (missing is null && unknown is null && otherwise is null)
                return (null, null);
            if (clock.GetElapsedTime(began) > (wait < patience.Most ? wait : patience.Most))
            {
                var waited = TimeSpan.FromSeconds(Math.Round(clock.GetElapsedTime(began).TotalSeconds));
                return (missing, unknown) switch
                {
                    (not null, _) => ($"The server does not run it after {PrometheusDuration.Format(waited)}: {missing}", null),
                    (_, null) => (null, $"The ruler returns {otherwise} in its own form, so it is unknown whether it runs what was sent."),
                    _ when wait > patience.Most => (null, $"{unknown} was not evaluated yet: its interval is longer than anyone waits."),
                    _ => ($"The server never evaluated {unknown}.", null),
                };
            }
            await Task.Delay(patience.Gap, clock, cancellationToken);
        }
    }

    /// <summary>The first rule whose expression the server tells in other words.</summary>
    /// <remarks>Of LogQL nobody here can tell whether they mean the same.</remarks>
    private static string? LaidOutOtherwise(RuleFile file, List<PrometheusRuleGroup> served) =>
        file
            .Groups.Join(served, group => group.Content.Name, running => running.Name, (group, running) => group.Rules.Zip(running.Rules))
            .SelectMany(pairs => pairs)
            .Where(pair => !ServedRules.SameLogql(pair.First.Content.Expression, pair.Second.Query))
            .Select(pair => pair.First.Content.Name)
            .FirstOrDefault();

    private static string? Missing(RuleFile file, List<PrometheusRuleGroup> served, RuleLanguage language)
    {
        foreach (var group in file.Groups.Where(group => group.Rules.Count > 0))
        {
            var name = group.Content.Name;
            if (served.FirstOrDefault(one => one.Name == name) is not { } running)
                return $"the group {name} is not there.";
            foreach (var rule in group.Rules)
            {
                if (rule.Index >= running.Rules.Count)
                    return $"{rule.Content.Name} in {name} is not there.";
                var other = running.Rules[rule.Index];
                var (now, isLogql) = (ServedRules.Of(running, other), language == RuleLanguage.Logql);
                var isSaid = isLogql ? ServedRules.SaysButForExpression(now, rule) : ServedRules.Says(now, rule);
                if (other.Name != rule.Content.Name || other.IsAlerting != rule.Content.IsAlert || !isSaid)
                {
                    return $"{rule.Content.Name} in {name} runs otherwise.";
                }
            }
            if (running.Rules.Count > group.Rules.Count)
                return $"{running.Rules[group.Rules.Count].Name} in {name} still runs.";
        }
        var extra = served.FirstOrDefault(one => file.Groups.All(group => group.Content.Name != one.Name));
        return extra is null ? null : $"the group {extra.Name} still runs.";
    }

    private async Task<string?> FaultAsync(
        ArchonDbContext db,
        int environmentId,
        IReadOnlyList<ReviewedFile> files,
        CancellationToken cancellationToken
    )
    {
        var ids = files.Select(file => file.DocumentId).ToList();
        var versions = await db
            .RuleDocuments.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && ids.Contains(one.Id))
            .ToDictionaryAsync(one => one.Id, one => one.CurrentVersion, cancellationToken);
        foreach (var file in files)
        {
            if (file.State != ReviewState.Ready)
                return $"{file.Name} cannot be applied: {string.Join(' ', file.Reasons)}";
            if (!versions.TryGetValue(file.DocumentId, out var version))
                return $"{file.Name} is not a rule file of this environment.";
            if (version != file.Version)
            {
                return $"{file.Name} was edited since it was reviewed. Look at the new state first.";
            }
            switch (await target.For(environmentId).ReadAsync(file.Name, cancellationToken))
            {
                case Fetch<byte[]?>.Ok { Value: var held } when !target.IsSame(held, file.Held):
                    return $"{file.Name} was changed outside the console since it was reviewed. Look at the new state first.";
                case Fetch<byte[]?>.Unavailable { Reason: var reason }:
                    return reason;
                case Fetch<byte[]?>.Rejected { Reason: var words }:
                    return words;
            }
        }
        return null;
    }

    private async Task EnterAsync(
        ArchonDbContext db,
        RuleApply apply,
        RuleApplyStage stage,
        IProgress<RuleApplyStage>? progress,
        CancellationToken cancellationToken
    )
    {
        (apply.Stage, apply.ChangedAt) = (stage, clock.GetUtcNow());
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            await db.SaveChangesAsync(cancellationToken);
            await db.AnnounceAsync(RuleTopic.Id, apply.EnvironmentId, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        progress?.Report(stage);
    }

    /// <summary>
    /// The content of the files of an apply that was put back, by document: of those only that are as they were before, or as they were to be. Others were
    /// changed by somebody else.
    /// </summary>
    private async Task<Dictionary<int, byte[]?>> OwnAsync(RuleApply apply, CancellationToken cancellationToken)
    {
        var own = new Dictionary<int, byte[]?>();
        foreach (var file in apply.Files)
        {
            if (
                await target.For(apply.EnvironmentId).ReadAsync(file.Name, cancellationToken) is Fetch<byte[]?>.Ok { Value: var held }
                && (target.IsSame(held, file.Before) || target.IsSame(held, file.After))
            )
            {
                own[file.DocumentId] = held;
            }
        }
        return own;
    }

    /// <param name="held">The content of the files that nobody else changed, by document: catalogue and target agree on it.</param>
    private async Task EndAsync(
        ArchonDbContext db,
        RuleApply apply,
        RuleApplyStage stage,
        string? message,
        Dictionary<int, byte[]?> held,
        IProgress<RuleApplyStage>? progress,
        CancellationToken cancellationToken
    )
    {
        await using (var transaction = await db.Database.BeginTransactionAsync(cancellationToken))
        {
            await RuleCatalogue.LockAsync(db, apply.EnvironmentId, cancellationToken);
            var now = clock.GetUtcNow();
            foreach (var document in await db.RuleDocuments.Where(one => held.Keys.Contains(one.Id)).ToListAsync(cancellationToken))
                document.Agree(held[document.Id], now);
            (apply.Stage, apply.Message, apply.ChangedAt, apply.EndedAt) = (stage, message, now, now);
            await NoteAsync(db, apply, "rules.apply", message is null ? Word(stage) : $"{Word(stage)}: {message}", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
        progress?.Report(stage);
        LogEnded(apply.Id, stage);
    }

    private async Task NoteAsync(ArchonDbContext db, RuleApply apply, string action, string detail, CancellationToken cancellationToken)
    {
        await using var transaction = db.Database.CurrentTransaction is null
            ? await db.Database.BeginTransactionAsync(cancellationToken)
            : null;
        db.Note(clock.GetUtcNow(), action, () => "rules", detail, apply.EnvironmentId);
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(RuleTopic.Id, apply.EnvironmentId, cancellationToken);
        if (transaction is not null)
            await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<bool> TryLockAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken)
    {
        await db.Database.OpenConnectionAsync(cancellationToken);
        return await db
            .Database.SqlQuery<bool>($"""SELECT pg_try_advisory_lock({AdvisoryLocks.RuleApply}, {environmentId}) AS "Value" """)
            .SingleAsync(cancellationToken);
    }

    private static async Task UnlockAsync(ArchonDbContext db, int environmentId) =>
        await db.Database.ExecuteSqlAsync($"SELECT pg_advisory_unlock({AdvisoryLocks.RuleApply}, {environmentId})", CancellationToken.None);

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    internal static string Word(RuleApplyStage stage) =>
        stage switch
        {
            RuleApplyStage.Writing => "writing files",
            RuleApplyStage.Reloading => "reloading",
            RuleApplyStage.Verifying => "verifying",
            RuleApplyStage.PuttingBack => "putting back",
            RuleApplyStage.Done => "done",
            RuleApplyStage.PutBack => "put back",
            _ => "stuck",
        };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Apply {ApplyId} of rules was left in stage {Stage} and is ended now")]
    private partial void LogRecovers(long applyId, RuleApplyStage stage);

    [LoggerMessage(Level = LogLevel.Information, Message = "Apply {ApplyId} of rules ended: {Stage}")]
    private partial void LogEnded(long applyId, RuleApplyStage stage);
}
