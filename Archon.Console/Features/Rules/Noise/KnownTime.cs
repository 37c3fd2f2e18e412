using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Ui.Format;

namespace Archon.Features.Rules.Noise;

/// <summary>For how much of a stretch of time the server recorded anything at all.</summary>
/// <remarks>What lies outside of it may have fired, and nobody can tell.</remarks>
/// <param name="Since">The first moment of which there are samples; null where there is none, or that could not be checked.</param>
/// <param name="Recorded">How much of the stretch has samples.</param>
/// <param name="Failure">Why it could not be checked; null where it could.</param>
public sealed record KnownTime(TimeRange Asked, DateTimeOffset? Since, TimeSpan Recorded, string? Failure)
{
    // There is a sample of this whenever the server recorded anything.
    private const string Anything = "count(up)";

    // A restart in a week is no reason to doubt the rest.
    private const double Enough = 0.98;

    public bool IsWhole => Since is not null && Recorded >= Asked.Length * Enough;

    /// <param name="stamp">How the reader writes a time.</param>
    public string Words(Func<DateTimeOffset, string> stamp) =>
        (Failure, Since) switch
        {
            ({ } failure, _) => $"Could not check since when the server has records: {failure}",
            (_, null) => $"Unknown: no samples of the metric up in the last {Ages.Of(Asked.Length)}.",
            (_, { } since) => $"Known since {stamp(since)} ({Extent})",
        };

    /// <summary>Such as <c>7 min of the 7 d asked for</c>.</summary>
    public string Extent => $"{Ages.Of(Recorded)} of the {Ages.Of(Asked.Length)} asked for";

    /// <summary>The moments at which the server recorded anything, in Unix milliseconds.</summary>
    internal static async Task<Fetch<IReadOnlyList<long>>> MomentsAsync(
        PrometheusClient prometheus,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    ) =>
        (await prometheus.QueryRangeAsync(Anything, range, step, cancellationToken)).Whole() switch
        {
            Fetch<MatrixResult>.Ok { Value.Series: var series } => new Fetch<IReadOnlyList<long>>.Ok(
                series is [var any, ..] ? any.Times.ToArray() : []
            ),
            Fetch<MatrixResult>.Unavailable { Reason: var away } => new Fetch<IReadOnlyList<long>>.Unavailable(away),
            Fetch<MatrixResult>.Rejected { Reason: var refused } => new Fetch<IReadOnlyList<long>>.Rejected(refused),
            _ => throw new InvalidOperationException("An answer is one of three."),
        };

    internal static async Task<KnownTime> ReadAsync(
        PrometheusClient prometheus,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    )
    {
        var answer = await MomentsAsync(prometheus, range, step, cancellationToken);
        return answer is Fetch<IReadOnlyList<long>>.Ok { Value: var moments }
            ? Of(range, moments.Count > 0 ? moments[0] : null, moments.Count * step)
            : new KnownTime(range, null, TimeSpan.Zero, answer.Reason());
    }

    /// <param name="first">Unix milliseconds of the first moment; null where there is none.</param>
    internal static KnownTime Of(TimeRange asked, long? first, TimeSpan recorded) =>
        new(asked, first is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null, recorded, null);
}
