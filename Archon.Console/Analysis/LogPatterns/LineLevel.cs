namespace Archon.Analysis.LogPatterns;

/// <summary>How serious a line says it is. Lines of different levels never share a template.</summary>
public enum LineLevel
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

internal static class LineLevels
{
    private static readonly string[] Names = ["", "trace", "debug", "info", "notice", "warning", "error", "fatal"];

    public static string NameOf(LineLevel level) => Names[(int)level];

    /// <summary>The value of a level field, in any of the spellings that are about.</summary>
    public static LineLevel Read(ReadOnlySpan<char> value)
    {
        value = value.Trim("\"[]<>(): ");
        if (value.Length is 0 or > 11)
            return LineLevel.None;
        Span<char> lower = stackalloc char[value.Length];
        value.ToLowerInvariant(lower);
        return lower switch
        {
            "trace" or "verbose" or "finest" or "finer" or "trc" => LineLevel.Trace,
            "debug" or "fine" or "dbg" => LineLevel.Debug,
            "info" or "information" or "inf" or "log" or "statement" => LineLevel.Info,
            "notice" => LineLevel.Notice,
            "warn" or "warning" or "wrn" => LineLevel.Warning,
            "error" or "err" or "severe" => LineLevel.Error,
            "fatal" or "critical" or "crit" or "panic" or "alert" or "emerg" or "emergency" or "dpanic" or "ftl" => LineLevel.Fatal,
            _ => LineLevel.None,
        };
    }

    /// <summary>The numbers of pino and bunyan.</summary>
    public static LineLevel FromNumber(int number) =>
        number switch
        {
            10 => LineLevel.Trace,
            20 => LineLevel.Debug,
            30 => LineLevel.Info,
            40 => LineLevel.Warning,
            50 => LineLevel.Error,
            60 => LineLevel.Fatal,
            _ => LineLevel.None,
        };

    /// <summary>A word of running text is a level only in capitals, in brackets, before a colon or after its key: an "error" in a sentence is none.</summary>
    public static LineLevel OfWord(ReadOnlySpan<char> word)
    {
        var key = word.IndexOf('=');
        if (key > 0 && key < word.Length - 1)
            return LogFields.RoleOf(word[..key], out _) == FieldRole.Level ? Read(word[(key + 1)..]) : LineLevel.None;
        var bare = word.Trim("[]<>():|,");
        if (bare.Length is < 3 or > 11)
            return LineLevel.None;
        var isMarked = bare.Length < word.Length && (word[0] is '[' or '<' or '(' || word[^1] == ':');
        return isMarked || AreCapitals(bare) ? Read(bare) : LineLevel.None;
    }

    private static bool AreCapitals(ReadOnlySpan<char> word)
    {
        foreach (var character in word)
        {
            if (!char.IsAsciiLetterUpper(character))
                return false;
        }
        return true;
    }
}
