using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

/// <summary>
/// What one series normally does, and where in it a detector stands: a level, profiles over the day and the week in half-hour slots, the
/// usual distances from them and how their tails fall off. Learnt from history or sample by sample, stored in three kilobytes, asked
/// in constant time.
/// </summary>
/// <remarks>
/// A model never changes. An <see cref="AnomalyDetector"/> learns on in a copy and gives its own model back. Sources are named at the
/// parts:
/// <see cref="SeasonProfile"/>, <see cref="SlotScales"/>, <see cref="LinearForecast"/>, <see cref="TailTracker"/>, <see cref="BandTail"/>,
/// <see cref="Evidence"/>.
/// </remarks>
public sealed class SeriesModel
{
    /// <summary>Changes with the stored form. A model of another version is fitted anew, never misread.</summary>
    public const int FormatVersion = 6;

    private SeriesModel(SeriesState state, FitVerdict verdict) => (State, FitVerdict) = (state, verdict);

    internal SeriesModel(SeriesState state)
        : this(state, state.Learnt > 0 ? new FitVerdict.Ready() : new FitVerdict.TooShort("It has seen no sample yet.")) { }

    /// <summary>Not to be changed: detectors clone it.</summary>
    internal SeriesState State { get; }

    public ModelSeason Season => State.Profile.Season;

    /// <summary>Samples with a value that it was learnt from.</summary>
    public int FittedSamples => (int)Math.Min(int.MaxValue, State.FittedSamples);

    /// <summary>Unix milliseconds of the last sample it knows of; what comes later is new to it.</summary>
    public long LastSampleMs => State.LastSampleMs;

    public FitVerdict FitVerdict { get; }

    /// <summary>Knows nothing: for a detector that learns as samples come.</summary>
    public static SeriesModel Start(SeriesModelSettings settings) =>
        new(new SeriesState(settings.Zone, settings.LeastScale) { IsShare = settings.MayBeShare });

    /// <summary>Learns a model from history.</summary>
    /// <param name="history">Samples in time order; NaN and infinities count as missing. Gaps are left as gaps.</param>
    /// <exception cref="ArgumentException">Two samples have the same time, or they are out of order.</exception>
    public static SeriesModel Fit(MetricSeries history, SeriesModelSettings settings)
    {
        var state = SeriesFitter.Fit(history, settings, out var samples);
        return state is null
            ? TooShort(samples, $"{samples} samples with a value, at least {settings.MinimumSamples} are needed.")
            : new SeriesModel(state, new FitVerdict.Ready());
    }

    /// <summary>Goes on with what came since: so a model of a coarse history knows the finer samples it will be asked of.</summary>
    /// <param name="recent">Samples in time order, NaN where one is missing; what the model knows already is passed over.</param>
    public SeriesModel GoOn(MetricSeries recent)
    {
        var detector = new AnomalyDetector(this, new DetectorSettings());
        var times = recent.Times.Span;
        var values = recent.Values.Span;
        for (var i = 0; i < times.Length; i++)
        {
            if (times[i] > LastSampleMs)
                detector.Score(times[i], values[i]);
        }
        return detector.Model;
    }

    /// <summary>What to expect, and the band that a detector of this sensitivity keeps to.</summary>
    /// <param name="unixMs">Unix milliseconds.</param>
    /// <param name="step">From one sample to the next, where they come faster than those the model was fitted on.</param>
    public Expectation ExpectedAt(long unixMs, double sensitivity = 0.5, TimeSpan? step = null)
    {
        var (offset, _, _) = WallClock.At(State.Zone, unixMs);
        var wall = SeasonProfile.WallMinutes(unixMs, offset);
        var expected = AnomalyDetector.Expect(State, wall);
        var scale = AnomalyDetector.BandScale(State, wall) * AnomalyDetector.NoiseAt(State, step?.TotalMilliseconds ?? State.StepMs);
        return AnomalyDetector.BandOf(State, expected, scale, OutsideProbability(sensitivity));
    }

    /// <summary>Share of ordinary samples that lie outside at a sensitivity: 1e-5 at 0, 1e-4 at 0.5, 1e-3 at 1.</summary>
    internal static double OutsideProbability(double sensitivity) => Math.Pow(10, (2 * Math.Clamp(sensitivity, 0, 1)) - 5);

    /// <summary>The stored form, for <see cref="TryRead"/> of the same <see cref="FormatVersion"/>.</summary>
    public byte[] ToBytes()
    {
        Span<byte> bytes = stackalloc byte[SeriesState.MostBytes];
        var writer = new StateWriter(bytes);
        writer.Byte(FormatVersion);
        writer.Byte((byte)(FitVerdict is FitVerdict.Ready ? 1 : 0));
        State.Write(ref writer);
        return bytes[..writer.Length].ToArray();
    }

    /// <returns>False for another version, or bytes that are no model; then <paramref name="model"/> expects nothing and is not to be
    /// used.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SeriesModel model)
    {
        model = Empty;
        var reader = new StateReader(bytes);
        if (reader.Byte() != FormatVersion)
            return false;
        var isReady = reader.Byte() == 1;
        if (SeriesState.Read(ref reader) is not { } state)
            return false;
        model = new SeriesModel(state, isReady ? new FitVerdict.Ready() : new FitVerdict.TooShort("It was stored without enough history."));
        return true;
    }

    private static SeriesModel TooShort(long samples, string reason)
    {
        var state = new SeriesState(TimeZoneInfo.Utc, 0) { FittedSamples = samples };
        return new SeriesModel(state, new FitVerdict.TooShort(reason));
    }

    private static SeriesModel Empty { get; } = TooShort(0, "There is no model.");
}
