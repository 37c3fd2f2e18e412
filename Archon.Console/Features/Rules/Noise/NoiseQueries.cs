using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Noise;

/// <param name="Quiet">Alerting rules of the catalogue that did not fire.</param>
/// <param name="Known">For how much of the range anything can be said.</param>
/// <param name="IsCut">Firings were left out for their number.</param>
/// <param name="NoSilences">Why silences were not asked for; null where they were.</param>
public sealed record NoisePicture(IReadOnlyList<NoiseRow> Rows, int Quiet, KnownTime Known, bool IsCut, string? NoSilences)
{
    /// <summary>When the first of the rules came into the catalogue; null where it holds none. A server with samples from before need not
    /// have evaluated a rule then.</summary>
    public DateTimeOffset? RulesSince { get; init; }

    /// <summary>Whether no firing means that nothing was wrong, for all of the range.</summary>
    public bool IsSilenceKnown => Known.IsWhole && RulesSince <= Known.Asked.Start;
}

/// <summary>What one rule asked of people in a stretch of time.</summary>
/// <param name="Row">Null where it did not fire, as far as is known.</param>
public sealed record RuleRecord(NoiseRow? Row, KnownTime Known, bool IsCut, string? NoSilences);

public sealed class NoiseQueries(IDbContextFactory<ArchonDbContext> contexts, RuleQueries rules, Upstreams upstreams, TimeProvider clock)
{
    /// <summary>Firings are seen by samples so far apart, at whole minutes: what lasted less may be missed.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    /// <summary>A record reaches back no further.</summary>
    public static readonly TimeSpan LongestRecord = TimeSpan.FromDays(30);

    // Of all rules a day at once; of one rule as much as a server gives points in one answer.
    private static readonly TimeSpan Slice = TimeSpan.FromDays(1);
    private static readonly TimeSpan SliceOfOne = TimeSpan.FromDays(7);

    /// <summary>Reads the history of alerts day by day.</summary>
    /// <param name="progress">Told how much of it is read, 0 to 1.</param>
    public async Task<Fetch<NoisePicture>> PictureAsync(
        int environmentId,
        TimeSpan length,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        var end = Whole(clock.GetUtcNow());
        var range = new TimeRange(end - length, end);
        var read = await ReadAsync(environmentId, "ALERTS{alertstate=\"firing\"}", range, Slice, progress, cancellationToken);
        if (read is not Fetch<Past>.Ok { Value: var past })
            return Failed<Past, NoisePicture>(read);
        var loud = past.Rows.Select(row => row.Rule?.Id).ToHashSet();
        // What Loki's ruler evaluates leaves no history here.
        var quiet = past.Listed.Count(rule =>
            rule is { Kind: AlertRuleKind.Alerting, Language: RuleLanguage.Promql } && !loud.Contains(rule.Id)
        );
        var picture = new NoisePicture(past.Rows, quiet, past.Known, past.IsCut, past.NoSilences);
        return new Fetch<NoisePicture>.Ok(picture with { RulesSince = await RulesSinceAsync(environmentId, cancellationToken) });
    }

    /// <summary>The history of one rule's alerts since a time, or for as long as a record reaches back.</summary>
    public async Task<Fetch<RuleRecord>> RecordAsync(RuleDetail rule, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var end = Whole(clock.GetUtcNow());
        var first = Whole(since) + Step;
        var start =
            first > end ? end
            : first < end - LongestRecord ? end - LongestRecord
            : first;
        var query = $"ALERTS{{alertstate=\"firing\",alertname={GoText.Quote(rule.Content.Name)}}}";
        var read = await ReadAsync(rule.EnvironmentId, query, new TimeRange(start, end), SliceOfOne, null, cancellationToken);
        if (read is not Fetch<Past>.Ok { Value: var past })
            return Failed<Past, RuleRecord>(read);
        var own = past.Rows.FirstOrDefault(row => row.Rule?.Id == rule.Id);
        return new Fetch<RuleRecord>.Ok(new RuleRecord(own, past.Known, past.IsCut, past.NoSilences));
    }

    private async Task<Fetch<Past>> ReadAsync(
        int environmentId,
        string query,
        TimeRange range,
        TimeSpan slice,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        var (prometheus, alertmanager, _) = upstreams.For(environmentId);
        var history = new FiringHistory(Step);
        string? failure = null;
        for (var start = range.Start; start <= range.End; start += slice)
        {
            var last = start + slice - Step < range.End ? start + slice - Step : range.End;
            var part = new TimeRange(start, last);
            var alerts = (await prometheus.QueryRangeAsync(query, part, Step, cancellationToken)).Whole();
            if (alerts is not Fetch<MatrixResult>.Ok { Value.Series: var series })
                return Failed<MatrixResult, Past>(alerts);
            var recorded = await KnownTime.MomentsAsync(prometheus, part, Step, cancellationToken);
            if (recorded is not Fetch<IReadOnlyList<long>>.Ok)
                failure ??= recorded.Reason();
            history.Add(series, recorded is Fetch<IReadOnlyList<long>>.Ok { Value: var moments } ? moments : []);
            progress?.Report(range.Length > TimeSpan.Zero ? (last - range.Start) / range.Length : 1);
        }
        var firings = history.Close();
        var listed = (await rules.PictureAsync(environmentId, cancellationToken)).Rules;
        var asked = await alertmanager.SilencesAsync(null, cancellationToken);
        var silences = asked is Fetch<IReadOnlyList<AlertmanagerSilence>>.Ok { Value: var found } ? found : [];
        var responses = await ResponsesAsync(environmentId, range.Start, cancellationToken);
        return new Fetch<Past>.Ok(
            new Past(
                listed,
                RuleNoise.Of(listed, firings, responses, silences, Step),
                Known(history, range, failure),
                history.IsCut,
                asked is Fetch<IReadOnlyList<AlertmanagerSilence>>.Ok ? null : asked.Reason()
            )
        );
    }

    private async Task<DateTimeOffset?> RulesSinceAsync(int environmentId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .AlertRules.Where(rule => rule.EnvironmentId == environmentId && rule.Kind == AlertRuleKind.Alerting && rule.DeletedAt == null)
            .SelectMany(rule => rule.Versions)
            .MinAsync(version => (DateTimeOffset?)version.CreatedAt, cancellationToken);
    }

    private static KnownTime Known(FiringHistory history, TimeRange range, string? failure) =>
        failure is null ? KnownTime.Of(range, history.FirstSeen, history.Seen * Step) : new KnownTime(range, null, TimeSpan.Zero, failure);

    private async Task<IReadOnlyList<GivenResponse>> ResponsesAsync(
        int environmentId,
        DateTimeOffset from,
        CancellationToken cancellationToken
    )
    {
        var since = from - Step;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db
            .AlertResponses.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.StartedAt >= since)
            .OrderBy(one => one.Id)
            .Select(one => new GivenResponse(one.Fingerprint, one.StartedAt, one.Kind, one.By, one.At))
            .ToListAsync(cancellationToken);
    }

    private static Fetch<TTo> Failed<TFrom, TTo>(Fetch<TFrom> read) =>
        read is Fetch<TFrom>.Rejected { Reason: var refused }
            ? new Fetch<TTo>.Rejected(refused)
            : new Fetch<TTo>.Unavailable(read.Reason());

    private static DateTimeOffset Whole(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % Step.Ticks), TimeSpan.Zero);

    private sealed record Past(
        IReadOnlyList<RuleRow> Listed,
        IReadOnlyList<NoiseRow> Rows,
        KnownTime Known,
        bool IsCut,
        string? NoSilences
    );
}
