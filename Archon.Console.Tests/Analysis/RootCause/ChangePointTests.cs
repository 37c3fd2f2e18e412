using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.RootCause;

public sealed class ChangePointTests
{
    [Theory]
    [InlineData(60), InlineData(100), InlineData(150)]
    public void A_step_in_some_series_is_found_to_a_few_rows(int at)
    {
        var change = ChangePoint.Find(Series(1, (i, row, noise) => noise + (i < 3 && row >= at ? 6 : 0)));

        Assert.NotNull(change);
        Assert.InRange(change.Row, at - 3, at + 3);
        Assert.InRange(change.Moved, 2, 5);
    }

    [Fact]
    public void A_ramp_is_found_near_its_beginning()
    {
        var change = ChangePoint.Find(Series(2, (i, row, noise) => noise + (i < 3 && row >= 100 ? 0.5 * (row - 100) : 0)));

        Assert.NotNull(change);
        Assert.InRange(change.Row, 85, 115);
    }

    [Fact]
    public void A_spike_is_no_change()
    {
        var change = ChangePoint.Find(Series(3, (i, row, noise) => noise + (row == 100 ? 50 : 0)));

        Assert.True(change is null || change.Moved <= 1);
    }

    [Fact]
    public void Constants_gaps_and_too_few_rows_say_nothing()
    {
        Assert.Null(ChangePoint.Find([]));
        Assert.Null(ChangePoint.Find([new double[ChangePoint.MinimumRows - 1]]));
        Assert.Null(ChangePoint.Find([new double[100], Enumerable.Repeat(double.NaN, 100).ToArray()]));
    }

    [Fact]
    public void Scale_and_offset_change_nothing()
    {
        static double Value(int i, int row, double noise) => noise + (i < 3 && row >= 100 ? 6 : 0);

        Assert.Equal(
            ChangePoint.Find(Series(4, Value)),
            ChangePoint.Find(Series(4, (i, row, noise) => 1e6 + (1e3 * Value(i, row, noise))))
        );
    }

    [Fact]
    public void Series_of_different_length_are_refused() =>
        Assert.Throws<ArgumentException>(() => ChangePoint.Find([new double[20], new double[21]]));

    private static List<ReadOnlyMemory<double>> Series(int seed, Func<int, int, double, double> value)
    {
        var noise = SeriesText.Noise(seed);
        return
        [
            .. Enumerable
                .Range(0, 20)
                .Select(i => (ReadOnlyMemory<double>)Enumerable.Range(0, 200).Select(row => value(i, row, noise())).ToArray()),
        ];
    }
}
