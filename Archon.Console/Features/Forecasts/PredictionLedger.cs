using Archon.Analysis.Forecasting;
using Archon.Analysis.Series;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Forecasts;

/// <summary>Keeps what was told ahead and what came of it, so that the console can say how often it was right.</summary>
internal static class PredictionLedger
{
    /// <summary>Predictions older than this no longer count.</summary>
    private static readonly TimeSpan RecordWindow = TimeSpan.FromDays(90);

    /// <summary>An interval of minutes, days ahead, is not held against a prediction that was a little late.</summary>
    private const double Grace = 0.1;

    /// <summary>How often predictions of each kind came true.</summary>
    public static async Task<IReadOnlyDictionary<PredictionKind, PredictionRecord>> RecordsAsync(
        ArchonDbContext db,
        int environmentId,
        DateTimeOffset now,
        CancellationToken cancellationToken
    )
    {
        var since = now - RecordWindow;
        var reported = await db
            .Predictions.AsNoTracking()
            .Where(one => one.EnvironmentId == environmentId && one.MadeAt >= since)
            .Select(one => new
            {
                one.Kind,
                one.MadeAt,
                one.ReachedAt,
                one.ReachedLatest,
                Happened = one.Outcome == PredictionOutcome.CameTrue ? one.SettledAt : null,
            })
            .ToListAsync(cancellationToken);
        return Enum.GetValues<PredictionKind>()
            .ToDictionary(
                kind => kind,
                kind =>
                    PredictionRecord.Of(
                        reported
                            .Where(one => one.Kind == kind)
                            .Select(one => new PastPrediction(
                                one.MadeAt,
                                one.ReachedAt,
                                Latest(one.MadeAt, one.ReachedAt, one.ReachedLatest),
                                one.Happened,
                                null
                            )),
                        now
                    )
            );
    }

    /// <summary>Settles an open prediction by what the series did since.</summary>
    /// <param name="reached">When the limit was first reached after the prediction was made; null when it was not.</param>
    public static void Settle(Prediction prediction, DateTimeOffset? reached, DateTimeOffset now)
    {
        if (reached is { } at)
            (prediction.Outcome, prediction.SettledAt) = (PredictionOutcome.CameTrue, at);
        else if (now > Latest(prediction.MadeAt, prediction.ReachedAt, prediction.ReachedLatest))
            (prediction.Outcome, prediction.SettledAt) = (PredictionOutcome.DidNot, now);
    }

    private static DateTimeOffset Latest(DateTimeOffset madeAt, DateTimeOffset reachedAt, DateTimeOffset latest) =>
        reachedAt + ((reachedAt - madeAt) * Grace) is var late && late > latest ? late : latest;

    /// <summary>The first sample after a time at or beyond a limit.</summary>
    public static DateTimeOffset? FirstReached(MetricSeries series, double limit, LimitSide side, DateTimeOffset after)
    {
        var times = series.Times.Span;
        var values = series.Values.Span;
        for (var i = 0; i < times.Length; i++)
        {
            if (times[i] <= after.ToUnixTimeMilliseconds() || double.IsNaN(values[i]))
                continue;
            if (side == LimitSide.Ceiling ? values[i] >= limit : values[i] <= limit)
                return DateTimeOffset.FromUnixTimeMilliseconds(times[i]);
        }
        return null;
    }
}
