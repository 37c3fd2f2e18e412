namespace Archon.Analysis.LogPatterns;

internal enum FieldRole
{
    Other,
    Message,
    Level,
    Error,
    Time,
}

/// <summary>What the fields of structured lines are called, by the loggers and collectors that are about.</summary>
internal static class LogFields
{
    // A message template before a message, a message before an envelope's line.
    private static readonly string[] Messages = ["@mt", "msg", "message", "short_message", "line", "log", "@m", "event", "body"];
    private static readonly string[] Levels = ["level", "lvl", "severity", "loglevel", "levelname", "log.level", "@l"];
    private static readonly string[] Errors = ["error", "err", "exception", "exc", "cause", "@x", "error.message", "exc_info"];
    private static readonly string[] Times = ["ts", "time", "timestamp", "@timestamp", "@t", "t", "datetime", "date", "asctime"];

    /// <param name="rank">Of messages: a lower one is the better one.</param>
    public static FieldRole RoleOf(ReadOnlySpan<char> key, out int rank)
    {
        rank = 0;
        if (key.Length is 0 or > 16)
            return FieldRole.Other;
        rank = IndexOf(Messages, key);
        if (rank >= 0)
            return FieldRole.Message;
        if (IndexOf(Levels, key) >= 0)
            return FieldRole.Level;
        if (IndexOf(Errors, key) >= 0)
            return FieldRole.Error;
        return IndexOf(Times, key) >= 0 ? FieldRole.Time : FieldRole.Other;
    }

    private static int IndexOf(string[] names, ReadOnlySpan<char> key)
    {
        for (var i = 0; i < names.Length; i++)
        {
            if (key.Equals(names[i], StringComparison.OrdinalIgnoreCase))
                return i;
        }
        return -1;
    }
}
