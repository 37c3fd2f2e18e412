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

    private RobustAutoregression(int[] lags, double[] coefficients, double constant) => (Lags, Coefficients, Constant) = (lags, coefficients, constant);

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
        while (lags.Length > 0 && rows - difference - lags[^1] < RowsPerCoefficient * (lags.Length + 1)) lags = lags[..^1];
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
        for (var row = 0; row < rows; row++) weights[row] = isLearnt[first + row] ? 1 : 0;
        var solution = design.Solve(weights, Ridge);
        Reweight(design, solution, weights);
        solution = design.Solve(weights, Ridge);
        return Expand(lags, difference, solution);
    }

    private static void Reweight(Design design, ReadOnlySpan<double> solution, Span<double> weights)
    {
        var errors = design.Errors(solution);
        double known = 0, sum = 0;
        for (var row = 0; row < errors.Length; row++)
        {
            known += weights[row];
            sum += weights[row] * errors[row];
        }
        if (known == 0 || sum == 0) return;
        var scale = sum / known;
        double total = 0;
        for (var row = 0; row < errors.Length; row++)
        {
            weights[row] /= Math.Max(errors[row] / scale, SquareBelow);
            total += weights[row];
        }
        // The ridge weighs against the sum of all rows, so that sum stays what it was.
        foreach (ref var weight in weights) weight *= known / total;
    }

    /// <summary>A recursion on differences is one on the series with more terms.</summary>
    private static RobustAutoregression Expand(ReadOnlySpan<int> lags, int difference, ReadOnlySpan<double> solution)
    {
        var terms = new SortedDictionary<int, double>();
        if (difference > 0) terms[difference] = 1;
        for (var term = 0; term < lags.Length; term++)
        {
            terms[lags[term]] = terms.GetValueOrDefault(lags[term]) + solution[term];
            if (difference == 0) continue;
            terms[lags[term] + difference] = terms.GetValueOrDefault(lags[term] + difference) - solution[term];
        }
        return new RobustAutoregression([.. terms.Keys], [.. terms.Values], solution[lags.Length]);
    }

    /// <summary>The regression's columns. Each is the same series from another row on, so none is ever copied out.</summary>
    private readonly ref struct Design
    {
        private const int Block = 3;
        private readonly int rows;
        private readonly int terms;
        private readonly double[] source;
        private readonly int[] offsets;

        public Design(ReadOnlySpan<double> series, ReadOnlySpan<int> lags, int difference, int rows)
        {
            (this.rows, terms) = (rows, lags.Length);
            var length = series.Length - difference;
            source = new double[length + rows];
            for (var row = 0; row < length; row++) source[row] = difference == 0 ? series[row] : series[row + difference] - series[row];
            source.AsSpan(length).Fill(1);
            // The lagged columns, the constant, the target, and copies of the constant until the blocks are full.
            var columns = (terms + 2 + Block - 1) / Block * Block;
            offsets = new int[columns];
            offsets.AsSpan().Fill(length);
            for (var term = 0; term < terms; term++) offsets[term] = lags[^1] - lags[term];
            offsets[terms + 1] = lags[^1];
        }

        /// <returns>A coefficient per lag, then the constant.</returns>
        public double[] Solve(ReadOnlySpan<double> weights, double ridge)
        {
            var columns = offsets.Length;
            var gram = new double[columns * columns];
            Products(weights, gram);
            var unknowns = terms + 1;
            for (var term = 0; term < terms; term++) gram[(term * columns) + term] += ridge;
            // The constant is not shrunk; this only keeps the pivot above zero when every row has weight zero.
            gram[(terms * columns) + terms] += 1e-9;
            return Cholesky(gram, columns, unknowns);
        }

        public double[] Errors(ReadOnlySpan<double> solution)
        {
            var errors = new double[rows];
            ref var data = ref MemoryMarshal.GetArrayDataReference(source);
            var row = 0;
            for (; row <= rows - Vector256<double>.Count; row += Vector256<double>.Count)
            {
                var error = Vector256.LoadUnsafe(ref data, (nuint)(offsets[terms + 1] + row)) - Vector256.Create(solution[terms]);
                for (var term = 0; term < terms; term++)
                {
                    error -= Vector256.Create(solution[term]) * Vector256.LoadUnsafe(ref data, (nuint)(offsets[term] + row));
                }
                Vector256.Abs(error).CopyTo(errors, row);
            }
            for (; row < rows; row++)
            {
                var error = source[offsets[terms + 1] + row] - solution[terms];
                for (var term = 0; term < terms; term++) error -= solution[term] * source[offsets[term] + row];
                errors[row] = Math.Abs(error);
            }
            return errors;
        }

        /// <summary>The lower triangle of the weighted sums of products, three columns by three at a time so that loads are shared.</summary>
        private void Products(ReadOnlySpan<double> weights, Span<double> gram)
        {
            var columns = offsets.Length;
            var weighted = new double[Block * rows];
            ref var data = ref MemoryMarshal.GetArrayDataReference(source);
            ref var left = ref MemoryMarshal.GetArrayDataReference(weighted);
            for (var i = 0; i < columns; i += Block)
            {
                for (var k = 0; k < Block; k++)
                {
                    for (var row = 0; row < rows; row++) weighted[(k * rows) + row] = weights[row] * source[offsets[i + k] + row];
                }
                for (var j = 0; j <= i; j += Block)
                {
                    Vector256<double> s00 = default, s01 = default, s02 = default, s10 = default, s11 = default, s12 = default, s20 = default, s21 = default, s22 = default;
                    var (b0, b1, b2) = (offsets[j], offsets[j + 1], offsets[j + 2]);
                    var row = 0;
                    for (; row <= rows - Vector256<double>.Count; row += Vector256<double>.Count)
                    {
                        var x0 = Vector256.LoadUnsafe(ref left, (nuint)row);
                        var x1 = Vector256.LoadUnsafe(ref left, (nuint)(rows + row));
                        var x2 = Vector256.LoadUnsafe(ref left, (nuint)((2 * rows) + row));
                        var y0 = Vector256.LoadUnsafe(ref data, (nuint)(b0 + row));
                        var y1 = Vector256.LoadUnsafe(ref data, (nuint)(b1 + row));
                        var y2 = Vector256.LoadUnsafe(ref data, (nuint)(b2 + row));
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
                    ReadOnlySpan<double> sums =
                    [
                        Vector256.Sum(s00), Vector256.Sum(s01), Vector256.Sum(s02), Vector256.Sum(s10), Vector256.Sum(s11), Vector256.Sum(s12),
                        Vector256.Sum(s20), Vector256.Sum(s21), Vector256.Sum(s22),
                    ];
                    for (var cell = 0; cell < sums.Length; cell++)
                    {
                        var (k, l) = (cell / Block, cell % Block);
                        var sum = sums[cell];
                        for (var rest = row; rest < rows; rest++) sum += weighted[(k * rows) + rest] * source[offsets[j + l] + rest];
                        gram[((i + k) * columns) + j + l] = sum;
                    }
                }
            }
        }

        /// <summary>Solves in place; the row after the unknowns holds the right side.</summary>
        private static double[] Cholesky(Span<double> gram, int columns, int unknowns)
        {
            // The right side takes part in the factorisation as one more row, which leaves it half solved.
            for (var i = 0; i <= unknowns; i++)
            {
                var row = gram.Slice(i * columns, columns);
                for (var j = 0; j < i; j++) row[j] = (row[j] - Dot(row[..j], gram.Slice(j * columns, j))) / gram[(j * columns) + j];
                if (i < unknowns) row[i] = Math.Sqrt(Math.Max(row[i] - Dot(row[..i], row[..i]), 1e-12));
            }
            var solution = gram.Slice(unknowns * columns, unknowns).ToArray();
            for (var i = unknowns - 1; i >= 0; i--)
            {
                solution[i] /= gram[(i * columns) + i];
                for (var j = 0; j < i; j++) solution[j] -= gram[(i * columns) + j] * solution[i];
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
            for (; at < left.Length; at++) sum += left[at] * right[at];
            return sum;
        }
    }
}
