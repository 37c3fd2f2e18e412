// A simple stand-in, so that jobs compile and are tested before the part "analysis" lands. Whoever lands it deletes this file in the same commit;
// Features/Watches and its neighbours show how the real types are called.
#nullable enable
#pragma warning disable CS1591, CA1815, CA1812, CA1034, CA1056, CA1062
using Archon.Analysis.Series;

namespace Archon.Analysis.Detection;

public enum ModelSeason { None, Day, Week }

public abstract record FitVerdict
{
    public sealed record Ready : FitVerdict;
    public sealed record TooShort(string Reason) : FitVerdict;
}

public sealed class SeriesModelSettings;

public sealed class DetectorSettings
{
    public double Sensitivity { get; init; } = 0.5;
}

public readonly record struct SampleVerdict(double Score, double Confidence, double Expected, double Lower, double Upper, double Deviation, bool IsOutside);

public readonly record struct Expectation(double Expected, double Lower, double Upper);

public sealed class SeriesModel
{
    public const int FormatVersion = 1;
    public double Median { get; private init; }
    public double Scale { get; private init; }
    public int FittedSamples { get; private init; }
    public ModelSeason Season => ModelSeason.None;
    public FitVerdict FitVerdict => FittedSamples < 20 ? new FitVerdict.TooShort("short") : new FitVerdict.Ready();

    public static SeriesModel Fit(MetricSeries history, SeriesModelSettings settings)
    {
        var values = history.Values.ToArray().Where(double.IsFinite).Order().ToArray();
        if (values.Length == 0) return new SeriesModel();
        var median = values[values.Length / 2];
        var mad = values.Select(v => Math.Abs(v - median)).Order().ElementAt(values.Length / 2) * 1.4826;
        return new SeriesModel { Median = median, Scale = Math.Max(mad, Math.Max(Math.Abs(median) * 0.02, 1e-6)), FittedSamples = values.Length };
    }

    public Expectation ExpectedAt(long unixMs) => new(Median, Median - (5 * Scale), Median + (5 * Scale));

    public byte[] ToBytes() => [.. BitConverter.GetBytes(Median), .. BitConverter.GetBytes(Scale), .. BitConverter.GetBytes(FittedSamples)];

    public static bool TryRead(ReadOnlySpan<byte> bytes, out SeriesModel model)
    {
        model = bytes.Length < 20 ? new SeriesModel() : new SeriesModel { Median = BitConverter.ToDouble(bytes), Scale = BitConverter.ToDouble(bytes[8..]), FittedSamples = BitConverter.ToInt32(bytes[16..]) };
        return bytes.Length == 20;
    }
}

public sealed class AnomalyDetector(SeriesModel model, DetectorSettings settings)
{
    public SampleVerdict Score(long unixMs, double value)
    {
        var deviation = (value - model.Median) / model.Scale;
        var width = 5 * (1.5 - settings.Sensitivity);
        return new SampleVerdict(Math.Min(1, Math.Abs(deviation) / 20), Math.Min(1, Math.Abs(deviation) / 10), model.Median,
            model.Median - (width * model.Scale), model.Median + (width * model.Scale), deviation, Math.Abs(deviation) > width);
    }
}
