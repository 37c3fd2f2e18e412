using Archon.Analysis;

namespace Archon.Cli;

/// <summary>What a compressed file unpacks to, up to a limit: a few kilobytes may unpack to any number of gigabytes.</summary>
internal sealed class UnpackedStream(Stream unpacked, string file, InputLimit limit) : Stream
{
    private long count;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => count;
        set => throw new NotSupportedException();
    }

    /// <exception cref="BadInputException">It is more than the limit, or the file is damaged or lacks its end.</exception>
    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <exception cref="BadInputException">It is more than the limit, or the file is damaged or lacks its end.</exception>
    public override int Read(Span<byte> buffer)
    {
        try
        {
            return Counted(unpacked.Read(buffer));
        }
        catch (InvalidDataException damage)
        {
            throw Damaged(damage);
        }
    }

    /// <exception cref="BadInputException">It is more than the limit, or the file is damaged or lacks its end.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return Counted(await unpacked.ReadAsync(buffer, cancellationToken));
        }
        catch (InvalidDataException damage)
        {
            throw Damaged(damage);
        }
    }

    public override void Flush()
    {
        // nothing is written
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            unpacked.Dispose();
        base.Dispose(disposing);
    }

    private int Counted(int read) =>
        (count += read) <= limit.Most ? read : throw new BadInputException($"{Files.NameOf(file)}: {limit.Sentence}.");

    private BadInputException Damaged(InvalidDataException damage) =>
        new($"{Files.NameOf(file)}: the compressed data is damaged, or its end is missing: {damage.Message}");
}
