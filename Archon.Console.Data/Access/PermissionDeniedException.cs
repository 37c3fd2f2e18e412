namespace Archon.Data.Access;

/// <summary>Somebody asked for what they may not do. Nothing was changed, and the audit says so.</summary>
/// <param name="reason">A sentence for the person who asked.</param>
public sealed class PermissionDeniedException(string reason) : Exception(reason);
