using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Archon.Analysis.Forecasting;

/// <summary>
/// A linear recursion x(t) = c + sum of b(j) x(t - lag(j)), learnt from one series in standard units: ridge regression on chosen lags of
/// the series or of its differences to an earlier time, with the absolute error in place of the square by one reweighting, so that an
/// incident in the history does not bend the coefficients.
/// </summary>
/// <remarks>
/// Hoerl and Kennard, "Ridge Regression", Technometrics 1970; Holland and Welsch, "Robust Regression Using Iteratively Reweighted
/// Least-Squares", Communications in Statistics 1977. Vectors have a fixed width, so that every machine comes to the same numbers.
/// </remarks>
internal sealed class RobustAutoregression
{
    private const double Ridge = 0.1;

    // Rows that a coefficient needs at least: below that the oldest lags are given up.
    private const int RowsPerCoefficient = 3;

    // Errors below this share of the mean error count as squares, as in Huber's loss: a weight must not grow without limit.
    private const double SquareBelow = 0.35;

    private RobustAutoregression(int[] lags, double[] coefficients, double constant) =>
        (Lags, Coefficients, Constant) = (lags, coefficients, constant);

    /// <summary>How far back each term reaches, ascending.</summary>
    public int[] Lags { get; }

    public double[] Coefficients { get; }
    public double Constant { get; }

    /// <summary>How many rows before a time the recursion reads.</summary>
    public int Reach => Lags[^1];

    /// <summary>What was a number of rows before comes again.</summary>
    public static RobustAutoregression Repeat(int lag) => new([lag], [1], 0);

    /// <param name="lags">Ascending, from 1.</param>
    /// <param name="difference">0 for the series itself, else how many rows back the difference goes.</param>
    /// <returns>The lags that the history is long enough for; empty when it is for none.</returns>
    public static ReadOnlySpan<int> Affordable(ReadOnlySpan<int> lags, int rows, int difference)
    {
        while (lags.Length > 0 && rows - difference - lags[^1] < RowsPerCoefficient * (lags.Length + 1))
            lags = lags[..^1];
        return lags;
    }

    /// <param name="series">Standardised, without gaps.</param>
    /// <param name="isLearnt">False where the value was filled in: no row is learnt from it.</param>
    /// <param name="lags">As <see cref="Affordable"/> left them, at least one.</param>
    public static RobustAutoregression Fit(ReadOnlySpan<double> series, ReadOnlySpan<bool> isLearnt, ReadOnlySpan<int> lags, int difference)
    {
        var first = lags[^1] + difference;
        var rows = series.Length - first;
        var design = new Design(series, lags, difference, rows);
        var weights = new double[rows];
        for (var row = 0; row < rows; row++)
            weights[row] = isLearnt[first + row] ? 1 : 0;
        var solution = design.Solve(weights, Ridge);
        Reweight(design, solution, weights);
        solution = design.Solve(weights, Ridge);
        return Expand(lags, difference, solution);
    }

    private static void Reweight(Design design, ReadOnlySpan<double> solution, Span<double> weights)
    {
        var errors = design.Errors(solution);
        double known = 0,
            sum = 0;
        for (var row = 0; row < errors.Length; row++)
        {
            known += weights[row];
            sum += weights[row] * Math.Abs(errors[row]);
        }
        if (known == 0 || sum == 0)
            return;
        var least = SquareBelow * sum / known;
        double total = 0;
        for (var row = 0; row < errors.Length; row++)
        {
            weights[row] /= Math.Max(Math.Abs(errors[row]), least);
            total += weights[row];
        }
        // The ridge weighs against the sum of all rows, so that sum stays what it was.
        Vectors.MultiplyAdd(weights, known / total, 0);
    }

    /// <summary>A recursion on differences is one on the series with more terms.</summary>
    private static RobustAutoregression Expand(ReadOnlySpan<int> lags, int difference, ReadOnlySpan<double> solution)
    {
        if (difference == 0)
            return new RobustAutoregression(lags.ToArray(), solution[..lags.Length].ToArray(), solution[lags.Length]);
        // Both ascend: the lags themselves, and the lags one difference further back with the difference itself in front.
        var merged = new List<int>((2 * lags.Length) + 1);
        var weights = new List<double>((2 * lags.Length) + 1);
        for (int near = 0, far = 0; near < lags.Length || far <= lags.Length; )
        {
            var nearLag = near < lags.Length ? lags[near] : int.MaxValue;
            var farLag = far > lags.Length ? int.MaxValue : difference + (far == 0 ? 0 : lags[far - 1]);
            merged.Add(Math.Min(nearLag, farLag));
            double weight = 0;
            if (nearLag <= farLag)
                weight += solution[near++];
            if (farLag <= nearLag)
                weight += far++ == 0 ? 1 : -solution[far - 2];
            weights.Add(weight);
        }
        return new RobustAutoregression([.. merged], [.. weights], solution[lags.Length]);
    }

    /// <summary>The regression's columns. Each is the same series from another row on, so none is ever copied out.</summary>
    private readonly ref struct Design
    {
        private const int Block = 3;
        private const int Width = 4;
        private readonly int rows;

        // Up to a whole number of vectors; the rows in excess have weight zero.
        private readonly int padded;
        private readonly int terms;
        private readonly double[] source;
        private readonly int[] offsets;

        public Design(ReadOnlySpan<double> series, ReadOnlySpan<int> lags, int difference, int rows)
        {
            (this.rows, terms) = (rows, lags.Length);
            var length = series.Length - difference;
            padded = (rows + Width - 1) / Width * Width;
            source = new double[length + padded];
            if (difference == 0)
                series.CopyTo(source);
            else
                Vectors.Subtract(series[difference..], series[..length], source);
            source.AsSpan(length).Fill(1);
            // The lagged columns, the constant, the target, and copies of the constant until the blocks are full.
            var columns = (terms + 2 + Block - 1) / Block * Block;
            offsets = new int[columns];
            offsets.AsSpan().Fill(length);
            for (var term = 0; term < terms; term++)
                offsets[term] = lags[^1] - lags[term];
            offsets[terms + 1] = lags[^1];
        }

        /// <returns>A coefficient per lag, then the constant.</returns>
        public double[] Solve(ReadOnlySpan<double> weights, double ridge)
        {
            var columns = offsets.Length;
            var gram = new double[columns * columns];
            Products(weights, gram);
            var unknowns = terms + 1;
            for (var term = 0; term < terms; term++)
                gram[(term * columns) + term] += ridge;
            // The constant is not shrunk; this only keeps the pivot above zero when every row has weight zero.
            gram[(terms * columns) + terms] += 1e-9;
            return Cholesky(gram, columns, unknowns);
        }

        public double[] Errors(ReadOnlySpan<double> solution)
        {
            var errors = source.AsSpan(offsets[terms + 1], rows).ToArray();
            Vectors.AddScaled(errors, source.AsSpan(offsets[terms], rows), -solution[terms]);
            for (var term = 0; term < terms; term++)
                Vectors.AddScaled(errors, source.AsSpan(offsets[term], rows), -solution[term]);
            return errors;
        }

        /// <summary>The lower triangle of the weighted sums of products, three columns by three at a time so that loads are
        /// shared.</summary>
        private void Products(ReadOnlySpan<double> weights, Span<double> gram)
        {
            var columns = offsets.Length;
            var weighted = new double[Block * padded];
            ref var data = ref MemoryMarshal.GetArrayDataReference(source);
            ref var left = ref MemoryMarshal.GetArrayDataReference(weighted);
            for (var i = 0; i < columns; i += Block)
            {
                for (var k = 0; k < Block; k++)
                {
                    Vectors.Multiply(weights, source.AsSpan(offsets[i + k], rows), weighted.AsSpan(k * padded, rows));
                }
                for (var j = 0; j <= i; j += Block)
                {
                    Vector256<double> s00 = default,
                        s01 = default,
                        s02 = default;
                    Vector256<double> s10 = default,
                        s11 = default,
                        s12 = default;
                    Vector256<double> s20 = default,
                        s21 = default,
                        s22 = default;
                    ref var b0 = ref Unsafe.Add(ref data, offsets[j]);
                    ref var b1 = ref Unsafe.Add(ref data, offsets[j + 1]);
                    ref var b2 = ref Unsafe.Add(ref data, offsets[j + 2]);
                    for (nuint row = 0; row < (nuint)padded; row += Width)
                    {
                        var x0 = Vector256.LoadUnsafe(ref left, row);
                        var x1 = Vector256.LoadUnsafe(ref left, row + (nuint)padded);
                        var x2 = Vector256.LoadUnsafe(ref left, row + (nuint)(2 * padded));
                        var y0 = Vector256.LoadUnsafe(ref b0, row);
                        var y1 = Vector256.LoadUnsafe(ref b1, row);
                        var y2 = Vector256.LoadUnsafe(ref b2, row);
                        s00 = Vector256.FusedMultiplyAdd(x0, y0, s00);
                        s01 = Vector256.FusedMultiplyAdd(x0, y1, s01);
                        s02 = Vector256.FusedMultiplyAdd(x0, y2, s02);
                        s10 = Vector256.FusedMultiplyAdd(x1, y0, s10);
                        s11 = Vector256.FusedMultiplyAdd(x1, y1, s11);
                        s12 = Vector256.FusedMultiplyAdd(x1, y2, s12);
                        s20 = Vector256.FusedMultiplyAdd(x2, y0, s20);
                        s21 = Vector256.FusedMultiplyAdd(x2, y1, s21);
                        s22 = Vector256.FusedMultiplyAdd(x2, y2, s22);
                    }
                    Store(gram[((i * columns) + j)..], s00, s01, s02);
                    Store(gram[(((i + 1) * columns) + j)..], s10, s11, s12);
                    Store(gram[(((i + 2) * columns) + j)..], s20, s21, s22);
                }
            }
        }

        private static void Store(Span<double> to, Vector256<double> first, Vector256<double> second, Vector256<double> third) =>
            (to[0], to[1], to[2]) = (Vector256.Sum(first), Vector256.Sum(second), Vector256.Sum(third));

        /// <summary>Solves in place; the row after the unknowns holds the right side.</summary>
        private static double[] Cholesky(Span<double> gram, int columns, int unknowns)
        {
            // The right side takes part in the factorisation as one more row, which leaves it half solved.
            for (var i = 0; i <= unknowns; i++)
            {
                var row = gram.Slice(i * columns, columns);
                for (var j = 0; j < i; j++)
                    row[j] = (row[j] - Dot(row[..j], gram.Slice(j * columns, j))) / gram[(j * columns) + j];
                if (i < unknowns)
                    row[i] = Math.Sqrt(Math.Max(row[i] - Dot(row[..i], row[..i]), 1e-12));
            }
            var solution = gram.Slice(unknowns * columns, unknowns).ToArray();
            for (var i = unknowns - 1; i >= 0; i--)
            {
                solution[i] /= gram[(i * columns) + i];
                for (var j = 0; j < i; j++)
                    solution[j] -= gram[(i * columns) + j] * solution[i];
            }
            return solution;
        }

        private static double Dot(ReadOnlySpan<double> left, ReadOnlySpan<double> right)
        {
            var sums = Vector256<double>.Zero;
            var at = 0;
            for (; at <= left.Length - Vector256<double>.Count; at += Vector256<double>.Count)
            {
                sums = Vector256.FusedMultiplyAdd(Vector256.Create(left[at..]), Vector256.Create(right[at..]), sums);
            }
            var sum = Vector256.Sum(sums);
            for (; at < left.Length; at++)
                sum += left[at] * right[at];
            return sum;
        }
    }
}
