namespace Archon.Analysis.Detection;

/// <summary>
/// Judges samples of one series by its model. Keeps nothing between samples, so a restart continues where it was, and a sample's verdict
/// never depends on later ones. Allocates nothing.
/// </summary>
public sealed class AnomalyDetector(SeriesModel model, DetectorSettings settings)
{
    // One sample in a thousand is part of something unusual: what the confidence starts from before it sees the value.
    private const double Prior = 1e-3;

    // A score of 1 is one in a million.
    private const double ScoreDecades = 6;

    private readonly double outside = SeriesModel.OutsideProbability(settings.Sensitivity);

    /// <param name="unixMs">Unix milliseconds.</param>
    /// <param name="value">In the unit of the history. NaN is missing and not judged; an infinity is as far outside as can be.</param>
    public SampleVerdict Score(long unixMs, double value)
    {
        var (center, scale) = model.At(unixMs);
        var band = model.BandOf(center, scale, outside);
        if (double.IsNaN(value)) return new SampleVerdict(0, 0, band.Expected, band.Lower, band.Upper, 0, false);
        if (double.IsInfinity(value)) return new SampleVerdict(1, 1, band.Expected, band.Lower, band.Upper, value, true);
        var deviation = (model.Inner(value) - center) / scale;
        var probability = deviation >= 0 ? model.Up.Probability(deviation) : model.Down.Probability(-deviation);
        var score = Math.Clamp(-Math.Log10(probability) / ScoreDecades, 0, 1);
        // Bayes: an unusual sample may lie anywhere, an ordinary one lies so far out with the probability of the tail.
        var confidence = Prior / (Prior + ((1 - Prior) * probability));
        return new SampleVerdict(score, confidence, band.Expected, band.Lower, band.Upper, deviation, value < band.Lower || value > band.Upper);
    }
}
