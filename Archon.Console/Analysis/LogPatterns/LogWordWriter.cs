namespace Archon.Analysis.LogPatterns;

/// <summary>Collects the words of one line in arrays that are used again for the next one.</summary>
internal sealed class LogWordWriter(int mostWords)
{
    /// <summary>A longer word is a blob: nobody writes such a constant.</summary>
    private const int LongestWord = 120;

    private const ulong HashStart = 0xcbf29ce484222325;
    private const ulong HashFactor = 0x9e3779b97f4a7c15;

    private readonly char[] text = new char[mostWords * (LongestWord + 16)];
    private readonly LogWord[] words = new LogWord[mostWords];
    private int end;
    private int start;
    private ulong typed;
    private ulong loose;
    private ulong key;
    private LogWordKind kind;

    /// <summary>Nothing was written after the last mask of this word.</summary>
    public bool EndsWithMask { get; private set; }
    public int Count { get; private set; }
    public bool IsFull => Count == mostWords;
    public ReadOnlySpan<LogWord> Words => words.AsSpan(0, Count);

    /// <summary>Of all words and kinds of masks.</summary>
    public ulong Hash { get; private set; }

    public ReadOnlySpan<char> TextOf(in LogWord word) => text.AsSpan(word.Start, word.Length);

    public void Clear()
    {
        (Count, end, Hash) = (0, 0, HashStart);
        BeginWord();
    }

    public void BeginWord()
    {
        (start, typed, loose, key, kind, EndsWithMask) = (end, HashStart, HashStart, 0, LogWordKind.Plain, false);
    }

    public void Constant(ReadOnlySpan<char> part)
    {
        foreach (var character in part)
            Constant(character);
    }

    public void Constant(char character)
    {
        EndsWithMask = false;
        if (end - start >= LongestWord)
            return;
        text[end++] = character;
        typed = Mix(typed, character);
        loose = Mix(loose, character);
        if (char.IsLetter(character))
            kind |= LogWordKind.HasLetter;
        if (character == '=' && key == 0)
            key = loose;
    }

    public void Mask(LogMask mask)
    {
        // Two in a row are one: what lies between them was no letter.
        if (EndsWithMask || end - start >= LongestWord)
            return;
        EndsWithMask = true;
        kind |= LogWordKind.HasMask;
        var name = LogMasks.NameOf(mask);
        name.CopyTo(text.AsSpan(end));
        end += name.Length;
        typed = Mix(typed, 0x10000 + (ulong)mask);
        loose = Mix(loose, 0x10000);
    }

    public void Mark(LogWordKind also) => kind |= also;

    public void EndWord()
    {
        if (end == start || IsFull)
        {
            end = start;
            BeginWord();
            return;
        }
        if (end - start >= LongestWord)
        {
            end = start;
            BeginWord();
            Mask(LogMask.Any);
        }
        words[Count++] = new LogWord(start, end - start, typed, loose, key, kind);
        Hash = Mix(Hash, typed);
        BeginWord();
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * HashFactor;
        return hash ^ (hash >> 29);
    }
}
