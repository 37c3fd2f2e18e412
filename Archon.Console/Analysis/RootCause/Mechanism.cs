using MathNet.Numerics.LinearAlgebra;

namespace Archon.Analysis.RootCause;

/// <summary>
/// One signal as the sum of what others do to it: least squares with limits on each coefficient, solved by coordinate descent on the normal
/// equations. What was learnt before the onset stays as it was; what may carry trouble is fitted over all rows, so that a service is given
/// the benefit of the doubt.
/// </summary>
internal sealed class Mechanism
{
    private const int MaximumSweeps = 200;
    private readonly List<Parent> parents = [];

    public int Parents => parents.Count;

    /// <summary>A parent whose coefficient comes from the reference rows alone.</summary>
    /// <param name="values">A value per row, without gaps.</param>
    public void Learn(double[] values) => parents.Add(new Parent(values, 0, double.PositiveInfinity, true, true));

    /// <summary>A parent whose coefficient comes from all rows.</summary>
    /// <param name="values">A value per row, without gaps.</param>
    /// <param name="most">The largest coefficient that makes sense.</param>
    /// <param name="isPast">Whether the past limits it: not where the values are too noisy to say how much of them comes through.</param>
    public void Allow(double[] values, double most, bool isPast = true) => parents.Add(new Parent(values, 0, most, false, isPast));

    /// <param name="target">A value per row; NaN is a gap.</param>
    /// <param name="window">The first row that is no reference.</param>
    /// <returns>What is left per row, NaN in gaps, up to a constant; and how far the reference rows' parents alone move the window's
    /// mean.</returns>
    public (double[] Residual, double Learnt) Explain(double[] target, int window)
    {
        var residual = (double[])target.Clone();
        if (parents.Count == 0)
            return (residual, 0);
        var learnt = 0.0;
        var before = Fit(parents, residual, window);
        var errors = parents.TrueForAll(parent => parent.IsLearnt) ? [] : Errors(before, residual, window);
        var allowed = new List<Parent>();
        for (var i = 0; i < parents.Count; i++)
        {
            var weight = before.Weights[i];
            if (!parents[i].IsLearnt)
            {
                // Where the past says how much of a parent comes through, the window may not say otherwise.
                allowed.Add(
                    parents[i].IsPast
                        ? parents[i] with
                        {
                            Lower = Math.Max(0, weight - (3 * errors[i])),
                            Upper = Math.Min(parents[i].Upper, weight + (3 * errors[i])),
                        }
                        : parents[i]
                );
                continue;
            }
            Subtract(residual, parents[i].Values, weight);
            learnt += weight * (Robust.Mean(parents[i].Values.AsSpan(window)).Mean - Robust.Mean(parents[i].Values.AsSpan(0, window)).Mean);
        }
        if (allowed.Count > 0)
        {
            var weights = Fit(allowed, residual, target.Length).Weights;
            for (var i = 0; i < allowed.Count; i++)
                Subtract(residual, allowed[i].Values, weights[i]);
        }
        return (residual, learnt);
    }

    private static void Subtract(double[] residual, double[] values, double weight)
    {
        for (var row = 0; row < residual.Length; row++)
            residual[row] -= weight * values[row];
    }

    /// <summary>Standard errors of the coefficients; infinite where the rows say nothing of one.</summary>
    private double[] Errors((double[] Weights, double[] Gram) fit, double[] target, int rows)
    {
        var n = parents.Count;
        var errors = new double[n];
        var left = new double[rows];
        for (var row = 0; row < rows; row++)
        {
            left[row] = target[row];
            for (var i = 0; i < n; i++)
                left[row] -= fit.Weights[i] * parents[i].Values[row];
        }
        var noise = Robust.Noise(left, new double[rows]);
        var gram = Matrix<double>.Build.Dense(n, n, fit.Gram);
        var scale = gram.Diagonal().Map(Math.Sqrt);
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
                gram[i, j] = i == j ? 1 + 1e-6 : gram[i, j] / Math.Max(scale[i] * scale[j], 1e-300);
        }
        var inverse = gram.Inverse();
        for (var i = 0; i < n; i++)
        {
            // Never below 1 when exact; parents that are one another's copies leave no figure at all.
            var inflation = inverse[i, i] is >= 1 and < 1e6 ? inverse[i, i] : 1e6;
            errors[i] =
                scale[i] > 0 && noise.Count > 3 * n
                    ? noise.Deviation * Math.Sqrt(noise.Inflation * inflation) / scale[i]
                    : double.PositiveInfinity;
        }
        return errors;
    }

    private static (double[] Weights, double[] Gram) Fit(List<Parent> parents, double[] target, int rows)
    {
        var n = parents.Count;
        var means = new double[n + 1];
        var count = 0;
        for (var row = 0; row < rows; row++)
        {
            if (double.IsNaN(target[row]))
                continue;
            count++;
            means[n] += target[row];
            for (var i = 0; i < n; i++)
                means[i] += parents[i].Values[row];
        }
        if (count == 0)
            return (new double[n], new double[n * n]);
        for (var i = 0; i <= n; i++)
            means[i] /= count;
        var gram = new double[n * n];
        var right = new double[n];
        var centred = new double[n];
        for (var row = 0; row < rows; row++)
        {
            if (double.IsNaN(target[row]))
                continue;
            for (var i = 0; i < n; i++)
                centred[i] = parents[i].Values[row] - means[i];
            for (var i = 0; i < n; i++)
            {
                right[i] += centred[i] * (target[row] - means[n]);
                for (var j = 0; j <= i; j++)
                    gram[(i * n) + j] += centred[i] * centred[j];
            }
        }
        for (var i = 0; i < n; i++)
        {
            for (var j = i + 1; j < n; j++)
                gram[(i * n) + j] = gram[(j * n) + i];
        }
        return (Descend(parents, gram, right), gram);
    }

    private static double[] Descend(List<Parent> parents, double[] gram, double[] right)
    {
        var n = right.Length;
        var weights = new double[n];
        var slopes = (double[])right.Clone();
        for (var sweep = 0; sweep < MaximumSweeps; sweep++)
        {
            var (moved, most) = (0.0, 0.0);
            for (var i = 0; i < n; i++)
            {
                var own = gram[(i * n) + i];
                if (own <= 0)
                    continue;
                var next = Math.Clamp(weights[i] + (slopes[i] / own), parents[i].Lower, parents[i].Upper);
                var step = next - weights[i];
                most = Math.Max(most, Math.Abs(next) * Math.Sqrt(own));
                if (step == 0)
                    continue;
                moved = Math.Max(moved, Math.Abs(step) * Math.Sqrt(own));
                weights[i] = next;
                for (var j = 0; j < n; j++)
                    slopes[j] -= gram[(i * n) + j] * step;
            }
            if (moved <= 1e-4 * most)
                break;
        }
        return weights;
    }

    private readonly record struct Parent(double[] Values, double Lower, double Upper, bool IsLearnt, bool IsPast);
}
