namespace Archon.Analysis.LogPatterns;

/// <summary>The sequences that colour a terminal (ECMA-48).</summary>
internal static class LogEscapes
{
    private const char Escape = '\e';
    private const char Bell = '\a';

    /// <param name="text">Begins with the escape character.</param>
    /// <returns>Characters of the sequence, at least 1.</returns>
    public static int LengthOf(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
            return text.Length;
        if (text[1] == '[')
        {
            // Parameters, then one final character.
            var final = text[2..].IndexOfAnyInRange('@', '~');
            return final < 0 ? 2 : final + 3;
        }
        if (text[1] == ']')
        {
            var end = text[2..].IndexOfAny(Bell, Escape);
            if (end < 0)
                return 2;
            return text[end + 2] == Bell ? end + 3 : Math.Min(end + 4, text.Length);
        }
        return 2;
    }
}
