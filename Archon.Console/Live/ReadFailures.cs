using Archon.Data;
using Archon.Data.Access;

namespace Archon.Live;

internal static class ReadFailures
{
    /// <summary>
    /// The words for a database that does not answer, and for a change that the person may not make; null for what is a fault of ours and belongs to the
    /// error boundary.
    /// </summary>
    public static string? Describe(Exception exception) =>
        exception switch
        {
            OperationCanceledException or TimeoutException => "It took too long to answer.",
            PermissionDeniedException denied => denied.Message,
            _ => DatabaseFailures.Describe(exception),
        };
}
