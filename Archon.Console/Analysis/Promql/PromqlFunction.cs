using System.Collections.Frozen;

namespace Archon.Analysis.Promql;

/// <summary>A function of PromQL.</summary>
/// <param name="Arguments">Types of the arguments, in order.</param>
/// <param name="Optional">
/// How many of the last may be missing or follow: 0 none, 1 the last may be missing, n the last may be repeated up to n times,
/// -1 any number of times.
/// </param>
/// <param name="Since">The first version that knows it, where that is after 2.40.</param>
/// <param name="IsExperimental">Only with <c>--enable-feature=promql-experimental-functions</c>.</param>
public sealed record PromqlFunction(
    string Name,
    IReadOnlyList<PromqlType> Arguments,
    PromqlType Returns,
    int Optional,
    Version? Since,
    bool IsExperimental
)
{
    private static readonly FrozenDictionary<string, PromqlFunction> Known = All()
        .ToFrozenDictionary(one => one.Name, StringComparer.Ordinal);

    /// <summary>Every function up to Prometheus 3.x.</summary>
    public static IReadOnlyCollection<PromqlFunction> Every => Known.Values;

    /// <summary>Null when there is none of this name.</summary>
    public static PromqlFunction? Find(string name) => Known.GetValueOrDefault(name);

    /// <remarks>Source: <c>promql/parser/functions.go</c> and the changelog of Prometheus.</remarks>
    private static IEnumerable<PromqlFunction> All()
    {
        const PromqlType S = PromqlType.Scalar,
            V = PromqlType.Vector,
            M = PromqlType.Matrix,
            T = PromqlType.Text;
        foreach (
            var name in (string[])
                [
                    "abs",
                    "absent",
                    "acos",
                    "acosh",
                    "asin",
                    "asinh",
                    "atan",
                    "atanh",
                    "ceil",
                    "cos",
                    "cosh",
                    "deg",
                    "exp",
                    "floor",
                    "histogram_count",
                    "histogram_sum",
                    "ln",
                    "log10",
                    "log2",
                    "rad",
                    "sgn",
                    "sin",
                    "sinh",
                    "sort",
                    "sort_desc",
                    "sqrt",
                    "tan",
                    "tanh",
                    "timestamp",
                ]
        )
        {
            yield return Of(name, V, V);
        }
        foreach (
            var name in (string[])
                [
                    "absent_over_time",
                    "avg_over_time",
                    "changes",
                    "count_over_time",
                    "delta",
                    "deriv",
                    "idelta",
                    "increase",
                    "irate",
                    "last_over_time",
                    "max_over_time",
                    "min_over_time",
                    "present_over_time",
                    "rate",
                    "resets",
                    "stddev_over_time",
                    "stdvar_over_time",
                    "sum_over_time",
                ]
        )
        {
            yield return Of(name, V, M);
        }
        foreach (var name in (string[])["days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year"])
        {
            yield return Of(name, V, V) with
            {
                Optional = 1,
            };
        }
        yield return Of("clamp", V, V, S, S);
        yield return Of("clamp_max", V, V, S);
        yield return Of("clamp_min", V, V, S);
        yield return Of("histogram_fraction", V, S, S, V);
        yield return Of("histogram_quantile", V, S, V);
        yield return Of("label_replace", V, V, T, T, T, T);
        yield return Of("label_join", V, V, T, T, T) with
        {
            Optional = -1,
        };
        yield return Of("pi", S);
        yield return Of("predict_linear", V, M, S);
        yield return Of("quantile_over_time", V, S, M);
        yield return Of("round", V, V, S) with
        {
            Optional = 1,
        };
        yield return Of("scalar", S, V);
        yield return Of("time", S);
        yield return Of("vector", V, S);

        yield return Of("holt_winters", V, M, S, S); // double_exponential_smoothing since 3.0
        yield return Of("histogram_stddev", V, V) with
        {
            Since = new Version(2, 47),
        };
        yield return Of("histogram_stdvar", V, V) with
        {
            Since = new Version(2, 47),
        };
        yield return Of("histogram_avg", V, V) with
        {
            Since = new Version(2, 51),
        };
        yield return Of("first_over_time", V, M) with
        {
            Since = new Version(3, 14),
        }; // experimental since 3.7

        yield return Of("mad_over_time", V, M) with
        {
            Since = new Version(2, 49),
            IsExperimental = true,
        };
        yield return Of("sort_by_label", V, V, T) with
        {
            Since = new Version(2, 49),
            IsExperimental = true,
            Optional = -1,
        };
        yield return Of("sort_by_label_desc", V, V, T) with
        {
            Since = new Version(2, 49),
            IsExperimental = true,
            Optional = -1,
        };
        yield return Of("double_exponential_smoothing", V, M, S, S) with
        {
            Since = new Version(3, 0),
            IsExperimental = true,
        };
        yield return Of("info", V, V, V) with
        {
            Since = new Version(2, 55),
            IsExperimental = true,
            Optional = 1,
        };
        foreach (var name in (string[])["ts_of_min_over_time", "ts_of_max_over_time", "ts_of_last_over_time"])
        {
            yield return Of(name, V, M) with
            {
                Since = new Version(3, 5),
                IsExperimental = true,
            };
        }
        yield return Of("ts_of_first_over_time", V, M) with
        {
            Since = new Version(3, 7),
            IsExperimental = true,
        };
        yield return Of("step", S) with
        {
            Since = new Version(3, 12),
            IsExperimental = true,
        };
        yield return Of("range", S) with
        {
            Since = new Version(3, 12),
            IsExperimental = true,
        };
        yield return Of("start", S) with
        {
            Since = new Version(3, 12),
            IsExperimental = true,
        };
        yield return Of("end", S) with
        {
            Since = new Version(3, 12),
            IsExperimental = true,
        };
        yield return Of("start_timestamp", V, V) with
        {
            Since = new Version(3, 14),
            IsExperimental = true,
        };
        yield return Of("max_of", S, S, S) with
        {
            Since = new Version(3, 13),
            IsExperimental = true,
        };
        yield return Of("min_of", S, S, S) with
        {
            Since = new Version(3, 13),
            IsExperimental = true,
        };
        yield return Of("histogram_quantiles", V, V, T, S, S) with
        {
            Since = new Version(3, 11),
            IsExperimental = true,
            Optional = 9,
        };

        static PromqlFunction Of(string name, PromqlType returns, params PromqlType[] arguments) =>
            new(name, arguments, returns, 0, null, false);
    }
}
