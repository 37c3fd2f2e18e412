using System.Text.RegularExpressions;
using Archon.Analysis.Promql;

namespace Archon.ConfigFiles.Rules.Lint;

/// <summary>What the names of metrics and functions say of the kind of series.</summary>
internal static partial class MetricNames
{
    public static bool IsRate(string function) => function is "rate" or "irate" or "increase";

    /// <summary>Whether a function is for gauges: it takes every fall for a real one.</summary>
    public static bool IsDelta(string function) => function is "delta" or "idelta" or "deriv" or "predict_linear";

    public static bool IsCounter(string metric) =>
        metric.EndsWith("_total", StringComparison.Ordinal) || metric.EndsWith("_bucket", StringComparison.Ordinal);

    public static bool IsGauge(string metric) => metric is "up" || GaugeName().IsMatch(metric);

    /// <summary>The call of rate, irate or increase that a part of an expression is; null for any other.</summary>
    public static PromqlCall? RateCall(PromqlExpression node) => node is PromqlCall call && IsRate(call.Function.Name) ? call : null;

    [GeneratedRegex(
        "_(bytes|ratio|celsius|percent|usage|available|free|size|info|timestamp_seconds|time_seconds|status|state|healthy|ready)$",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex GaugeName();
}
