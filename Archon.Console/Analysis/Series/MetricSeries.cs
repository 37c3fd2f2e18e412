namespace Archon.Analysis.Series;

/// <summary>Samples of one series in time order, as two arrays of one length.</summary>
public sealed class MetricSeries
{
    /// <param name="labels">The labels of the series.</param>
    /// <param name="times">Unix milliseconds, oldest first. Not copied.</param>
    /// <param name="values">A value per time; NaN marks a sample without a value. Not copied.</param>
    /// <exception cref="ArgumentException">The arrays differ in length.</exception>
    public MetricSeries(SeriesLabels labels, ReadOnlyMemory<long> times, ReadOnlyMemory<double> values)
    {
        if (times.Length != values.Length)
        {
            throw new ArgumentException($"{times.Length} times do not match {values.Length} values.", nameof(values));
        }
        (Labels, Times, Values) = (labels, times, values);
    }

    public SeriesLabels Labels { get; }

    /// <summary>Unix milliseconds, oldest first. Samples that the server left out are left out here too.</summary>
    public ReadOnlyMemory<long> Times { get; }

    public ReadOnlyMemory<double> Values { get; }
    public int Count => Times.Length;

    /// <summary>The samples at a time and later.</summary>
    public MetricSeries From(DateTimeOffset time)
    {
        var place = Times.Span.BinarySearch(time.ToUnixTimeMilliseconds());
        var first = place >= 0 ? place : ~place;
        return new MetricSeries(Labels, Times[first..], Values[first..]);
    }
}
