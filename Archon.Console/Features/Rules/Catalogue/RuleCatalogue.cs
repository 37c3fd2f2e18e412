using System.Globalization;
using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Integrations;
using Archon.Live;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Catalogue;

/// <summary>A rule file of the catalogue while it is being changed.</summary>
internal sealed record OpenDocument(RuleDocument Document, RuleFile File);

/// <summary>Who changes a file and why.</summary>
/// <param name="Action">As the audit names it, such as <c>rule.edit</c>.</param>
internal sealed record RuleChangeNote(string Who, string Reason, string Action);

/// <summary>Which rule of the catalogue a rule of the changed file is, where names alone do not tell.</summary>
internal readonly record struct RulePin(int RuleId, int Group, int Rule);

/// <summary>
/// Rule files and the rules in them, kept in step, for one command. Whoever changes them holds <see cref="LockAsync"/> and has called
/// <see cref="ReadAheadAsync"/> before.
/// </summary>
internal sealed class RuleCatalogue(RuleTarget target, TimeProvider clock)
{
    private const string Header = "# Put together from what the server ran. Comments and form of the file it came from are not known.\n";

    private readonly Dictionary<string, RuleFile?> readAhead = new(StringComparer.Ordinal);

    /// <summary>One at a time for each environment, until the transaction ends.</summary>
    public static Task LockAsync(ArchonDbContext db, int environmentId, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_advisory_xact_lock({AdvisoryLocks.RuleCatalogue}, {environmentId})", cancellationToken);

    /// <summary>Reads what the target holds of files that the catalogue may take in. Before the transaction: the target may be a server.</summary>
    /// <param name="serverFiles">As the server names them.</param>
    public async Task ReadAheadAsync(int environmentId, IEnumerable<string> serverFiles, CancellationToken cancellationToken)
    {
        foreach (var name in serverFiles.Select(target.CatalogueName).Distinct(StringComparer.Ordinal))
            readAhead[name] = await ReadAsync(target.For(environmentId), name, cancellationToken);
    }

    /// <summary>The file a rule stands in. One that only the server knew comes into the catalogue: its own bytes where they can be read, otherwise put together.</summary>
    public async Task<OpenDocument> OpenAsync(ArchonDbContext db, AlertRule rule, CancellationToken cancellationToken) =>
        rule.DocumentId is { } id
            ? Open(await db.RuleDocuments.SingleAsync(one => one.Id == id, cancellationToken))
            : await FindAsync(db, rule.EnvironmentId, target.CatalogueName(rule.File), cancellationToken)
                ?? await TakeInAsync(db, rule, cancellationToken);

    public async Task<OpenDocument?> FindAsync(ArchonDbContext db, int environmentId, string name, CancellationToken cancellationToken) =>
        await db.RuleDocuments.SingleOrDefaultAsync(one => one.EnvironmentId == environmentId && one.Name == name, cancellationToken)
            is { } known
            ? Open(known)
            : null;

    /// <summary>A rule of a file that the server runs and the catalogue does not hold; null where there is no such file.</summary>
    public Task<AlertRule?> ServedAsync(ArchonDbContext db, int environmentId, string name, CancellationToken cancellationToken)
    {
        var (file, elsewhere) = (target.ServerFile(name), "/" + name);
        return db.AlertRules.FirstOrDefaultAsync(
            rule =>
                rule.EnvironmentId == environmentId
                && rule.DocumentId == null
                && rule.DeletedAt == null
                && (rule.File == file || rule.File == elsewhere),
            cancellationToken
        );
    }

    /// <summary>A file without rules. It has no version yet.</summary>
    public OpenDocument Create(ArchonDbContext db, int environmentId, string name, string? serverFile = null)
    {
        var document = new RuleDocument
        {
            EnvironmentId = environmentId,
            Name = name,
            ServerFile = serverFile ?? target.ServerFile(name),
            Content = [],
            CreatedAt = clock.GetUtcNow(),
        };
        db.RuleDocuments.Add(document);
        return new OpenDocument(document, Empty);
    }

    /// <summary>The file without writing anything: as it is, or as it would come into the catalogue.</summary>
    public async Task<(string Name, RuleFile File)> PeekAsync(ArchonDbContext db, AlertRule rule, CancellationToken cancellationToken)
    {
        if (rule.DocumentId is { } id)
        {
            var known = await db.RuleDocuments.AsNoTracking().SingleAsync(one => one.Id == id, cancellationToken);
            return (known.Name, Open(known).File);
        }
        var name = target.CatalogueName(rule.File);
        return (
            name,
            await HeldAsync(db, rule.EnvironmentId, name, cancellationToken)
                ?? await PutTogetherAsync(db, rule.EnvironmentId, rule.File, cancellationToken)
        );
    }

    /// <summary>Makes what a file holds now its newest version, and of each rule that says something else too. Written to the audit and announced.</summary>
    /// <param name="moved">A rule that has left for another file, and is not gone.</param>
    public async Task CommitAsync(
        ArchonDbContext db,
        RuleDocument document,
        RuleFile file,
        RuleChangeNote note,
        RulePin? pin,
        int? moved,
        CancellationToken cancellationToken
    )
    {
        var now = clock.GetUtcNow();
        document.Content = file.ToBytes();
        document.DeletedAt = null;
        await AddVersionAsync(db, document, note, cancellationToken);
        await SyncAsync(db, document, file, note, pin, moved, now, cancellationToken);
    }

    /// <summary>
    /// Gives a file the name under which the server shows it, where it came in by a command that did not know the target. What the server runs from it is one
    /// with the rules of the file from then on.
    /// </summary>
    public async Task PlaceAsync(ArchonDbContext db, RuleDocument document, CancellationToken cancellationToken)
    {
        document.ServerFile = target.ServerFile(document.Name);
        if (document.DeletedAt is not null)
            return;
        var note = new RuleChangeNote(ImportRulesJob.Importer, $"Found in {target.Words}", "rule-file.place");
        await SyncAsync(db, document, Open(document).File, note, null, null, clock.GetUtcNow(), cancellationToken);
    }

    /// <summary>Makes the tests a file has now part of its newest version.</summary>
    public async Task AddVersionAsync(ArchonDbContext db, RuleDocument document, RuleChangeNote note, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        document.Versions.Add(
            new RuleDocumentVersion
            {
                Number = ++document.CurrentVersion,
                Content = document.Content,
                Tests = document.Tests,
                Author = note.Who,
                Reason = note.Reason,
                CreatedAt = now,
            }
        );
        db.Note(
            now,
            note.Action,
            () => Cut($"rule file {document.Name}", 512),
            string.Create(CultureInfo.InvariantCulture, $"version {document.CurrentVersion}: {note.Reason}"),
            document.EnvironmentId
        );
        await db.SaveChangesAsync(cancellationToken);
        await db.AnnounceAsync(RuleTopic.Id, document.EnvironmentId, cancellationToken);
    }

    /// <summary>Takes a file with all its rules out of the catalogue. It can be restored.</summary>
    public async Task DeleteAsync(ArchonDbContext db, RuleDocument document, RuleChangeNote note, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        document.DeletedAt = now;
        await foreach (
            var rule in db
                .AlertRules.Where(one => one.DocumentId == document.Id && one.DeletedAt == null)
                .AsAsyncEnumerable()
                .WithCancellation(cancellationToken)
        )
        {
            rule.DeletedAt = now;
        }
        await AddVersionAsync(db, document, note, cancellationToken);
    }

    /// <summary>Where a rule stands in its file; null where it is not there.</summary>
    public static FileRule? Locate(RuleFile file, AlertRule rule) =>
        file
            .Groups.FirstOrDefault(group => group.Content.Name == rule.Group)
            ?.Rules.Where(one => one.Content.Name == rule.Name)
            .Skip(rule.Ordinal)
            .FirstOrDefault();

    /// <summary>A file without anything, in the target's language.</summary>
    public RuleFile Empty => ReadOrEmpty(null, target.Language);

    public OpenDocument Open(RuleDocument document) => new(document, Read(document.Content, target.Language));

    /// <summary>What the catalogue keeps was read before it was kept. Only a file that was meant for Loki can hold what is no PromQL.</summary>
    public static RuleFile Read(byte[] content, RuleLanguage language = RuleLanguage.Promql) =>
        RuleFile.Read(content, out var errors, language)
        ?? RuleFile.Read(content, out _, RuleLanguage.Logql)
        ?? throw new InvalidOperationException($"A rule file of the catalogue cannot be read: {string.Join("; ", errors)}");

    /// <param name="content">Null for a file that is not there.</param>
    public static RuleFile ReadOrEmpty(byte[]? content, RuleLanguage language) => Read(content ?? [], language);

    private async Task<OpenDocument> TakeInAsync(ArchonDbContext db, AlertRule rule, CancellationToken cancellationToken)
    {
        var name = target.CatalogueName(rule.File);
        var held = await HeldAsync(db, rule.EnvironmentId, name, cancellationToken);
        var file = held ?? await PutTogetherAsync(db, rule.EnvironmentId, rule.File, cancellationToken);
        var open = Create(db, rule.EnvironmentId, name, rule.File);
        open.Document.ImportedContent = file.ToBytes();
        if (held is not null)
            open.Document.Agree(held.ToBytes(), clock.GetUtcNow());
        var reason = held is not null
            ? $"Read from {target.Words}"
            : "Put together from what the server runs: comments and form of the file are not known";
        var note = new RuleChangeNote(ImportRulesJob.Importer, reason, "rule-file.import");
        await CommitAsync(db, open.Document, file, note, null, null, cancellationToken);
        return open with { File = file };
    }

    /// <exception cref="RuleEditException">Within a transaction, where the file was not read ahead.</exception>
    private async Task<RuleFile?> HeldAsync(ArchonDbContext db, int environmentId, string name, CancellationToken cancellationToken) =>
        readAhead.TryGetValue(name, out var held) ? held
        : db.Database.CurrentTransaction is null ? await ReadAsync(target.For(environmentId), name, cancellationToken)
        : throw new RuleEditException($"The server began to run {name} while this was saved. Save again.");

    private static async Task<RuleFile?> ReadAsync(RuleTarget target, string name, CancellationToken cancellationToken) =>
        target.IsThere
        && target.NameFault(name) is null
        && await target.ReadAsync(name, cancellationToken) is Fetch<byte[]?>.Ok { Value: { } bytes }
            ? RuleFile.Read(bytes, out _, target.Language)
            : null;

    private static async Task<RuleFile> PutTogetherAsync(
        ArchonDbContext db,
        int environmentId,
        string serverFile,
        CancellationToken cancellationToken
    )
    {
        var rules = await db
            .AlertRules.AsNoTracking()
            .Where(rule => rule.EnvironmentId == environmentId && rule.File == serverFile && rule.DeletedAt == null)
            .OrderBy(rule => rule.Id)
            .ToListAsync(cancellationToken);
        var ids = rules.Select(rule => rule.Id).ToList();
        var said = await db
            .AlertRuleVersions.AsNoTracking()
            .Where(version =>
                ids.Contains(version.RuleId)
                && db.AlertRules.Any(rule => rule.Id == version.RuleId && rule.CurrentVersion == version.Number)
            )
            .ToDictionaryAsync(version => version.RuleId, cancellationToken);
        var file = RuleFile.Read(Header, out _)!;
        foreach (var group in rules.GroupBy(rule => rule.Group))
        {
            var content = new GroupContent(group.Key) { Interval = said[group.First().Id].Interval };
            file = RuleFileEditor.AddGroup(file, content, [.. group.Select(rule => ServedRules.Content(rule, said[rule.Id]))]);
        }
        return file;
    }

    private static async Task SyncAsync(
        ArchonDbContext db,
        RuleDocument document,
        RuleFile file,
        RuleChangeNote note,
        RulePin? pin,
        int? moved,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var known = await db
            .AlertRules.Where(rule =>
                rule.EnvironmentId == document.EnvironmentId
                && rule.Id != moved
                && (rule.DocumentId == document.Id || rule.File == document.ServerFile || (pin != null && rule.Id == pin.Value.RuleId))
            )
            .OrderByDescending(rule => rule.DocumentId == document.Id)
            .ThenBy(rule => rule.Id)
            .ToListAsync(cancellationToken);
        var ids = known.Select(rule => rule.Id).ToList();
        var said = await db
            .AlertRuleVersions.AsNoTracking()
            .Where(version =>
                ids.Contains(version.RuleId)
                && db.AlertRules.Any(rule => rule.Id == version.RuleId && rule.CurrentVersion == version.Number)
            )
            .ToDictionaryAsync(version => version.RuleId, cancellationToken);
        var places = Places(file);
        var paired = Pair(known, said, places, pin);
        // A place is free only once who had it has left it.
        var (gone, stays) = (known.Except(paired.Values).Where(rule => rule.DeletedAt is null).ToList(), paired.Values.ToHashSet());
        foreach (var rule in gone)
            rule.DeletedAt = now;
        foreach (var (place, rule) in paired)
        {
            if (rule.DeletedAt is null && (rule.Group, rule.Name, rule.Ordinal) != place.Key)
                rule.Ordinal = -rule.Id;
        }
        await db.SaveChangesAsync(cancellationToken);

        foreach (var place in places)
        {
            var content = place.Rule.Content;
            if (!paired.TryGetValue(place, out var rule))
            {
                rule = new AlertRule
                {
                    EnvironmentId = document.EnvironmentId,
                    File = document.ServerFile,
                    Group = place.Key.Group,
                    Name = place.Key.Name,
                };
                db.AlertRules.Add(rule);
            }
            (rule.DocumentId, rule.File, rule.DeletedAt) = (document.Id, document.ServerFile, null);
            (rule.Group, rule.Name, rule.Ordinal) = place.Key;
            rule.Kind = content.IsAlert ? AlertRuleKind.Alerting : AlertRuleKind.Recording;
            rule.GroupLabels = new Dictionary<string, string>(place.Rule.Group.Content.Labels, StringComparer.Ordinal);
            var version = Version(place.Rule, note, now);
            // What a person saves is a version even if only its name or place is new.
            if (!said.TryGetValue(rule.Id, out var last) || !Same(last, version) || pin?.RuleId == rule.Id)
            {
                version.Number = ++rule.CurrentVersion;
                rule.Versions.Add(version);
            }
            if (rule.Served is { } served && ServedRules.Says(served, place.Rule))
                rule.RunningVersion = rule.CurrentVersion;
        }
        await db.SaveChangesAsync(cancellationToken);
    }

    private static bool Says(AlertRule rule, AlertRuleVersion version, RuleContent content) =>
        ServedRules.Content(rule, version).Says(content);

    /// <summary>Which rule of the catalogue stands at which place: who is pinned, then who says the same under the same name, then by name in order, the living before the deleted.</summary>
    private static Dictionary<Place, AlertRule> Pair(
        List<AlertRule> known,
        Dictionary<int, AlertRuleVersion> said,
        List<Place> places,
        RulePin? pin
    )
    {
        var paired = new Dictionary<Place, AlertRule>();
        var (left, open) = (known.ToList(), places.ToList());
        if (pin is { } wanted)
        {
            Take(
                places.Single(place => place.Rule.Group.Index == wanted.Group && place.Rule.Index == wanted.Rule),
                known.Single(rule => rule.Id == wanted.RuleId)
            );
        }
        foreach (var place in open.ToList())
        {
            if (
                left.FirstOrDefault(rule =>
                    rule.DeletedAt is null
                    && IsNamed(rule, place)
                    && said.TryGetValue(rule.Id, out var last)
                    && Says(rule, last, place.Rule.Content)
                ) is
                { } same
            )
                Take(place, same);
        }
        foreach (var place in open.ToList())
        {
            if (
                left.Where(rule => IsNamed(rule, place))
                    .OrderBy(rule => rule.DeletedAt is not null)
                    .ThenBy(rule => rule.Ordinal)
                    .FirstOrDefault() is
                { } named
            )
                Take(place, named);
        }
        return paired;

        static bool IsNamed(AlertRule rule, Place place) => rule.Group == place.Key.Group && rule.Name == place.Key.Name;

        void Take(Place place, AlertRule rule)
        {
            paired.Add(place, rule);
            left.Remove(rule);
            open.Remove(place);
        }
    }

    private static List<Place> Places(RuleFile file)
    {
        var places = new List<Place>();
        foreach (var group in file.Groups)
        {
            var ordinals = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var rule in group.Rules)
            {
                var ordinal = ordinals.GetValueOrDefault(rule.Content.Name);
                ordinals[rule.Content.Name] = ordinal + 1;
                places.Add(new Place((group.Content.Name, rule.Content.Name, ordinal), rule));
            }
        }
        return places;
    }

    private static AlertRuleVersion Version(FileRule rule, RuleChangeNote note, DateTimeOffset now) =>
        new()
        {
            Expression = rule.Content.Expression,
            For = rule.Content.For,
            KeepFiringFor = rule.Content.KeepFiringFor,
            Labels = new Dictionary<string, string>(rule.Content.Labels, StringComparer.Ordinal),
            Annotations = new Dictionary<string, string>(rule.Content.Annotations, StringComparer.Ordinal),
            Interval = rule.Group.Content.Interval,
            Author = note.Who,
            Reason = note.Reason,
            CreatedAt = now,
        };

    private static bool Same(AlertRuleVersion one, AlertRuleVersion other) =>
        one.Expression == other.Expression
        && one.For == other.For
        && one.KeepFiringFor == other.KeepFiringFor
        && one.Interval == other.Interval
        && RuleContent.Same(one.Labels, other.Labels)
        && RuleContent.Same(one.Annotations, other.Annotations);

    internal static string Cut(string text, int length) => text.Length <= length ? text : text[..length];

    private sealed record Place((string Group, string Name, int Ordinal) Key, FileRule Rule);
}
