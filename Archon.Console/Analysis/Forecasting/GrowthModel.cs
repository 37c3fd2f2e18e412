namespace Archon.Analysis.Forecasting;

/// <summary>The ways a resource is taken to grow.</summary>
internal enum GrowthShape
{
    Flat,
    Steady,

    /// <summary>Steady, at another rate since some time.</summary>
    Bent,

    /// <summary>Steady, but moved at once to another level at some time.</summary>
    Shifted,
    Accelerating,

    /// <summary>Towards a level, exponentially.</summary>
    Saturating,
}

/// <summary>One shape with its one nonlinear parameter, fitted by least squares: coefficients, their covariance and how well it explains
/// the history.</summary>
internal sealed class GrowthModel
{
    private readonly double parameter;
    private readonly double[] coefficients;
    private readonly double[] factor;
    private readonly GrowthBasis basis;

    private GrowthModel(GrowthShape shape, double parameter, GrowthBasis basis, double[] coefficients, double[] factor, double squares)
    {
        (Shape, this.parameter, this.basis, this.coefficients, this.factor, Squares) = (
            shape,
            parameter,
            basis,
            coefficients,
            factor,
            squares
        );
    }

    public GrowthShape Shape { get; }

    /// <summary>Sum of squared residuals.</summary>
    public double Squares { get; }

    public int Terms => coefficients.Length + (Shape is GrowthShape.Bent or GrowthShape.Shifted or GrowthShape.Saturating ? 1 : 0);

    /// <param name="parameter">When the rate changed, or the time constant of the saturation, in spans; else not read.</param>
    /// <returns>Null when the history cannot tell the terms apart.</returns>
    public static GrowthModel? Fit(
        GrowthShape shape,
        double parameter,
        GrowthBasis basis,
        ReadOnlySpan<double> times,
        ReadOnlySpan<double> values
    )
    {
        var terms = basis.Count(shape);
        Span<double> row = stackalloc double[terms];
        var gram = new double[(terms + 1) * (terms + 1)];
        double squares = 0;
        for (var at = 0; at < times.Length; at++)
        {
            basis.Fill(shape, parameter, times[at], basis.Cycle, row);
            for (var i = 0; i < terms; i++)
            {
                for (var j = 0; j <= i; j++)
                    gram[(i * (terms + 1)) + j] += row[i] * row[j];
                gram[(terms * (terms + 1)) + i] += row[i] * values[at];
            }
            squares += values[at] * values[at];
        }
        return Solve(gram, terms) is { } solution
            ? new GrowthModel(
                shape,
                parameter,
                basis,
                solution,
                gram,
                Math.Max(squares - Explained(gram, terms), 1e-12 * Math.Max(squares, 1e-300))
            )
            : null;
    }

    /// <summary>The fitted value at a time, in spans from the end of the history.</summary>
    public double At(double time) => At(time, coefficients, basis.Cycle);

    public double At(double time, ReadOnlySpan<double> drawn, double nextCycle)
    {
        Span<double> row = stackalloc double[coefficients.Length];
        basis.Fill(Shape, parameter, time, nextCycle, row);
        double sum = 0;
        for (var term = 0; term < row.Length; term++)
            sum += drawn[term] * row[term];
        return sum;
    }

    /// <summary>Coefficients as they might be as well: drawn from their joint normal distribution.</summary>
    /// <param name="normals">As many independent standard normal numbers as there are coefficients.</param>
    /// <param name="deviation">Of the residuals, widened for their correlation.</param>
    public void Draw(ReadOnlySpan<double> normals, double deviation, Span<double> drawn)
    {
        var terms = coefficients.Length;
        // The inverse of the transposed factor turns independent numbers into ones with the covariance of the coefficients.
        for (var i = terms - 1; i >= 0; i--)
        {
            var sum = normals[i];
            for (var k = i + 1; k < terms; k++)
                sum -= factor[(k * (terms + 1)) + i] * drawn[k];
            drawn[i] = sum / factor[(i * (terms + 1)) + i];
        }
        for (var i = 0; i < terms; i++)
            drawn[i] = coefficients[i] + (deviation * drawn[i]);
    }

    public GrowthBasis Basis => basis;
    public int CoefficientCount => coefficients.Length;

    /// <summary>The coefficient that gives the shape its name: the rate, its change, the curvature or how far the level still is.</summary>
    public double Leading(ReadOnlySpan<double> drawn) => drawn[GrowthBasis.LeadingTerm(Shape)];

    public ReadOnlySpan<double> Coefficients => coefficients;

    /// <summary>Cholesky in place, with the right side as one more row.</summary>
    private static double[]? Solve(double[] gram, int terms)
    {
        var stride = terms + 1;
        for (var i = 0; i <= terms; i++)
        {
            for (var j = 0; j < i; j++)
            {
                for (var k = 0; k < j; k++)
                    gram[(i * stride) + j] -= gram[(i * stride) + k] * gram[(j * stride) + k];
                gram[(i * stride) + j] /= gram[(j * stride) + j];
            }
            if (i == terms)
                break;
            var before = gram[(i * stride) + i];
            for (var k = 0; k < i; k++)
                gram[(i * stride) + i] -= gram[(i * stride) + k] * gram[(i * stride) + k];
            if (!(gram[(i * stride) + i] > 1e-9 * before))
                return null;
            gram[(i * stride) + i] = Math.Sqrt(gram[(i * stride) + i]);
        }
        var solution = gram.AsSpan(terms * stride, terms).ToArray();
        for (var i = terms - 1; i >= 0; i--)
        {
            solution[i] /= gram[(i * stride) + i];
            for (var j = 0; j < i; j++)
                solution[j] -= gram[(i * stride) + j] * solution[i];
        }
        return solution;
    }

    private static double Explained(double[] gram, int terms)
    {
        double sum = 0;
        for (var i = 0; i < terms; i++)
            sum += gram[(terms * (terms + 1)) + i] * gram[(terms * (terms + 1)) + i];
        return sum;
    }
}
