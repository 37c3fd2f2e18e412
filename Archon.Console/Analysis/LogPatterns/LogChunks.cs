using System.Buffers;

namespace Archon.Analysis.LogPatterns;

/// <summary>Masks one stretch of a line that holds no blank, bracket, quote, comma, semicolon or equals sign.</summary>
internal static class LogChunks
{
    private const int LeastHex = 6;
    private const int LongestConstant = 100;

    // What a sentence ends with is no part of the value before it.
    private const string SentenceEnds = ".:!?,";

    private static readonly SearchValues<char> NumberMarks = SearchValues.Create("0123456789.,+-%:/_*xX");

    private static readonly string[] Units =
    [
        "ns",
        "us",
        "µs",
        "μs",
        "ms",
        "s",
        "sec",
        "secs",
        "seconds",
        "m",
        "min",
        "mins",
        "minutes",
        "h",
        "hr",
        "hours",
        "d",
        "days",
    ];

    private static readonly string[] Nothings = ["null", "nil", "none", "undefined", "nan"];

    private static readonly string[] Sizes =
    [
        "b",
        "bytes",
        "k",
        "kb",
        "kib",
        "ki",
        "mb",
        "mib",
        "mi",
        "g",
        "gb",
        "gib",
        "gi",
        "tb",
        "tib",
        "kbps",
        "mbps",
        "kb/s",
        "mb/s",
        "mhz",
        "ghz",
        "mw",
        "v",
        "x",
        "px",
    ];

    /// <param name="after">What follows on the line: a number takes the unit that stands behind it.</param>
    /// <returns>Characters of <paramref name="after"/> that belong to the chunk.</returns>
    public static int Write(ReadOnlySpan<char> chunk, ReadOnlySpan<char> after, LogWordWriter writer)
    {
        if (
            char.IsAsciiDigit(chunk[^1])
            && UnitAfter(after, out var measure) is var taken and > 0
            && Whole(chunk, Shape.Of(chunk)) == LogMask.Number
        )
        {
            writer.Mask(measure);
            return taken;
        }
        var body = chunk.TrimEnd(SentenceEnds);
        if (body.IsEmpty)
            body = chunk;
        WriteBody(body, writer);
        writer.Constant(chunk[body.Length..]);
        return 0;
    }

    public static bool IsNothing(ReadOnlySpan<char> chunk) => IsOneOf(Nothings, chunk);

    private static int UnitAfter(ReadOnlySpan<char> after, out LogMask measure)
    {
        measure = LogMask.Duration;
        if (after.Length < 2 || after[0] != ' ' || !char.IsLetter(after[1]))
            return 0;
        var end = 1;
        while (end < after.Length && (char.IsLetterOrDigit(after[end]) || after[end] == '/'))
            end++;
        var unit = after[1..end];
        // A single letter behind a blank may be anything but bytes and seconds.
        if (unit.Length == 1 && unit[0] is not ('B' or 's'))
            return 0;
        if (IsOneOf(Units, unit))
            return end;
        measure = LogMask.Size;
        return IsOneOf(Sizes, unit) ? end : 0;
    }

    private static void WriteBody(ReadOnlySpan<char> chunk, LogWordWriter writer)
    {
        var shape = Shape.Of(chunk);
        if (shape.Digits == 0 && shape.Marks == 0 && shape.HexLetters < chunk.Length)
        {
            if (chunk.Length > LongestConstant)
                writer.Mask(LogMask.Any);
            else
                writer.Constant(chunk);
            return;
        }
        if (Whole(chunk, shape) is { } whole)
        {
            writer.Mask(whole);
            return;
        }
        if (AfterName(chunk, shape) is var begin and > 0)
        {
            writer.Constant(chunk[..begin]);
            WriteBody(chunk[begin..], writer);
            return;
        }
        if (shape.Digits == 0)
        {
            writer.Constant(chunk);
            if (shape.Ats > 0)
                writer.Mark(LogWordKind.IsValue);
            return;
        }
        WriteSegments(chunk, writer);
    }

    private static LogMask? Whole(ReadOnlySpan<char> chunk, in Shape shape)
    {
        if (shape.Slashes + shape.Backslashes > 0 && chunk.Contains("://", StringComparison.Ordinal))
            return LogMask.Url;
        if (IsPath(chunk, shape))
            return LogMask.Path;
        if (shape.Ats == 1 && IsEmail(chunk))
            return LogMask.Email;
        if (chunk.Length > LongestConstant)
            return LogMask.Any;
        if (shape.HexLetters == chunk.Length && chunk.Length is 8 or 16 or 32 or 40 or 64)
            return LogMask.Hex;
        if (shape.Digits == 0)
            return null;
        if (chunk.Length > 2 && chunk[0] == '0' && chunk[1] is 'x' or 'X' && AreHex(chunk[2..]))
            return LogMask.Hex;
        if (shape.Letters == 0)
        {
            if (IsAddress(chunk))
                return LogMask.Ip;
            return shape.Ats == 0 && chunk.IndexOfAnyExcept(NumberMarks) < 0 ? LogMask.Number : null;
        }
        if (chunk.Length == 36 && IsUuid(chunk))
            return LogMask.Uuid;
        if (shape.Colons >= 2 && shape.Colons + shape.Digits + shape.HexLetters == chunk.Length)
            return IsHardwareAddress(chunk) ? LogMask.Hex : LogMask.Ip;
        if (chunk.Length >= LeastHex && shape.Digits + shape.HexLetters == chunk.Length)
            return LogMask.Hex;
        return Quantity(chunk);
    }

    /// <summary>A name and a colon before something that is masked as a whole, such as <c>file:/etc/passwd</c> or <c>host:10.0.0.1</c>.</summary>
    /// <returns>Where the rest begins; 0 when there is no such name.</returns>
    private static int AfterName(ReadOnlySpan<char> chunk, in Shape shape)
    {
        if (shape.Colons == 0)
            return 0;
        var colon = chunk.IndexOf(':');
        if (colon < 2 || colon + 1 == chunk.Length)
            return 0;
        var name = chunk[..colon];
        foreach (var character in name)
        {
            if (!char.IsLetter(character) && character is not ('_' or '-'))
                return 0;
        }
        return Whole(chunk[(colon + 1)..], Shape.Of(chunk[(colon + 1)..])) is null ? 0 : colon + 1;
    }

    private static bool IsPath(ReadOnlySpan<char> chunk, in Shape shape)
    {
        if (shape.Backslashes > 0)
            return chunk.Length > 3 && ((char.IsAsciiLetter(chunk[0]) && chunk[1] == ':' && chunk[2] == '\\') || shape.Backslashes > 1);
        if (shape.Slashes == 0 || shape.Letters + shape.Digits == 0)
            return false;
        if (chunk[0] == '/' && chunk.Length > 1)
            return !IsAddress(chunk);
        if (chunk[0] is '.' or '~')
            return chunk.StartsWith("./") || chunk.StartsWith("../") || chunk.StartsWith("~/");
        return shape.Slashes > 1 && shape.Letters > 0 && shape.Colons == 0;
    }

    private static bool IsEmail(ReadOnlySpan<char> chunk)
    {
        var at = chunk.IndexOf('@');
        return at > 0 && at < chunk.Length - 3 && chunk[(at + 1)..].Contains('.') && char.IsLetterOrDigit(chunk[at + 1]);
    }

    /// <summary>Four numbers with points between them, and perhaps a port, a mask or a slash before.</summary>
    private static bool IsAddress(ReadOnlySpan<char> chunk)
    {
        if (chunk[0] == '/')
            chunk = chunk[1..];
        var (dots, digits) = (0, 0);
        for (var i = 0; i < chunk.Length; i++)
        {
            if (char.IsAsciiDigit(chunk[i]))
            {
                if (++digits > 3)
                    return false;
            }
            else if (chunk[i] == '.' && digits > 0)
            {
                (dots, digits) = (dots + 1, 0);
                if (dots > 3)
                    return false;
            }
            else
            {
                return dots == 3
                    && digits > 0
                    && chunk[i] is ':' or '/' or '#' or '-'
                    && (i + 1 == chunk.Length || char.IsAsciiDigit(chunk[i + 1]) || chunk[i + 1] == '/');
            }
        }
        return dots == 3 && digits > 0;
    }

    /// <summary>Six pairs of digits: no address of the network.</summary>
    private static bool IsHardwareAddress(ReadOnlySpan<char> chunk)
    {
        if (chunk.Length != 17)
            return false;
        for (var i = 2; i < chunk.Length; i += 3)
        {
            if (chunk[i] != ':')
                return false;
        }
        return true;
    }

    private static bool IsUuid(ReadOnlySpan<char> chunk)
    {
        for (var i = 0; i < chunk.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? chunk[i] != '-' : !char.IsAsciiHexDigit(chunk[i]))
                return false;
        }
        return true;
    }

    private static bool AreHex(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiHexDigit(character))
                return false;
        }
        return true;
    }

    /// <summary>Numbers with units, one after the other: 12ms, 1.5GiB, 1h2m3s.</summary>
    private static LogMask? Quantity(ReadOnlySpan<char> chunk)
    {
        LogMask? found = null;
        var rest = chunk.TrimStart("+-~<>");
        while (!rest.IsEmpty)
        {
            var number = 0;
            while (number < rest.Length && (char.IsAsciiDigit(rest[number]) || rest[number] is '.' or ','))
                number++;
            if (number == 0)
                return null;
            rest = rest[number..];
            var unit = 0;
            while (unit < rest.Length && (char.IsLetter(rest[unit]) || rest[unit] == '/'))
                unit++;
            var isTime = IsOneOf(Units, rest[..unit]);
            if (!isTime && (found is not null || !IsOneOf(Sizes, rest[..unit])))
                return null;
            found = isTime ? LogMask.Duration : LogMask.Size;
            rest = rest[unit..];
        }
        return found;
    }

    private static bool IsOneOf(string[] names, ReadOnlySpan<char> unit)
    {
        foreach (var name in names)
        {
            if (unit.Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Between points, dashes and the like: digits are masked, letters stay, letters with a number behind them keep the letters (node31), and a wild mix of
    /// both is an identifier.
    /// </summary>
    private static void WriteSegments(ReadOnlySpan<char> chunk, LogWordWriter writer)
    {
        var at = 0;
        while (at < chunk.Length)
        {
            var end = at;
            while (end < chunk.Length && char.IsLetterOrDigit(chunk[end]))
                end++;
            if (end > at)
                WriteSegment(chunk[at..end], writer);
            at = end;
            var marks = at;
            while (at < chunk.Length && !char.IsLetterOrDigit(chunk[at]))
                at++;
            var between = chunk[marks..at];
            if (at < chunk.Length && BeginsMasked(chunk[at..]))
            {
                // Two masks with nothing but marks between them are one, and a sign is a part of its number.
                if (writer.EndsWithMask)
                    continue;
                if (between.Length > 1 || marks == 0)
                    between = between.TrimEnd("+-");
            }
            writer.Constant(between);
        }
    }

    private static bool BeginsMasked(ReadOnlySpan<char> text)
    {
        var end = 0;
        while (end < text.Length && char.IsLetterOrDigit(text[end]))
            end++;
        return LettersKept(text[..end]) == 0;
    }

    private static void WriteSegment(ReadOnlySpan<char> segment, LogWordWriter writer)
    {
        var kept = LettersKept(segment);
        writer.Constant(segment[..kept]);
        if (kept < segment.Length)
            writer.Mask(LogMask.Any);
    }

    private static int LettersKept(ReadOnlySpan<char> segment)
    {
        var letters = 0;
        while (letters < segment.Length && !char.IsDigit(segment[letters]))
            letters++;
        if (letters == segment.Length)
            return letters;
        for (var i = letters; i < segment.Length; i++)
        {
            if (!char.IsDigit(segment[i]))
                return 0;
        }
        return letters;
    }

    private readonly record struct Shape(
        int Digits,
        int Letters,
        int HexLetters,
        int Dots,
        int Colons,
        int Slashes,
        int Backslashes,
        int Ats
    )
    {
        /// <summary>Anything that a plain word does not have.</summary>
        public int Marks => Dots + Colons + Slashes + Backslashes + Ats;

        public static Shape Of(ReadOnlySpan<char> chunk)
        {
            int digits = 0,
                letters = 0,
                hex = 0,
                dots = 0,
                colons = 0,
                slashes = 0,
                backslashes = 0,
                ats = 0;
            foreach (var character in chunk)
            {
                switch (character)
                {
                    case >= '0' and <= '9':
                        digits++;
                        break;
                    case (>= 'a' and <= 'f') or (>= 'A' and <= 'F'):
                        letters++;
                        hex++;
                        break;
                    case (>= 'g' and <= 'z') or (>= 'G' and <= 'Z'):
                        letters++;
                        break;
                    case '.':
                        dots++;
                        break;
                    case ':':
                        colons++;
                        break;
                    case '/':
                        slashes++;
                        break;
                    case '\\':
                        backslashes++;
                        break;
                    case '@':
                        ats++;
                        break;
                    default:
                        if (char.IsDigit(character))
                            digits++;
                        else if (char.IsLetter(character))
                            letters++;
                        break;
                }
            }
            return new Shape(digits, letters, hex, dots, colons, slashes, backslashes, ats);
        }
    }
}
