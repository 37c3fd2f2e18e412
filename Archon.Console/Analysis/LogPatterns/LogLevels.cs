namespace Archon.Analysis.LogPatterns;

/// <summary>How serious a line says it is. Lines of different levels never share a template.</summary>
public enum LogLevel
{
    None,
    Trace,
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Fatal,
}

internal static class LogLevels
{
    private static readonly string[] Names = ["", "trace", "debug", "info", "notice", "warning", "error", "fatal"];

    public static string NameOf(LogLevel level) => Names[(int)level];

    /// <summary>The value of a level field, in any of the spellings that are about.</summary>
    public static LogLevel Read(ReadOnlySpan<char> value)
    {
        value = value.Trim("\"[]<>(): ");
        if (value.Length is 0 or > 11) return LogLevel.None;
        Span<char> lower = stackalloc char[value.Length];
        value.ToLowerInvariant(lower);
        return lower switch
        {
            "trace" or "verbose" or "finest" or "finer" or "trc" => LogLevel.Trace,
            "debug" or "fine" or "dbg" => LogLevel.Debug,
            "info" or "information" or "inf" or "log" or "statement" => LogLevel.Info,
            "notice" => LogLevel.Notice,
            "warn" or "warning" or "wrn" => LogLevel.Warning,
            "error" or "err" or "severe" => LogLevel.Error,
            "fatal" or "critical" or "crit" or "panic" or "alert" or "emerg" or "emergency" or "dpanic" or "ftl" => LogLevel.Fatal,
            _ => LogLevel.None,
        };
    }

    /// <summary>The numbers of pino and bunyan.</summary>
    public static LogLevel FromNumber(int number) => number switch
    {
        10 => LogLevel.Trace,
        20 => LogLevel.Debug,
        30 => LogLevel.Info,
        40 => LogLevel.Warning,
        50 => LogLevel.Error,
        60 => LogLevel.Fatal,
        _ => LogLevel.None,
    };

    /// <summary>A word of running text is a level only in capitals, in brackets, before a colon or after its key: an "error" in a sentence is none.</summary>
    public static LogLevel OfWord(ReadOnlySpan<char> word)
    {
        var key = word.IndexOf('=');
        if (key > 0 && key < word.Length - 1) return LogFields.RoleOf(word[..key], out _) == FieldRole.Level ? Read(word[(key + 1)..]) : LogLevel.None;
        var bare = word.Trim("[]<>():|,");
        if (bare.Length is < 3 or > 11) return LogLevel.None;
        var isMarked = bare.Length < word.Length && (word[0] is '[' or '<' or '(' || word[^1] == ':');
        return isMarked || bare.IndexOfAnyExceptInRange('A', 'Z') < 0 ? Read(bare) : LogLevel.None;
    }
}
