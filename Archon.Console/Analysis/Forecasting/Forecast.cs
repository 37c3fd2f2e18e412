using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Archon.Analysis.Forecasting;

/// <summary>How far forecasts made at earlier times would have been off, over the steps ahead that a forecast covers.</summary>
/// <remarks>
/// Somewhat too good: the members have seen those times when they were fitted, and true errors came out a tenth to a fifth larger in trials.
/// Where forecasts that were really made have been kept, <see cref="ForecastRecord"/> tells what came of them and is to be shown instead.
/// </remarks>
/// <param name="Origins">Earlier times that were tried.</param>
/// <param name="MeanAbsolute">Mean distance of the forecast from what came, in the unit of the series.</param>
/// <param name="Relative">That distance as a share of the mean magnitude of what came: 0.06 is "off by 6 %". NaN when all that came was
/// zero.</param>
public readonly record struct RollingError(int Origins, double MeanAbsolute, double Relative);

/// <summary>What can be said of the steps ahead of one series.</summary>
public abstract record ForecastResult
{
    private ForecastResult() { }

    public sealed record Ok(Forecast Forecast) : ForecastResult;

    /// <param name="Reason">What is missing, in words.</param>
    public sealed record TooShort(string Reason) : ForecastResult;
}

/// <summary>Quantiles of the values ahead of one series, step by step, in the unit of the series. The first step follows the last row of
/// the history.</summary>
/// <remarks>
/// Kept are a middle and a width per step and one distribution of past errors in widths, so that any level can be asked for: 0.9 kB for 48
/// steps.
/// </remarks>
public sealed class Forecast
{
    /// <summary>Changes with the stored form. A forecast of another version is made anew, never misread.</summary>
    public const byte FormatVersion = 1;

    private const int HeaderBytes = 28;

    /// <summary>Levels at which the distribution of errors is kept; between them it is a straight line.</summary>
    private static readonly float[] Levels =
    [
        0,
        0.2f,
        0.4f,
        0.5f,
        0.6f,
        0.7f,
        0.8f,
        0.85f,
        0.9f,
        0.925f,
        0.95f,
        0.965f,
        0.98f,
        0.99f,
        0.995f,
    ];

    private readonly double[] middles;
    private readonly double[] widths;
    private readonly float[] distances;
    private readonly bool isNonNegative;

    internal Forecast(double[] middles, double[] widths, float[] distances, bool isNonNegative, RollingError error)
    {
        (this.middles, this.widths, this.distances, this.isNonNegative, Error) = (middles, widths, distances, isNonNegative, error);
    }

    /// <summary>Steps ahead.</summary>
    public int Horizon => middles.Length;

    /// <summary>How far off such forecasts would have been over the last ten tries on this very series.</summary>
    public RollingError Error { get; }

    internal static ReadOnlySpan<float> KeptLevels => Levels;

    /// <summary>The median of what is expected.</summary>
    /// <param name="step">0 for the first step ahead.</param>
    public double Median(int step) => middles[step];

    /// <summary>Limits between which the value lies with a probability. A history without a negative value has no negative limit.</summary>
    /// <param name="step">0 for the first step ahead.</param>
    /// <param name="level">0 to 0.995; beyond that past errors are too few to tell.</param>
    /// <exception cref="ArgumentOutOfRangeException">The level lies outside.</exception>
    public (double Lower, double Upper) Interval(int step, double level)
    {
        var reach = Distance(level) * widths[step];
        var (lower, upper) = (middles[step] - reach, middles[step] + reach);
        return (isNonNegative ? Math.Max(0, lower) : lower, upper);
    }

    /// <summary>The value that is not exceeded with a probability.</summary>
    /// <param name="step">0 for the first step ahead.</param>
    /// <param name="probability">0.0025 to 0.9975.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability lies outside.</exception>
    public double Quantile(int step, double probability) =>
        probability < 0.5 ? Interval(step, 1 - (2 * probability)).Lower : Interval(step, (2 * probability) - 1).Upper;

    /// <summary>The stored form, for <see cref="TryRead"/> of the same <see cref="FormatVersion"/>: little-endian.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderBytes + (distances.Length * sizeof(float)) + (2 * Horizon * sizeof(double))];
        var span = bytes.AsSpan();
        span[0] = FormatVersion;
        span[1] = (byte)(isNonNegative ? 1 : 0);
        BinaryPrimitives.WriteInt32LittleEndian(span[4..], Horizon);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], Error.Origins);
        BinaryPrimitives.WriteDoubleLittleEndian(span[12..], Error.MeanAbsolute);
        BinaryPrimitives.WriteDoubleLittleEndian(span[20..], Error.Relative);
        var at = HeaderBytes;
        foreach (var distance in distances)
        {
            BinaryPrimitives.WriteSingleLittleEndian(span[at..], distance);
            at += sizeof(float);
        }
        foreach (var value in (ReadOnlySpan<double>)[.. middles, .. widths])
        {
            BinaryPrimitives.WriteDoubleLittleEndian(span[at..], value);
            at += sizeof(double);
        }
        return bytes;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <returns>False for another version, and for bytes that are no forecast.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Forecast? forecast)
    {
        forecast = null;
        if (bytes.Length < HeaderBytes || bytes[0] != FormatVersion)
            return false;
        var horizon = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (horizon < 1 || bytes.Length != HeaderBytes + (Levels.Length * sizeof(float)) + (2L * horizon * sizeof(double)))
            return false;
        var error = new RollingError(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadDoubleLittleEndian(bytes[12..]),
            BinaryPrimitives.ReadDoubleLittleEndian(bytes[20..])
        );
        var distances = new float[Levels.Length];
        for (var level = 0; level < distances.Length; level++)
        {
            distances[level] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(HeaderBytes + (level * sizeof(float)))..]);
        }
        var values = bytes[(HeaderBytes + (Levels.Length * sizeof(float)))..];
        forecast = new Forecast(
            Doubles(values, horizon),
            Doubles(values[(horizon * sizeof(double))..], horizon),
            distances,
            (bytes[1] & 1) != 0,
            error
        );
        return true;
    }

    private static double[] Doubles(ReadOnlySpan<byte> bytes, int count)
    {
        var values = new double[count];
        for (var at = 0; at < count; at++)
            values[at] = BinaryPrimitives.ReadDoubleLittleEndian(bytes[(at * sizeof(double))..]);
        return values;
    }

    /// <summary>How likely the value lies above a threshold, between 0.0025 and 0.9975, or 0 or 1 where it cannot be else.</summary>
    /// <param name="step">0 for the first step ahead.</param>
    public double ProbabilityAbove(int step, double threshold)
    {
        var distance = Math.Abs(threshold - middles[step]);
        if (distance == 0)
            return 0.5;
        // Half of what lies further out than the threshold, on the side where it is.
        var outside = 0.5 * (1 - LevelOf(widths[step] > 0 ? distance / widths[step] : double.PositiveInfinity));
        return threshold > middles[step] ? outside
            : isNonNegative && threshold < 0 ? 1
            : 1 - outside;
    }

    private double LevelOf(double distance)
    {
        if (distance == double.PositiveInfinity)
            return 1;
        for (var above = 1; above < Levels.Length; above++)
        {
            if (distance >= distances[above])
                continue;
            var step = distances[above] - distances[above - 1];
            return Levels[above - 1] + ((Levels[above] - Levels[above - 1]) * Math.Clamp((distance - distances[above - 1]) / step, 0, 1));
        }
        return Levels[^1];
    }

    private double Distance(double level)
    {
        if (!(level >= 0 && level <= Levels[^1] + 1e-6))
        {
            throw new ArgumentOutOfRangeException(nameof(level), level, "A level is between 0 and 0.995.");
        }
        var above = 1;
        while (above < Levels.Length - 1 && Levels[above] < level)
            above++;
        var share = Math.Clamp((level - Levels[above - 1]) / (Levels[above] - Levels[above - 1]), 0, 1);
        return distances[above - 1] + (share * (distances[above] - distances[above - 1]));
    }
}
