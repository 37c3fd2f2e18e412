using Archon.Analysis.Detection;
using Archon.Analysis.Series;
using Xunit;

namespace Archon.Tests.Analysis.Detection;

public sealed class SeriesModelTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(5);
    private static readonly int Fortnight = (int)(TimeSpan.FromDays(14) / Step);
    private static readonly SeriesModelSettings Settings = new();

    [Fact]
    public void Nineteen_samples_are_too_few_and_said_so()
    {
        var model = SeriesModel.Fit(SeriesText.Of(19, Step, (_, _) => 1), Settings);

        Assert.Contains("19 samples", Assert.IsType<FitVerdict.TooShort>(model.FitVerdict).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_day_that_repeats_is_found_and_its_nights_are_not_called_low()
    {
        var model = SeriesModel.Fit(Daily(1), Settings);

        Assert.Equal(ModelSeason.Day, model.Season);
        var (night, noon) = (model.ExpectedAt(At(14, 3)), model.ExpectedAt(At(14, 12)));
        Assert.InRange(night.Expected, 60, 80);
        Assert.InRange(noon.Expected, 140, 160);
        Assert.True(noon.Lower > night.Upper, "The bands of noon and night are apart.");
    }

    [Fact]
    public void A_week_that_repeats_is_found_where_weekends_differ()
    {
        var noise = SeriesText.Noise(2);
        var history = SeriesText.Of(
            Fortnight + 200,
            Step,
            (_, at) =>
                (at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? 20 : 100 + (40 * Math.Sin(2 * Math.PI * (at.Hour - 9) / 24)))
                + noise()
        );

        var model = SeriesModel.Fit(history, Settings);

        Assert.Equal(ModelSeason.Week, model.Season);
        Assert.InRange(model.ExpectedAt(At(19, 12)).Expected, 15, 25);
        Assert.True(model.ToBytes().Length < 5 * 1024, "A weekly profile takes less than 5 kB.");
    }

    [Fact]
    public void Noise_has_no_season()
    {
        var noise = SeriesText.Noise(3);

        Assert.Equal(ModelSeason.None, SeriesModel.Fit(SeriesText.Of(Fortnight, Step, (_, _) => 50 + noise()), Settings).Season);
    }

    [Fact]
    public void Days_follow_the_wall_clock_of_the_zone_also_after_clocks_change()
    {
        var berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
        // Summer time ends on 25 October 2026; the history lies before it.
        var start = new DateTimeOffset(2026, 10, 5, 0, 0, 0, TimeSpan.Zero);
        var noise = SeriesText.Noise(4);
        double Shop(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, berlin).Hour is >= 9 and < 18 ? 200 : 20;
        var history = SeriesText.Of(Fortnight, Step, (_, at) => Shop(at) + noise(), start);

        var model = SeriesModel.Fit(history, Settings with { Zone = berlin });

        var opening = new DateTimeOffset(2026, 11, 2, 9, 30, 0, TimeSpan.FromHours(1));
        Assert.InRange(model.ExpectedAt(opening.ToUnixTimeMilliseconds()).Expected, 150, 210);
        Assert.InRange(model.ExpectedAt(opening.AddHours(-2).ToUnixTimeMilliseconds()).Expected, 10, 40);
    }

    [Fact]
    public void What_is_stored_comes_back_the_same()
    {
        var model = SeriesModel.Fit(Daily(5), Settings);

        Assert.True(SeriesModel.TryRead(model.ToBytes(), out var read));
        Assert.Equal(model.ToBytes(), read.ToBytes());
        Assert.Equal(model.ExpectedAt(At(15, 7)), read.ExpectedAt(At(15, 7)));
        Assert.Equal((model.Season, model.FittedSamples), (read.Season, read.FittedSamples));
    }

    [Fact]
    public void Another_version_or_a_torn_model_is_never_misread()
    {
        var bytes = SeriesModel.Fit(Daily(6), Settings).ToBytes();
        var other = (byte[])bytes.Clone();
        other[0]++;

        Assert.False(SeriesModel.TryRead(other, out _));
        for (var length = 0; length < bytes.Length; length += 7)
            Assert.False(SeriesModel.TryRead(bytes.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(1000, 0)]
    [InlineData(0.001, 0)]
    [InlineData(1, 5000)]
    public void Scale_and_shift_of_the_unit_change_nothing(double factor, double shift)
    {
        var plain = SeriesModel.Fit(Wide(7, 1, 0), Settings);
        var moved = SeriesModel.Fit(Wide(7, factor, shift), Settings);

        var (one, other) = (plain.ExpectedAt(At(14, 10)), moved.ExpectedAt(At(14, 10)));
        Assert.Equal((one.Upper * factor) + shift, other.Upper, Math.Abs((one.Upper - one.Expected) * factor) * 0.02);
        Assert.Equal(plain.Season, moved.Season);
    }

    [Fact]
    public void A_shift_by_whole_weeks_changes_nothing()
    {
        var model = SeriesModel.Fit(Daily(8), Settings);
        var later = SeriesModel.Fit(Daily(8, SeriesText.Monday.AddDays(21)), Settings);

        Assert.Equal(model.ExpectedAt(At(14, 9)), later.ExpectedAt(At(35, 9)));
    }

    [Fact]
    public void Gaps_NaN_and_infinities_are_missing_and_invent_nothing()
    {
        var noise = SeriesText.Noise(9);
        var history = SeriesText.Of(
            2000,
            Step,
            (i, _) =>
                i % 7 == 0 ? double.NaN
                : i % 11 == 0 ? double.PositiveInfinity
                : 10 + noise()
        );

        var model = SeriesModel.Fit(history, Settings);

        Assert.Equal(history.Values.ToArray().Count(double.IsFinite), model.FittedSamples);
        Assert.InRange(model.ExpectedAt(At(8, 0)).Expected, 9, 11);
    }

    [Fact]
    public void A_constant_has_a_band_around_it_and_not_nothing()
    {
        var band = SeriesModel.Fit(SeriesText.Of(500, Step, (_, _) => 40), Settings).ExpectedAt(At(2, 0));

        Assert.Equal(40, band.Expected, 1e-4);
        Assert.InRange(band.Upper, 41, 50);
        Assert.InRange(band.Lower, 30, 39);
    }

    [Fact]
    public void A_series_that_hardly_moves_for_a_fortnight_has_a_narrow_band()
    {
        var noise = SeriesText.Noise(15);

        var band = SeriesModel.Fit(SeriesText.Of(Fortnight, Step, (_, _) => 300 + noise()), Settings).ExpectedAt(At(14, 0));

        Assert.InRange(band.Upper - band.Lower, 1, 60);
    }

    [Fact]
    public void What_finer_samples_are_like_is_learnt_from_them_and_not_guessed()
    {
        var noise = SeriesText.Noise(16);
        var coarse = SeriesModel.Fit(SeriesText.Of(Fortnight, Step, (_, _) => 300 + (20 * noise())), Settings);
        var (start, step) = (At(14, 0), TimeSpan.FromSeconds(15));
        var times = Enumerable.Range(0, 120).Select(i => start + (i * 15_000L)).ToArray();
        var recent = new MetricSeries(new SeriesLabels([new("job", "api")]), times, times.Select(_ => 300 + (20 * noise())).ToArray());
        double Width(SeriesModel model) => model.ExpectedAt(times[^1], step: step) is var band ? band.Upper - band.Lower : 0;

        var model = coarse.GoOn(recent);

        Assert.Equal(times[^1], model.LastSampleMs);
        Assert.True(Width(model) < 0.7 * Width(coarse), $"The band is {Width(model)} wide, and was {Width(coarse)} before.");
    }

    [Fact]
    public void What_cannot_be_negative_is_not_expected_to_be()
    {
        var noise = SeriesText.Noise(10);

        var band = SeriesModel
            .Fit(SeriesText.Of(2000, Step, (_, _) => Math.Max(0, 0.01 + (0.01 * noise()))), Settings with { Unit = "1" })
            .ExpectedAt(At(9, 0));

        Assert.Equal(0, band.Lower);
    }

    [Fact]
    public void A_new_level_is_taken_for_granted_after_a_third_of_a_day()
    {
        var noise = SeriesText.Noise(11);
        MetricSeries Risen(TimeSpan ago) => SeriesText.Of(Fortnight, Step, (i, _) => (Fortnight - i > ago / Step ? 50 : 80) + noise());

        Assert.InRange(SeriesModel.Fit(Risen(TimeSpan.FromHours(2)), Settings).ExpectedAt(At(14, 1)).Expected, 48, 52);
        Assert.InRange(SeriesModel.Fit(Risen(TimeSpan.FromHours(9)), Settings).ExpectedAt(At(14, 1)).Expected, 78, 82);
    }

    [Fact]
    public void An_incident_in_the_history_does_not_widen_the_band()
    {
        var noise = SeriesText.Noise(12);
        var calm = SeriesModel.Fit(SeriesText.Of(Fortnight, Step, (_, _) => 50 + noise()), Settings).ExpectedAt(At(14, 0));
        var noise2 = SeriesText.Noise(12);
        var hurt = SeriesModel
            .Fit(SeriesText.Of(Fortnight, Step, (i, _) => (i is > 1000 and < 1040 ? 5000 : 50) + noise2()), Settings)
            .ExpectedAt(At(14, 0));

        Assert.InRange(hurt.Upper - hurt.Expected, 0, (calm.Upper - calm.Expected) * 1.6);
    }

    [Theory]
    [InlineData(new long[] { 1, 1 })]
    [InlineData(new long[] { 2, 1 })]
    public void Samples_out_of_order_are_refused_and_named(long[] times)
    {
        var broken = new MetricSeries(new SeriesLabels([new("job", "api")]), times, new double[times.Length]);

        var refused = Assert.Throws<ArgumentException>(() => SeriesModel.Fit(broken, Settings));

        Assert.Contains("job=\"api\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Sample 1", refused.Message, StringComparison.Ordinal);
    }

    private static MetricSeries Daily(int seed, DateTimeOffset? start = null)
    {
        var noise = SeriesText.Noise(seed);
        return SeriesText.Of(
            Fortnight,
            Step,
            (_, at) => 110 + (45 * Math.Sin(2 * Math.PI * (at.TimeOfDay.TotalHours - 8) / 24)) + (2 * noise()),
            start
        );
    }

    /// <summary>Wide enough in its noise that no floor of the scale plays a part.</summary>
    private static MetricSeries Wide(int seed, double factor, double shift)
    {
        var noise = SeriesText.Noise(seed);
        return SeriesText.Of(
            Fortnight,
            Step,
            (_, at) => ((300 * Math.Sin(2 * Math.PI * at.TimeOfDay.TotalHours / 24)) + (160 * noise())) * factor + shift
        );
    }

    private static long At(int day, int hour) => SeriesText.Monday.AddDays(day).AddHours(hour).ToUnixTimeMilliseconds();
}
