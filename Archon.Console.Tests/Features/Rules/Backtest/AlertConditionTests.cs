using Archon.Features.Rules.Backtest;
using Xunit;

namespace Archon.Tests.Features.Rules.Backtest;

public sealed class AlertConditionTests
{
    [Theory]
    [InlineData("up == 0", "up", "==", 0, true)]
    [InlineData("rate(x[5m]) > -1.5", "rate(x[5m])", ">", -1.5, true)]
    [InlineData("0.8 < sum by (job) (x)", "sum by (job) (x)", ">", 0.8, true)]
    [InlineData("(x / y) >= (1e3)", "(x / y)", ">=", 1000, true)]
    [InlineData("x > 5 and on (job) y > 1", "x", ">", 5, false)]
    [InlineData("# why\n  x\n> 5", "x", ">", 5, true)]
    [InlineData("x > 5m", "x", ">", 300, true)]
    public void The_value_and_the_number_of_a_comparison_are_reported_apart(
        string expression,
        string value,
        string comparison,
        double threshold,
        bool isWhole
    )
    {
        var condition = AlertCondition.Of(expression);

        Assert.NotNull(condition);
        Assert.Equal(
            (value, comparison, threshold, isWhole),
            (condition.Value, condition.Comparison, condition.Threshold, condition.IsWhole)
        );
    }

    [Theory]
    [InlineData("up")]
    [InlineData("x > bool 5")]
    [InlineData("x > y")]
    [InlineData("absent(up)")]
    [InlineData("x > +Inf")]
    [InlineData("x >")]
    public void Where_no_number_decides_there_is_no_condition(string expression) => Assert.Null(AlertCondition.Of(expression));

    [Theory]
    [InlineData("x > 5 # late", 0.25, "x > 0.25 # late")]
    [InlineData("sum(\n  x\n) >= (-1e3)", 2, "sum(\n  x\n) >= 2")]
    [InlineData("5 < x", 7.5, "7.5 < x")]
    [InlineData("x > 5 and y > 1", 6, "x > 6 and y > 1")]
    public void Another_threshold_changes_nothing_but_the_number(string expression, double threshold, string wanted)
    {
        var changed = AlertCondition.Of(expression)!.With(expression, threshold);

        Assert.Equal(AlertCondition.Of(wanted)!.Threshold, AlertCondition.Of(changed)!.Threshold);
        Assert.Equal(
            wanted.Replace(" ", "", StringComparison.Ordinal),
            changed.Replace("(2)", "2", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1", "s")]
    [InlineData("rate(errors_total[5m]) > 1", "1/s")]
    [InlineData("rate(sent_bytes_total[5m]) > 1", "By/s")]
    [InlineData("node_memory_MemAvailable_bytes < 1e9", "By")]
    [InlineData("a_bytes / b_bytes < 0.1", "")]
    [InlineData("count(node_uptime_seconds) < 2", "")]
    public void The_unit_of_the_value_is_known_from_the_names_of_its_metrics(string expression, string unit) =>
        Assert.Equal(unit, ExpressionUnit.Of(expression));
}
