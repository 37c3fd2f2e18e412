using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Archon.Analysis.Forecasting;

/// <summary>Element by element over spans, four at a time. Every machine comes to the same numbers.</summary>
internal static class Vectors
{
    // The logarithm of nothing: far below what any series can hold, and finite.
    private const double Tiny = 1e-300;

    /// <summary>values = values * factor + offset.</summary>
    public static void MultiplyAdd(Span<double> values, double factor, double offset)
    {
        foreach (ref var four in Whole(values))
            four = (four * factor) + Vector256.Create(offset);
        foreach (ref var value in Rest(values))
            value = (value * factor) + offset;
    }

    /// <summary>values = values + others * factor.</summary>
    public static void AddScaled(Span<double> values, ReadOnlySpan<double> others, double factor)
    {
        var fours = Whole(values);
        var otherFours = MemoryMarshal.Cast<double, Vector256<double>>(others);
        for (var at = 0; at < fours.Length; at++)
        {
            fours[at] = Vector256.FusedMultiplyAdd(otherFours[at], Vector256.Create(factor), fours[at]);
        }
        for (var at = fours.Length * Vector256<double>.Count; at < values.Length; at++)
        {
            values[at] = Math.FusedMultiplyAdd(others[at], factor, values[at]);
        }
    }

    /// <summary>product = one * other.</summary>
    public static void Multiply(ReadOnlySpan<double> one, ReadOnlySpan<double> other, Span<double> product)
    {
        var ones = MemoryMarshal.Cast<double, Vector256<double>>(one);
        var others = MemoryMarshal.Cast<double, Vector256<double>>(other);
        var products = Whole(product);
        for (var at = 0; at < products.Length; at++)
            products[at] = ones[at] * others[at];
        for (var at = products.Length * Vector256<double>.Count; at < product.Length; at++)
            product[at] = one[at] * other[at];
    }

    /// <summary>difference = one - other.</summary>
    public static void Subtract(ReadOnlySpan<double> one, ReadOnlySpan<double> other, Span<double> difference)
    {
        for (var at = 0; at < one.Length; at++)
            difference[at] = one[at] - other[at];
    }

    /// <summary>values = ln(values + shift); what is not positive counts as tiny.</summary>
    public static void Log(Span<double> values, double shift)
    {
        foreach (ref var four in Whole(values))
            four = Vector256.Log(Vector256.Max(four + Vector256.Create(shift), Vector256.Create(Tiny)));
        foreach (ref var value in Rest(values))
            value = Math.Log(Math.Max(value + shift, Tiny));
    }

    /// <summary>values = e^values + offset.</summary>
    public static void Exp(Span<double> values, double offset)
    {
        foreach (ref var four in Whole(values))
            four = Vector256.Exp(four) + Vector256.Create(offset);
        foreach (ref var value in Rest(values))
            value = Math.Exp(value) + offset;
    }

    public static void Clamp(Span<double> values, double lowest, double highest)
    {
        foreach (ref var four in Whole(values))
        {
            four = Vector256.Min(Vector256.Max(four, Vector256.Create(lowest)), Vector256.Create(highest));
        }
        foreach (ref var value in Rest(values))
            value = Math.Min(Math.Max(value, lowest), highest);
    }

    /// <summary>The median of the members at every place, into the first of them; the others are left in no particular order.</summary>
    /// <param name="members">One after the other, each <paramref name="length"/> long, a multiple of four.</param>
    public static void MedianAcross(Span<double> members, int count, int length)
    {
        Span<Vector256<double>> sorted = stackalloc Vector256<double>[count];
        var all = MemoryMarshal.Cast<double, Vector256<double>>(members);
        var stride = length / Vector256<double>.Count;
        for (var at = 0; at < stride; at++)
        {
            for (var member = 0; member < count; member++)
                sorted[member] = all[(member * stride) + at];
            for (var round = 0; round < count; round++)
            {
                for (var pair = round % 2; pair + 1 < count; pair += 2)
                {
                    var (low, high) = (sorted[pair], sorted[pair + 1]);
                    (sorted[pair], sorted[pair + 1]) = (Vector256.Min(low, high), Vector256.Max(low, high));
                }
            }
            all[at] = count % 2 == 1 ? sorted[count / 2] : (sorted[(count / 2) - 1] + sorted[count / 2]) * 0.5;
        }
    }

    private static Span<Vector256<double>> Whole(Span<double> values) => MemoryMarshal.Cast<double, Vector256<double>>(values);

    private static Span<double> Rest(Span<double> values) => values[(values.Length / Vector256<double>.Count * Vector256<double>.Count)..];
}
