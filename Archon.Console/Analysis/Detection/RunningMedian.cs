using System.Numerics;

namespace Archon.Analysis.Detection;

/// <summary>The median of the last samples, which an event shorter than half of them does not move.</summary>
internal sealed class RunningMedian
{
    private const int Window = 31;

    private readonly double[] last = new double[Window];

    // Infinite beyond those that are there, and as long as a whole number of vectors.
    private readonly double[] sorted = new double[Window + 1];
    private int next;
    private int count;

    public RunningMedian() => Clear();

    /// <summary>0 while there is no sample.</summary>
    public double Value => count == 0 ? 0 : sorted[count / 2];

    /// <param name="value">A finite number.</param>
    public void Add(double value)
    {
        if (count == Window)
        {
            var old = PlaceOf(last[next]);
            sorted.AsSpan(old + 1).CopyTo(sorted.AsSpan(old));
            count--;
        }
        var at = PlaceOf(value);
        sorted.AsSpan(at, count - at).CopyTo(sorted.AsSpan(at + 1));
        sorted[at] = value;
        last[next] = value;
        count++;
        next = next + 1 == Window ? 0 : next + 1;
    }

    /// <summary>What the values are measured from moved by this.</summary>
    public void Shift(double by)
    {
        for (var i = 0; i < count; i++)
            last[i] += by;
        Sort();
    }

    public void Clear()
    {
        (next, count) = (0, 0);
        Array.Fill(sorted, double.PositiveInfinity);
    }

    public RunningMedian Clone()
    {
        var clone = new RunningMedian { next = next, count = count };
        last.CopyTo(clone.last, 0);
        sorted.CopyTo(clone.sorted, 0);
        return clone;
    }

    public void Write(ref StateWriter writer)
    {
        writer.Byte((byte)next);
        writer.Byte((byte)count);
        for (var i = 0; i < count; i++)
            writer.Double(last[i]);
    }

    /// <returns>Null for bytes that are no such state.</returns>
    public static RunningMedian? Read(ref StateReader reader)
    {
        var median = new RunningMedian { next = reader.Byte(), count = reader.Byte() };
        if (median.count > Window || median.next >= Window || (median.count < Window && median.next != median.count))
            return null;
        for (var i = 0; i < median.count; i++)
            median.last[i] = reader.Double();
        median.Sort();
        return median;
    }

    /// <summary>How many are less: quicker than a search where there are so few.</summary>
    private int PlaceOf(double value)
    {
        var (limit, less) = (new Vector<double>(value), Vector<long>.Zero);
        for (var i = 0; i < sorted.Length; i += Vector<double>.Count)
            less -= Vector.LessThan(new Vector<double>(sorted, i), limit);
        return (int)Vector.Sum(less);
    }

    private void Sort()
    {
        last.AsSpan(0, count).CopyTo(sorted);
        sorted.AsSpan(0, count).Sort();
    }
}
