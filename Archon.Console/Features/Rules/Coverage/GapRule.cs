using Archon.ConfigFiles.Rules;
using Archon.Data.Catalogue;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Services;

namespace Archon.Features.Rules.Coverage;

/// <summary>A signal of a service without an alert.</summary>
/// <param name="Lower">Lower end of the band of its series; null where none is known yet.</param>
public sealed record CoverageGap(string Service, IReadOnlyDictionary<string, string> Matchers, Watch Watch, double? Lower, double? Upper);

/// <summary>A rule to begin with where there is none: the watch's query for the service, against its limit, else well beyond its band, else against other days.</summary>
public static class GapRule
{
    // Half as far again as the band goes: beyond what is ordinary, and for a person to move.
    private const double Beyond = 1.5;
    private static readonly TimeSpan PendingPeriod = TimeSpan.FromMinutes(5);

    /// <returns>Null where the watch's query cannot be narrowed to the service.</returns>
    public static RuleContent? Of(CoverageGap gap)
    {
        var watch = gap.Watch;
        if (NarrowedExpression.To(watch.Query, gap.Matchers) is not { } value)
            return null;
        // Where both sides matter, fewer requests are the trouble and more errors are.
        var isDown = watch.Limit is not null
            ? watch.LimitSide == LimitSide.Floor
            : watch.Interesting == AnomalyDirection.Down
                || (watch.Interesting == AnomalyDirection.Both && watch.Signal is WatchSignal.Rate or WatchSignal.Traffic);
        var comparison = isDown ? "<" : ">";
        var expression = (watch.Limit, isDown ? gap.Lower : gap.Upper) switch
        {
            ({ } limit, _) => AnomalyRules.Compared(value, comparison, limit),
            (_, { } bound) when bound > 0 && double.IsFinite(bound) => AnomalyRules.Compared(
                value,
                comparison,
                AnomalyRules.Threshold(bound, isDown ? bound / Beyond / Beyond : bound * Beyond * Beyond, watch.Unit)
            ),
            _ => SeasonalExpression.Times(value, comparison, isDown ? 1 / 2d : Beyond)!,
        };
        return AnomalyRules.Content(
            new AnomalyFacts(
                gap.Service,
                watch.Name,
                watch.Unit,
                watch.Query,
                gap.Matchers,
                isDown ? AnomalyDirection.Down : AnomalyDirection.Up,
                0,
                0,
                0,
                0,
                PendingPeriod * 2,
                false
            ),
            isDown ? "Low" : "High",
            expression,
            isDown ? "which is low" : "which is high"
        );
    }
}
