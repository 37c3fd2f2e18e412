namespace Archon.Analysis.LogPatterns;

/// <summary>What stands in a template in place of something that differs from line to line.</summary>
internal enum LogMask
{
    Any,
    Number,
    Hex,
    Uuid,
    Ip,
    Path,
    Url,
    Email,
    Time,
    Duration,
    Size,
    Quoted,
}

/// <summary>One word of a line whose variable parts are masked.</summary>
/// <param name="Start">In the reader's text.</param>
/// <param name="Typed">Hash of the text with its kinds of masks.</param>
/// <param name="Loose">The same with all masks alike: a port that is once a number and once a name in hex is one word.</param>
/// <param name="Key">Hash of what stands before the first equals sign; 0 when there is none.</param>
/// <param name="Kind">What its form says about it.</param>
internal readonly record struct LogWord(int Start, int Length, ulong Typed, ulong Loose, ulong Key, LogWordKind Kind);

[Flags]
internal enum LogWordKind
{
    Plain = 0,

    /// <summary>A part is masked.</summary>
    HasMask = 1,

    /// <summary>A letter stands outside of masks.</summary>
    HasLetter = 2,

    /// <summary>It looks like a value even where nothing is masked: holds a point or an at, stands in brackets.</summary>
    IsValue = 4,

    /// <summary>Too telling to become a variable, whatever else it is beside.</summary>
    IsFixed = 8,
}

internal static class LogMasks
{
    private static readonly string[] Names =
    [
        "<*>",
        "<num>",
        "<hex>",
        "<uuid>",
        "<ip>",
        "<path>",
        "<url>",
        "<email>",
        "<time>",
        "<duration>",
        "<size>",
        "<str>",
    ];

    public static string NameOf(LogMask mask) => Names[(int)mask];

    /// <summary>The word with every kind of mask told as <c>&lt;*&gt;</c>.</summary>
    public static string Generic(string word)
    {
        foreach (var name in Names)
            word = word.Replace(name, Names[0], StringComparison.Ordinal);
        return word;
    }
}
