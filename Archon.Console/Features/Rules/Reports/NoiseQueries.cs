using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Rules;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Rules.Reports;

/// <param name="Quiet">Alerting rules of the catalogue that did not fire.</param>
/// <param name="Recorded">For how much of the range the server has samples; null where that cannot be told.</param>
/// <param name="IsCut">Firings were left out for their number.</param>
/// <param name="NoSilences">Why silences were not asked for; null where they were.</param>
public sealed record NoisePicture(IReadOnlyList<NoiseRow> Rows, int Quiet, TimeRange Range, TimeSpan? Recorded, bool IsCut, string? NoSilences);

public sealed class NoiseQueries(IDbContextFactory<ArchonDbContext> contexts, RuleQueries rules, PrometheusClient prometheus, AlertmanagerClient alertmanager, TimeProvider clock)
{
    /// <summary>Firings are seen by samples so far apart, at whole minutes: what lasted less may be missed.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromMinutes(1);

    private const string Firing = "ALERTS{alertstate=\"firing\"}";

    // There is a sample of this whenever the server recorded anything.
    private const string Anything = "count(up)";
    private static readonly TimeSpan Slice = TimeSpan.FromDays(1);

    /// <summary>Reads the history of alerts day by day.</summary>
    /// <param name="progress">Told how much of it is read, 0 to 1.</param>
    public async Task<Fetch<NoisePicture>> PictureAsync(int environmentId, TimeSpan length, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var end = Whole(clock.GetUtcNow());
        var range = new TimeRange(end - length, end);
        var history = new FiringHistory(Step);
        for (var start = range.Start; start <= range.End; start += Slice)
        {
            var last = start + Slice - Step < range.End ? start + Slice - Step : range.End;
            switch (await prometheus.QueryRangeAsync(Firing, new TimeRange(start, last), Step, cancellationToken))
            {
                case Fetch<MatrixResult>.Ok { Value.Series: var alerts }:
                    history.Add(alerts, await RecordedAsync(new TimeRange(start, last), cancellationToken));
                    break;
                case Fetch<MatrixResult>.Unavailable { Reason: var away }: return new Fetch<NoisePicture>.Unavailable(away);
                case Fetch<MatrixResult>.Rejected { Reason: var refused }: return new Fetch<NoisePicture>.Rejected(refused);
            }
            progress.Report((last - range.Start) / length);
        }
        var firings = history.Close();
        var listed = (await rules.PictureAsync(environmentId, cancellationToken)).Rules;
        var (silences, noSilences) = await alertmanager.SilencesAsync(null, cancellationToken) switch
        {
            Fetch<IReadOnlyList<AlertmanagerSilence>>.Ok { Value: var found } => (found, (string?)null),
            Fetch<IReadOnlyList<AlertmanagerSilence>>.Unavailable { Reason: var away } => ([], away),
            Fetch<IReadOnlyList<AlertmanagerSilence>>.Rejected { Reason: var refused } => ([], refused),
            _ => throw new InvalidOperationException("An answer is one of three."),
        };
        var rows = RuleNoise.Of(listed, firings, await ResponsesAsync(environmentId, range.Start, cancellationToken), silences, Step);
        var loud = rows.Select(row => row.Rule?.Id).ToHashSet();
        return new Fetch<NoisePicture>.Ok(new NoisePicture(
            rows, listed.Count(rule => rule.Kind == AlertRuleKind.Alerting && !loud.Contains(rule.Id)), range, history.Seen > 0 ? history.Seen * Step : null, history.IsCut, noSilences));
    }

    private async Task<IReadOnlyList<GivenResponse>> ResponsesAsync(int environmentId, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var since = from - Step;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.AlertResponses.AsNoTracking().Where(one => one.EnvironmentId == environmentId && one.StartedAt >= since).OrderBy(one => one.Id)
            .Select(one => new GivenResponse(one.Fingerprint, one.StartedAt, one.Kind, one.By, one.At)).ToListAsync(cancellationToken);
    }

    private async Task<IReadOnlyList<long>> RecordedAsync(TimeRange range, CancellationToken cancellationToken) =>
        await prometheus.QueryRangeAsync(Anything, range, Step, cancellationToken) is Fetch<MatrixResult>.Ok { Value.Series: [var any, ..] } ? any.Times.ToArray() : [];

    private static DateTimeOffset Whole(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % Step.Ticks), TimeSpan.Zero);
}
