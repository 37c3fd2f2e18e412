using System.Buffers.Binary;
using System.Text;
using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

/// <summary>
/// What one series normally does: a level, or a profile over the day or the week in half-hour slots, the usual distance from it, and how the
/// tails of that distance fall off. Learnt once from history, stored in a few kilobytes, asked in constant time.
/// </summary>
/// <remarks>
/// Centre and scale are medians and median absolute deviations (Rousseeuw and Croux, 1993), so an incident in the history does not widen the
/// band. A season is taken when the autocorrelation of the half-hour medians at its lag is significant and above 0.3. Tails are empirical up
/// to the 95th percentile and exponential beyond (peaks over threshold; Pickands, 1975, with shape 0), for each side of its own, because
/// latencies rise further than they fall.
/// </remarks>
public sealed class SeriesModel
{
    /// <summary>Changes with the stored form. A model of another version is fitted anew, never misread.</summary>
    public const int FormatVersion = 2;

    internal const int SlotMinutes = 30;
    internal const int DaySlots = 24 * 60 / SlotMinutes;
    internal const int WeekSlots = 7 * DaySlots;
    internal const double TailShare = 0.05;

    private const int HeaderBytes = 64;
    private const double LeastOutside = 3;

    // Where 1970 began in the week, which starts on Monday.
    private const int EpochDayOfWeek = 3;

    private readonly float[] centers;
    private readonly float[] scales;

    internal SeriesModel(
        ModelSeason season, float[] centers, float[] scales, Tail up, Tail down, double? logOffset, bool isNonNegative, int fittedSamples, double level, TimeZoneInfo zone,
        FitVerdict verdict)
    {
        (Season, this.centers, this.scales, Up, Down) = (season, centers, scales, up, down);
        (LogOffset, IsNonNegative, FittedSamples, Level, Zone, FitVerdict) = (logOffset, isNonNegative, fittedSamples, level, zone, verdict);
    }

    public ModelSeason Season { get; }

    /// <summary>Samples with a value that it was learnt from.</summary>
    public int FittedSamples { get; }

    public FitVerdict FitVerdict { get; }

    /// <summary>How one side of the distances falls off, in robust standard deviations.</summary>
    /// <param name="Threshold">The distance that one sample in twenty exceeds.</param>
    /// <param name="MeanExcess">How much further those go on average.</param>
    internal readonly record struct Tail(float Threshold, float MeanExcess)
    {
        /// <summary>The share of samples that go at least so far to this side.</summary>
        public double Probability(double distance) =>
            distance > Threshold ? TailShare * Math.Exp(-(distance - Threshold) / MeanExcess)
            // Between the middle and the threshold a straight line on the logarithm is near enough: nobody is told of those.
            : distance <= 0 ? 0.5
            : 0.5 * Math.Pow(TailShare / 0.5, distance / Threshold);

        /// <summary>The distance that has this probability.</summary>
        public double Distance(double probability) => Threshold + (MeanExcess * Math.Log(TailShare / probability));
    }

    internal Tail Up { get; }
    internal Tail Down { get; }

    /// <summary>Set when the model lives on log(x + offset).</summary>
    internal double? LogOffset { get; }

    internal bool IsNonNegative { get; }

    /// <summary>How far a new regime lies from the profile; 0 while there is none.</summary>
    internal double Level { get; }

    internal TimeZoneInfo Zone { get; }

    /// <summary>Learns a model from history.</summary>
    /// <param name="history">Samples in time order; NaN and infinities count as missing. Gaps are left as gaps.</param>
    /// <exception cref="ArgumentException">Two samples have the same time, or they are out of order.</exception>
    public static SeriesModel Fit(MetricSeries history, SeriesModelSettings settings) => new SeriesFitter(settings).Fit(history);

    /// <summary>What to expect, and the band that a detector of this sensitivity keeps to.</summary>
    /// <param name="unixMs">Unix milliseconds.</param>
    public Expectation ExpectedAt(long unixMs, double sensitivity = 0.5)
    {
        var (center, scale) = At(unixMs);
        return BandOf(center, scale, OutsideProbability(sensitivity));
    }

    /// <summary>Share of ordinary samples that lie outside at a sensitivity: 1e-5 at 0, 1e-4 at 0.5, 1e-3 at 1.</summary>
    internal static double OutsideProbability(double sensitivity) => Math.Pow(10, (2 * Math.Clamp(sensitivity, 0, 1)) - 5);

    internal Expectation BandOf(double center, double scale, double probability)
    {
        var up = Math.Max(LeastOutside, Up.Distance(probability));
        var down = Math.Max(LeastOutside, Down.Distance(probability));
        var (expected, lower, upper) = (Value(center), Value(center - (down * scale)), Value(center + (up * scale)));
        return IsNonNegative ? new Expectation(Math.Max(0, expected), Math.Max(0, lower), upper) : new Expectation(expected, lower, upper);
    }

    /// <summary>Centre and scale at a time, in the space of the model.</summary>
    internal (double Center, double Scale) At(long unixMs)
    {
        if (Season == ModelSeason.None) return (centers[0] + Level, scales[0]);
        var (slot, share) = Slot(unixMs);
        var next = slot + 1 == centers.Length ? 0 : slot + 1;
        return (centers[slot] + (share * (centers[next] - centers[slot])) + Level, scales[slot] + (share * (scales[next] - scales[slot])));
    }

    /// <summary>A value in the space of the model.</summary>
    internal double Inner(double value) => LogOffset is { } offset ? Math.Log(Math.Max(value, 0) + offset) : value;

    private double Value(double inner) => LogOffset is { } offset ? Math.Exp(inner) - offset : inner;

    /// <summary>The slot whose middle was last passed on the wall clock, and the way to the next middle, 0 to 1.</summary>
    private (int Slot, double Share) Slot(long unixMs)
    {
        var minutes = WallMinutes(unixMs, Zone);
        var cycle = centers.Length * SlotMinutes;
        var place = (((minutes - (SlotMinutes / 2.0)) % cycle) + cycle) % cycle / SlotMinutes;
        var slot = Math.Min((int)place, centers.Length - 1);
        return (slot, place - slot);
    }

    /// <summary>Minutes since a Monday midnight on the wall clock of a zone.</summary>
    internal static double WallMinutes(long unixMs, TimeZoneInfo zone)
    {
        var minutes = unixMs / 60_000.0;
        if (zone.BaseUtcOffset != TimeSpan.Zero || zone.SupportsDaylightSavingTime)
        {
            minutes += zone.GetUtcOffset(DateTimeOffset.FromUnixTimeMilliseconds(unixMs)).TotalMinutes;
        }
        return minutes + (EpochDayOfWeek * 24 * 60);
    }

    /// <summary>The stored form, for <see cref="TryRead"/> of the same <see cref="FormatVersion"/>: little-endian, about 2.8 kB with a weekly profile.</summary>
    public byte[] ToBytes()
    {
        var zone = Encoding.UTF8.GetBytes(Zone.Id);
        var bytes = new byte[HeaderBytes + zone.Length + (centers.Length * 2 * sizeof(float))];
        var span = bytes.AsSpan();
        span[0] = FormatVersion;
        span[1] = (byte)Season;
        span[2] = (byte)((LogOffset is not null ? 1 : 0) | (IsNonNegative ? 2 : 0) | (FitVerdict is FitVerdict.Ready ? 4 : 0));
        span[3] = checked((byte)zone.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], FittedSamples);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], centers.Length);
        BinaryPrimitives.WriteDoubleLittleEndian(span[16..], LogOffset ?? 0);
        BinaryPrimitives.WriteDoubleLittleEndian(span[24..], Level);
        BinaryPrimitives.WriteSingleLittleEndian(span[32..], Up.Threshold);
        BinaryPrimitives.WriteSingleLittleEndian(span[36..], Up.MeanExcess);
        BinaryPrimitives.WriteSingleLittleEndian(span[40..], Down.Threshold);
        BinaryPrimitives.WriteSingleLittleEndian(span[44..], Down.MeanExcess);
        zone.CopyTo(span[HeaderBytes..]);
        var at = HeaderBytes + zone.Length;
        foreach (var value in (ReadOnlySpan<float>)[.. centers, .. scales])
        {
            BinaryPrimitives.WriteSingleLittleEndian(span[at..], value);
            at += sizeof(float);
        }
        return bytes;
    }

    /// <returns>False for another version, or bytes that are no model; then <paramref name="model"/> expects nothing and is not to be used.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out SeriesModel model)
    {
        model = Empty;
        if (bytes.Length < HeaderBytes || bytes[0] != FormatVersion || bytes[1] > (byte)ModelSeason.Week) return false;
        var season = (ModelSeason)bytes[1];
        var slots = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        if (slots != SlotsOf(season) || bytes.Length != HeaderBytes + bytes[3] + (slots * 2 * sizeof(float))) return false;
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(Encoding.UTF8.GetString(bytes.Slice(HeaderBytes, bytes[3])), out var zone)) return false;
        var (centers, scales) = (new float[slots], new float[slots]);
        var at = HeaderBytes + bytes[3];
        for (var i = 0; i < slots; i++)
        {
            centers[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(at + (i * sizeof(float)))..]);
            scales[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(at + ((slots + i) * sizeof(float)))..]);
        }
        var flags = bytes[2];
        model = new SeriesModel(
            season, centers, scales,
            new Tail(BinaryPrimitives.ReadSingleLittleEndian(bytes[32..]), BinaryPrimitives.ReadSingleLittleEndian(bytes[36..])),
            new Tail(BinaryPrimitives.ReadSingleLittleEndian(bytes[40..]), BinaryPrimitives.ReadSingleLittleEndian(bytes[44..])),
            (flags & 1) != 0 ? BinaryPrimitives.ReadDoubleLittleEndian(bytes[16..]) : null, (flags & 2) != 0,
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]), BinaryPrimitives.ReadDoubleLittleEndian(bytes[24..]), zone,
            (flags & 4) != 0 ? new FitVerdict.Ready() : new FitVerdict.TooShort("It was stored without enough history."));
        return true;
    }

    internal static int SlotsOf(ModelSeason season) => season switch { ModelSeason.Day => DaySlots, ModelSeason.Week => WeekSlots, _ => 1 };

    internal static SeriesModel TooShort(int samples, string reason) =>
        new(ModelSeason.None, [0], [1], default, default, null, false, samples, 0, TimeZoneInfo.Utc, new FitVerdict.TooShort(reason));

    private static SeriesModel Empty { get; } = TooShort(0, "There is no model.");
}
