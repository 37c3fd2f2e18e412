namespace Archon.Analysis.Promql;

/// <summary>What a server must be or have to understand an expression.</summary>
/// <param name="What">As it is written: <c>limitk</c>, <c>fill</c>.</param>
/// <param name="Since">The first version that knows it; null where every supported one does.</param>
/// <param name="Until">The first version that no longer knows it.</param>
/// <param name="Flag">The feature that has to be switched on.</param>
/// <param name="Start">Where it stands.</param>
public sealed record PromqlRequirement(string What, Version? Since, Version? Until, string? Flag, int Start);

/// <summary>Finds what of an expression not every Prometheus since 2.40 understands.</summary>
/// <remarks>Source: the changelog of Prometheus.</remarks>
public static class PromqlRequirements
{
    private const string Functions = "promql-experimental-functions";

    public static IReadOnlyList<PromqlRequirement> Of(PromqlExpression expression) => [.. expression.All().SelectMany(One)];

    private static IEnumerable<PromqlRequirement> One(PromqlExpression node)
    {
        switch (node)
        {
            case PromqlCall { Function: { Name: "holt_winters" } function }:
                yield return new PromqlRequirement(function.Name, null, new Version(3, 0), null, node.Start);
                break;
            case PromqlCall { Function: { } function } when function.Since is not null || function.IsExperimental:
                yield return new PromqlRequirement(
                    function.Name,
                    function.Since,
                    null,
                    function.IsExperimental ? Functions : null,
                    node.Start
                );
                break;
            case PromqlAggregation { Operator: "limitk" or "limit_ratio" } limit:
                yield return new PromqlRequirement(limit.Operator, new Version(2, 54), null, Functions, node.Start);
                break;
            case PromqlBinary { Operator: "</" or ">/" } trim:
                yield return new PromqlRequirement(trim.Operator, new Version(3, 11), null, null, trim.OperatorStart);
                break;
            case PromqlBinary binary when binary.Matching.FillLeft is not null || binary.Matching.FillRight is not null:
                yield return new PromqlRequirement("fill", new Version(3, 10), null, "promql-binop-fill-modifiers", binary.OperatorStart);
                break;
            case PromqlSelector selector:
                if (selector.Modifier is not null)
                {
                    yield return new PromqlRequirement(
                        selector.Modifier,
                        new Version(3, 7),
                        null,
                        "promql-extended-range-selectors",
                        node.Start
                    );
                }
                if (selector.Shift.ComputedOffset is not null)
                    yield return Computed(node.Start);
                if (selector.Matchers.Any(NeedsQuotes))
                {
                    yield return new PromqlRequirement("names in quotes", new Version(3, 0), null, null, node.Start);
                }
                break;
            case PromqlRange { ComputedLength: not null }:
            case PromqlSubquery { ComputedLength: not null } or PromqlSubquery { ComputedStep: not null }:
                yield return Computed(node.Start);
                break;
        }
    }

    private static bool NeedsQuotes(PromqlMatcher matcher) =>
        !PromqlNames.IsPlainLabel(matcher.Label)
        || (matcher is { Label: PromqlMatcher.Name, Match: PromqlMatch.Equal } && !PromqlNames.IsPlainMetric(matcher.Value));

    private static PromqlRequirement Computed(int start) =>
        new("arithmetic on durations", new Version(3, 4), null, "promql-duration-expr", start);
}
