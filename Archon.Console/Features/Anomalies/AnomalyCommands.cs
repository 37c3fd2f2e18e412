using Archon.Data.Anomalies;

namespace Archon.Features.Anomalies;

public abstract record JudgeResult
{
    private JudgeResult()
    {
    }

    public sealed record Done : JudgeResult;
    public sealed record NotFound : JudgeResult;
}

public sealed class AnomalyCommands
{
    /// <summary>Keeps what a person thinks of an anomaly; null takes a verdict back.</summary>
    public Task<JudgeResult> JudgeAsync(long id, DateTimeOffset startedAt, AnomalyVerdict? verdict, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
}
