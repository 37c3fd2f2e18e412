using System.Data.Common;

namespace Archon.Data;

/// <summary>The database cannot be used now. The message says why, without secrets.</summary>
public sealed class DatabaseAwayException : DbException
{
    public DatabaseAwayException(string message)
        : base(message) { }

    public DatabaseAwayException(string message, Exception innerException)
        : base(message, innerException) { }
}
