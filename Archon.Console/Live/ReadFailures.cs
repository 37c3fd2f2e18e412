using Archon.Data;

namespace Archon.Live;

internal static class ReadFailures
{
    /// <summary>The words for a database that does not answer; null for what is a fault of ours and belongs to the error boundary.</summary>
    public static string? Describe(Exception exception) =>
        exception is OperationCanceledException or TimeoutException ? "It took too long to answer." : DatabaseFailures.Describe(exception);
}
