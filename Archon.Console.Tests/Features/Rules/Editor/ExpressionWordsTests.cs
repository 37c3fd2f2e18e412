using Archon.Features.Rules.Editor;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

public sealed class ExpressionWordsTests
{
    [Fact]
    public void Each_part_is_reported_from_the_outside_in()
    {
        var parts = ExpressionWords.Of(
            "histogram_quantile(0.95, sum by (le) (rate(rag_seconds_bucket{service=\"rag\", zone!=\"\"}[5m]))) > 1.2"
        );

        Assert.Equal(
            [
                (0, "kept only while the value is above 1.2"),
                (1, "the value that 95 % of the observations stay below, estimated from the buckets"),
                (2, "adds up the series with the same le; every other label is dropped"),
                (3, "growth per second over that stretch, restarts of the counter allowed for"),
                (4, "all samples of the last 5m of the series rag_seconds_bucket where service is rag and zone is set"),
            ],
            parts.Select(part => (part.Depth, part.Words))
        );
    }

    [Theory]
    [InlineData("up == 0", "kept only while up is exactly 0")]
    [InlineData("x / on (job) y", "x divided by y; series meet by job")]
    [InlineData("x unless ignoring (pod) y", "kept only where the right side has no series; series meet by all labels but pod")]
    [InlineData("x and on () y", "kept only where the right side has a series too; any series meets any other")]
    [InlineData("sum without (pod, zone) (x)", "adds up the series that differ only in pod and zone, which is dropped")]
    [InlineData("sum(x)", "adds up all series; every label is dropped")]
    [InlineData("topk by (job) (3, x)", "the 3 highest of the series with the same job, each with all its labels")]
    [InlineData("x offset 1d", "the series x, as it was 1d earlier: the newest value of each")]
    [InlineData("{job=~\"a|b\"}", "series of any name where the whole of job matches a|b: the newest value of each")]
    [InlineData("predict_linear(x[1h], 3600)", "where a straight line through that stretch leads in 3600 seconds")]
    [InlineData("max_over_time(sum(x)[1h:5m])", "highest value over that stretch")]
    [InlineData("x > bool 3", "1 where x is above 3, otherwise 0")]
    public void What_is_outermost_is_reported_first(string expression, string words) =>
        Assert.Equal(words, ExpressionWords.Of(expression)[0].Words);

    [Fact]
    public void What_does_not_read_as_PromQL_is_not_explained() => Assert.Empty(ExpressionWords.Of("sum("));

    [Fact]
    public void Every_function_has_words() =>
        Assert.All(
            Archon.Analysis.Promql.PromqlFunction.Every.Where(one => one.Arguments is [Archon.Analysis.Promql.PromqlType.Vector]),
            function => Assert.NotEmpty(ExpressionWords.Of($"{function.Name}(x)")[0].Words)
        );
}
