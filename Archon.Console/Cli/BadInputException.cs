namespace Archon.Cli;

/// <summary>Input that cannot be used. The message names the file, the line where there is one, and what is wrong.</summary>
internal sealed class BadInputException : Exception
{
    public BadInputException(string message)
        : base(message) { }

    /// <param name="file">As the user named it; <c>-</c> is told as standard input.</param>
    /// <param name="line">From 1.</param>
    public BadInputException(string file, long line, string reason)
        : base($"{Files.NameOf(file)}, line {line}: {reason}") { }
}
