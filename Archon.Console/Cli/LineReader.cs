using System.Text;

namespace Archon.Cli;

/// <summary>Lines of a text of any size: of one longer than the buffer the beginning is given, and the rest is passed over.</summary>
internal sealed class LineReader(Stream stream, string file) : IDisposable
{
    private readonly StreamReader reader = new(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16);
    private readonly char[] buffer = new char[1 << 17];
    private int begin;
    private int end;
    private bool isEnd;

    /// <summary>Lines given so far.</summary>
    public long Count { get; private set; }

    /// <param name="line">Without its end; valid until the next call.</param>
    /// <exception cref="BadInputException">The file cannot be read on.</exception>
    public bool Next(out ReadOnlySpan<char> line)
    {
        var length = buffer.AsSpan(begin, end - begin).IndexOf('\n');
        while (length < 0 && !isEnd)
        {
            if (begin == 0 && end == buffer.Length)
                return NextTooLong(out line);
            Fill();
            length = buffer.AsSpan(begin, end - begin).IndexOf('\n');
        }
        line = buffer.AsSpan(begin, length < 0 ? end - begin : length);
        if (length < 0 && line.IsEmpty)
            return false;
        begin = length < 0 ? end : begin + length + 1;
        if (line.EndsWith('\r'))
            line = line[..^1];
        Count++;
        return true;
    }

    public void Dispose() => reader.Dispose();

    /// <summary>Gives the half of what the buffer holds, and goes to where the line ends.</summary>
    private bool NextTooLong(out ReadOnlySpan<char> line)
    {
        var kept = buffer[..(buffer.Length / 2)];
        int ends;
        do
        {
            (begin, end) = (0, 0);
            Fill();
            ends = buffer.AsSpan(0, end).IndexOf('\n');
        } while (ends < 0 && !isEnd);
        begin = ends < 0 ? end : ends + 1;
        line = kept;
        Count++;
        return true;
    }

    private void Fill()
    {
        buffer.AsSpan(begin, end - begin).CopyTo(buffer);
        (begin, end) = (0, end - begin);
        try
        {
            var read = reader.Read(buffer.AsSpan(end));
            isEnd = read == 0;
            end += read;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException)
        {
            throw new BadInputException(file, Count + 1, failure.Message);
        }
    }
}
