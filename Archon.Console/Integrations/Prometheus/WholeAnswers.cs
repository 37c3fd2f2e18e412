namespace Archon.Integrations.Prometheus;

internal static class WholeAnswers
{
    /// <summary>For those who conclude something from what is not there: an answer that lacks samples is none.</summary>
    public static Fetch<MatrixResult> Whole(this Fetch<MatrixResult> answer) =>
        answer is Fetch<MatrixResult>.Ok { Value.Missing: { } missing }
            ? new Fetch<MatrixResult>.Unavailable($"The answer lacks samples: {missing}")
            : answer;
}
