namespace Archon.Analysis.LogPatterns;

/// <summary>What lines of one kind have in common, and how many there were.</summary>
public sealed class LogTemplate
{
    internal LogTemplate(int number, LineLevel level, TemplateWord[] words, string example)
    {
        (Number, Level, Words, Example) = (number, level, words, example);
    }

    /// <summary>In the order in which the miner met them, from 0.</summary>
    public int Number { get; }

    public LineLevel Level { get; }

    /// <summary>The first line, cut when it is long.</summary>
    public string Example { get; }

    public LogTally Baseline { get; } = new();
    public LogTally Window { get; } = new();

    /// <summary>Lines of both periods.</summary>
    public long Count => Baseline.Count + Window.Count;

    /// <summary>Unix milliseconds over both periods; null when no line had a time.</summary>
    public long? FirstSeen => Baseline.FirstSeen is { } early && !(Window.FirstSeen < early) ? early : Window.FirstSeen;
    public long? LastSeen => Window.LastSeen is { } late && !(Baseline.LastSeen > late) ? late : Baseline.LastSeen;

    /// <summary>
    /// The words with masks in place of what varies: <c>&lt;num&gt;</c>, <c>&lt;ip&gt;</c> and so on, <c>&lt;*&gt;</c> for what is of no one kind.
    /// </summary>
    public string Text => string.Join(' ', Words.Select(word => word.Text));

    internal TemplateWord[] Words { get; }

    /// <summary>The template that this one became a part of.</summary>
    internal LogTemplate? MergedInto { get; private set; }

    /// <summary>Given up for want of room.</summary>
    internal bool IsForgotten { get; set; }

    internal LogTemplate? Older { get; set; }
    internal LogTemplate? Newer { get; set; }
    internal (int Words, LineLevel Level) Bucket => (Words.Length, Level);

    internal LogTally Of(LogPeriod period) => period == LogPeriod.Baseline ? Baseline : Window;

    internal void Absorb(LogTemplate other)
    {
        Baseline.Absorb(other.Baseline);
        Window.Absorb(other.Window);
        other.MergedInto = this;
    }
}

/// <summary>One place of a template.</summary>
internal struct TemplateWord
{
    public string Text;
    public ulong Typed;
    public ulong Loose;
    public ulong Key;
    public LogWordKind Kind;

    /// <summary>Any word fits; with a key, any that has the same key.</summary>
    public bool IsWild;
}
