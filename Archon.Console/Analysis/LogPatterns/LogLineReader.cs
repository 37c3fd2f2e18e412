using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Archon.Analysis.LogPatterns;

/// <summary>
/// Splits a line into words and masks what varies: numbers, addresses, identifiers, paths, times, quoted text. Of structured lines (JSON, logfmt) only the
/// level, the message and the error count, for fields come and go. Never throws, whatever the line holds.
/// </summary>
internal sealed class LogLineReader(LogMinerSettings settings)
{
    private const int DeepestEnvelope = 2;
    private const int LongestQuote = 2000;
    private const int LongestBracket = 100;
    private const int LevelWords = 12;
    private const int TabColumns = 4;

    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\r\n");
    private static readonly SearchValues<char> Ends = SearchValues.Create(" \t=,;()[]{}<>\"'`|\u00a0");
    private static readonly string[] HttpMethods =
    [
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "HEAD",
        "PATCH",
        "OPTIONS",
        "CONNECT",
        "TRACE",
        "PROPFIND",
    ];

    private readonly LogWordWriter writer = new(settings.MostWords);
    private readonly char[] plain = new char[settings.LongestLine];
    private readonly byte[] utf8 = new byte[settings.LongestLine * 3];
    private readonly char[][] values = [new char[settings.LongestLine], new char[settings.LongestLine]];
    private readonly char[] error = new char[settings.LongestLine];
    private bool isAfterRequest;

    public ReadOnlySpan<LogWord> Words => writer.Words;
    public ulong Hash => writer.Hash;
    public LineLevel Level { get; private set; }

    /// <summary>Columns before the text itself, within its envelope where there is one.</summary>
    public int Indent { get; private set; }

    /// <summary>The first time on the line that has a date, in Unix milliseconds.</summary>
    public long? UnixMs { get; private set; }

    public ReadOnlySpan<char> TextOf(in LogWord word) => writer.TextOf(word);

    public void Read(ReadOnlySpan<char> line)
    {
        writer.Clear();
        (Level, UnixMs, isAfterRequest) = (LineLevel.None, null, false);
        if (line.Length > settings.LongestLine)
            line = line[..settings.LongestLine];
        ReadEntry(WithoutColours(line), depth: 0);
    }

    private ReadOnlySpan<char> WithoutColours(ReadOnlySpan<char> line)
    {
        var from = line.IndexOf('\e');
        if (from < 0)
            return line;
        var length = 0;
        while (from >= 0)
        {
            line[..from].CopyTo(plain.AsSpan(length));
            length += from;
            line = line[(from + LogEscapes.LengthOf(line[from..]))..];
            from = line.IndexOf('\e');
        }
        line.CopyTo(plain.AsSpan(length));
        return plain.AsSpan(0, length + line.Length);
    }

    /// <summary>A line as it is, or the text within an envelope of JSON.</summary>
    private void ReadEntry(ReadOnlySpan<char> entry, int depth)
    {
        Indent = IndentOf(entry);
        entry = entry.Trim();
        var lineEnd = entry.IndexOfAny(LineEnds);
        if (entry.Length > 1 && entry[0] == '{' && depth < DeepestEnvelope && ReadJson(entry, depth))
            return;
        if (lineEnd >= 0)
            entry = entry[..lineEnd];
        if (depth < DeepestEnvelope && ReadLogfmt(entry))
            return;
        ReadText(entry);
    }

    private static int IndentOf(ReadOnlySpan<char> entry)
    {
        var columns = 0;
        foreach (var character in entry)
        {
            if (character is not (' ' or '\t'))
                break;
            columns += character == '\t' ? TabColumns : 1;
        }
        return columns;
    }

    // ------------------------------------------------------------------------------------------------------------ JSON

    private bool ReadJson(ReadOnlySpan<char> entry, int depth)
    {
        var second = entry[1..].TrimStart();
        if (second.IsEmpty || second[0] is not ('"' or '}'))
            return false;
        var bytes = utf8.AsSpan(0, Encoding.UTF8.GetBytes(entry, utf8));
        var found = new Fields();
        try
        {
            // A line that was cut is read as far as it goes; half a surrogate pair is refused too.
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowTrailingCommas = true, MaxDepth = 64 });
            Find(ref json, ref found, depth);
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException)
        {
            // What came before is read all the same.
        }
        if (found.Message <= 0)
            return false;
        WriteLevel(found.Level);
        ReadEntry(values[depth].AsSpan(0, found.Message), depth + 1);
        WriteError(error.AsSpan(0, Math.Max(0, found.Error)));
        return true;
    }

    private void Find(ref Utf8JsonReader json, ref Fields found, int depth)
    {
        Span<char> name = stackalloc char[24];
        Span<char> small = stackalloc char[40];
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var role =
                json.ValueSpan.Length > name.Length ? FieldRole.Other : LogFields.RoleOf(name[..json.CopyString(name)], out found.Rank);
            json.Read();
            switch (role)
            {
                case FieldRole.Message when json.TokenType == JsonTokenType.String && found.Rank < found.MessageRank:
                    (found.Message, found.MessageRank) = (json.CopyString(values[depth]), found.Rank);
                    break;
                case FieldRole.Error when json.TokenType == JsonTokenType.String && found.Error < 0:
                    found.Error = json.CopyString(error);
                    break;
                case FieldRole.Level when json.TokenType == JsonTokenType.String && json.ValueSpan.Length <= small.Length:
                    found.Level = LineLevels.Read(small[..json.CopyString(small)]);
                    break;
                case FieldRole.Level when json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number):
                    found.Level = LineLevels.FromNumber(number);
                    break;
                case FieldRole.Time when json.TokenType == JsonTokenType.Number && json.TryGetDouble(out var epoch):
                    UnixMs ??= LogStamp.FromEpoch(epoch);
                    break;
                case FieldRole.Time when json.TokenType == JsonTokenType.String && json.ValueSpan.Length <= small.Length:
                    ReadTime(small[..json.CopyString(small)]);
                    break;
                default:
                    if (role == FieldRole.Error && json.TokenType == JsonTokenType.StartObject && found.Error < 0)
                        found.Error = FindInner(ref json);
                    else
                        json.TrySkip();
                    break;
            }
        }
    }

    /// <summary>The words of an error that is an object.</summary>
    private int FindInner(ref Utf8JsonReader json)
    {
        Span<char> name = stackalloc char[24];
        var found = -1;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isMessage =
                json.ValueSpan.Length <= name.Length && LogFields.RoleOf(name[..json.CopyString(name)], out _) == FieldRole.Message;
            json.Read();
            if (isMessage && json.TokenType == JsonTokenType.String && found < 0)
                found = json.CopyString(error);
            else
                json.TrySkip();
        }
        return found;
    }

    private void ReadTime(ReadOnlySpan<char> text)
    {
        if (UnixMs is not null)
            return;
        if (LogStamp.TryRead(text, settings.YearOfShortStamps, out _, out var at))
            UnixMs = at;
        else if (double.TryParse(text, CultureInfo.InvariantCulture, out var epoch))
            UnixMs = LogStamp.FromEpoch(epoch);
    }

    // ---------------------------------------------------------------------------------------------------------- logfmt

    /// <summary>A line that is key=value throughout and has a message.</summary>
    private bool ReadLogfmt(ReadOnlySpan<char> line)
    {
        ReadOnlySpan<char> message = default,
            fault = default,
            time = default;
        var (hasMessage, best, level) = (false, int.MaxValue, LineLevel.None);
        var rest = line;
        while (!rest.IsEmpty)
        {
            var equals = rest.IndexOf('=');
            if (equals <= 0)
                return false;
            var key = rest[..equals];
            foreach (var character in key)
            {
                if (!char.IsAsciiLetterOrDigit(character) && character is not ('_' or '.' or '-' or '@'))
                    return false;
            }
            rest = rest[(equals + 1)..];
            var value = TakeValue(rest, out var used);
            rest = rest[used..].TrimStart();
            switch (LogFields.RoleOf(key, out var rank))
            {
                case FieldRole.Message when rank < best:
                    message = value;
                    (best, hasMessage) = (rank, !value.IsWhiteSpace());
                    break;
                case FieldRole.Error when fault.IsEmpty:
                    fault = value;
                    break;
                case FieldRole.Level:
                    level = LineLevels.Read(value);
                    break;
                case FieldRole.Time when time.IsEmpty:
                    time = value;
                    break;
            }
        }
        if (!hasMessage)
            return false;
        ReadTime(time);
        WriteLevel(level);
        ReadText(message);
        WriteError(fault);
        return true;
    }

    private static ReadOnlySpan<char> TakeValue(ReadOnlySpan<char> rest, out int used)
    {
        if (rest.Length > 0 && rest[0] == '"')
        {
            var close = ClosingQuote(rest, rest.Length);
            used = close < 0 ? rest.Length : close + 1;
            return rest[1..(close < 0 ? rest.Length : close)];
        }
        used = rest.IndexOfAny(' ', '\t');
        if (used < 0)
            used = rest.Length;
        return rest[..used];
    }

    private void WriteLevel(LineLevel level)
    {
        if (level == LineLevel.None || Level != LineLevel.None)
            return;
        Level = level;
        writer.Constant("level=");
        writer.Constant(LineLevels.NameOf(level));
        writer.EndWord();
    }

    private void WriteError(ReadOnlySpan<char> fault)
    {
        fault = fault.Trim();
        if (fault.IsEmpty)
            return;
        var lineEnd = fault.IndexOfAny(LineEnds);
        writer.Constant("error=");
        writer.EndWord();
        ReadText(lineEnd >= 0 ? fault[..lineEnd] : fault);
    }

    // ------------------------------------------------------------------------------------------------------------ text

    private void ReadText(ReadOnlySpan<char> line)
    {
        var at = 0;
        while (true)
        {
            while (at < line.Length && IsBlank(line[at]))
                at++;
            if (at == line.Length || writer.IsFull)
                return;
            at = ReadWord(line, at);
            writer.EndWord();
            if (Level == LineLevel.None && writer.Count <= LevelWords && writer.Count > 0)
                Level = LineLevels.OfWord(writer.TextOf(writer.Words[^1]));
        }
    }

    private static bool IsBlank(char character) => character <= ' ' || char.IsWhiteSpace(character) || char.IsControl(character);

    /// <returns>Where the word ends.</returns>
    private int ReadWord(ReadOnlySpan<char> line, int begin)
    {
        var at = begin;
        var bracketEnd = 0;
        ReadOnlySpan<char> key = default;
        while (at < line.Length)
        {
            if (IsBlank(line[at]))
            {
                if (at >= bracketEnd)
                    break;
                writer.Constant(' ');
                writer.Mark(LogWordKind.IsValue);
                at++;
                continue;
            }
            var isFresh = at == 0 || !char.IsLetterOrDigit(line[at - 1]);
            if (
                isFresh
                && LogStamp.CanBegin(line[at])
                && LogStamp.TryRead(line[at..], settings.YearOfShortStamps, out var length, out var time)
            )
            {
                UnixMs ??= time;
                writer.Mask(LogMask.Time);
                at += length;
                continue;
            }
            if (isFresh && line[at] is '"' or '\'' or '`' or '«' or '“')
            {
                var close = ClosingQuote(line[at..], LongestQuote);
                if (close > 0)
                {
                    var inner = line.Slice(at + 1, close - 1);
                    at += close + 1;
                    if (
                        LogFields.RoleOf(key, out _) is FieldRole.Message or FieldRole.Error
                        || (key.IsEmpty && IsMessage(inner, line[at..]))
                    )
                    {
                        writer.EndWord();
                        ReadText(inner);
                        return at;
                    }
                    WriteQuoted(inner, line[at - close - 1], line[at - 1]);
                    continue;
                }
            }
            var rest = line[at..];
            var end = rest.IndexOfAny(Ends);
            if (end == 0)
            {
                writer.Constant(rest[0]);
                if (rest[0] != '=')
                    key = default;
                if (rest[0] == '[')
                    bracketEnd = Math.Max(bracketEnd, EndOfBracket(line, at));
                at++;
                continue;
            }
            var chunk = end < 0 ? rest : rest[..end];
            chunk = Blankless(chunk);
            if (chunk.IsEmpty)
                break;
            if (
                isAfterRequest
                && chunk.Length == 3
                && chunk[0] is >= '1' and <= '5'
                && char.IsAsciiDigit(chunk[1])
                && char.IsAsciiDigit(chunk[2])
            )
            {
                writer.Constant(chunk[0]);
                writer.Constant("xx");
                writer.Mark(LogWordKind.IsFixed);
            }
            else if (!key.IsEmpty && LogChunks.IsNothing(chunk))
            {
                writer.Mask(LogMask.Any);
            }
            else
            {
                at += LogChunks.Write(chunk, line[(at + chunk.Length)..], writer);
            }
            isAfterRequest = false;
            key = chunk;
            at += chunk.Length;
        }
        return at;
    }

    /// <summary>What stands in square brackets is one word, blanks and all: a thread, a list, a client.</summary>
    /// <returns>Where the bracket at <paramref name="begin"/> closes; 0 when it does not, or not soon.</returns>
    private static int EndOfBracket(ReadOnlySpan<char> line, int begin)
    {
        var rest = line.Slice(begin + 1, Math.Min(LongestBracket, line.Length - begin - 1));
        var end = rest.IndexOfAny('[', ']');
        return end > 0 && rest[end] == ']' ? begin + 1 + end : 0;
    }

    /// <summary>Ends where a rarer blank, such as an ideographic space, begins.</summary>
    private static ReadOnlySpan<char> Blankless(ReadOnlySpan<char> chunk)
    {
        for (var i = 0; i < chunk.Length; i++)
        {
            if (IsBlank(chunk[i]))
                return chunk[..i];
        }
        return chunk;
    }

    /// <summary>An HTTP request keeps its method, and the status that follows keeps its class: a thousand 5xx are not a thousand 2xx.</summary>
    private void WriteQuoted(ReadOnlySpan<char> inner, char open, char close)
    {
        writer.Constant(open);
        var space = inner.IndexOf(' ');
        if (space > 0 && inner.Length > space + 1 && inner[space + 1] is '/' or '*' or 'h' && IsMethod(inner[..space]))
        {
            writer.Constant(inner[..(space + 1)]);
            writer.Mask(LogMask.Path);
            writer.Mark(LogWordKind.IsFixed);
            isAfterRequest = true;
        }
        else
        {
            writer.Mask(LogMask.Quoted);
        }
        writer.Constant(close);
    }

    /// <summary>A quoted sentence with nothing but fields behind it is what the line has to say, as klog writes it.</summary>
    private static bool IsMessage(ReadOnlySpan<char> inner, ReadOnlySpan<char> rest)
    {
        if (!inner.Contains(' ') || !char.IsUpper(inner[0]) || rest.IsEmpty || !IsBlank(rest[0]))
            return false;
        var field = rest.TrimStart();
        var equals = field.IndexOf('=');
        return equals > 0 && !field[..equals].ContainsAny(Ends);
    }

    private static bool IsMethod(ReadOnlySpan<char> word)
    {
        foreach (var method in HttpMethods)
        {
            if (word.SequenceEqual(method))
                return true;
        }
        return false;
    }

    /// <summary>Where the quote that opens the text is closed; a single one inside of a word is an apostrophe.</summary>
    /// <returns>-1 when it is not closed within <paramref name="longest"/> characters.</returns>
    private static int ClosingQuote(ReadOnlySpan<char> text, int longest)
    {
        var quote = text[0] switch
        {
            '«' => '»',
            '“' => '”',
            var same => same,
        };
        var end = Math.Min(text.Length, longest);
        for (var i = 1; i < end; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == quote && (quote != '\'' || i + 1 == text.Length || !char.IsLetterOrDigit(text[i + 1])))
                return i;
        }
        return -1;
    }

    private ref struct Fields()
    {
        public int Message = -1;
        public int MessageRank = int.MaxValue;
        public int Error = -1;
        public int Rank;
        public LineLevel Level;
    }
}
