using Archon.Integrations.Replies;

namespace Archon.Tests.Kit;

internal static class TestReplies
{
    /// <summary>The usual limits of a query's reply.</summary>
    public static ReplyLimits Limits(ReplyOptions? options = null, ReplyKind kind = ReplyKind.Matrix) =>
        new(options ?? new ReplyOptions(), kind, "Prometheus", "/api/v1/query");
}
