using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Archon.Integrations.Replies;

/// <summary>The unpacked body of a reply. It draws what is read from the budget of all replies, and ends with an exception at its limit.</summary>
internal sealed class ReplyStream : Stream
{
    // Small enough that short replies do not reserve much, large enough that a long one seldom asks.
    private const int Chunk = 256 * 1024;

    private readonly Stream inner;
    private readonly ReplyBudget.Share share;
    private readonly long longest;
    private long count;

    /// <param name="length">The length that the server announced, where it did and the body is not packed.</param>
    /// <exception cref="ReplyTooLargeException">That is over the limit.</exception>
    public ReplyStream(Stream inner, ReplyBudget budget, ReplyLimits limits, long? length)
    {
        if (length > limits.Bytes)
            throw limits.TooManyBytes();
        this.inner = inner;
        Limits = limits;
        longest = length ?? limits.Bytes;
        share = budget.Open(longest);
    }

    public ReplyLimits Limits { get; }

    /// <summary>True while other replies have all the memory that there is for replies.</summary>
    public bool IsWaiting => share.IsWaiting;

    /// <exception cref="ReplyTooLargeException">The body goes on after its limit.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        if (count == longest)
        {
            // One byte more tells a body that ends here from one that goes on.
            if (await inner.ReadAsync(buffer[..1], cancellationToken) == 0)
                return 0;
            throw Limits.TooManyBytes();
        }
        if (count == share.Drawn)
            await share.DrawAsync(Math.Min(Chunk, longest - count), cancellationToken);
        var read = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, share.Drawn - count)], cancellationToken);
        count += read;
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>The whole body as text.</summary>
    public async ValueTask<string> ReadTextAsync(CancellationToken cancellationToken)
    {
        using var whole = await ReadWholeAsync(cancellationToken);
        return Encoding.UTF8.GetString(Bytes(whole));
    }

    /// <summary>As <see cref="ReadJsonAsync{T}"/>, of any form.</summary>
    public async ValueTask<JsonElement> ReadJsonAsync(CancellationToken cancellationToken)
    {
        using var whole = await ReadWholeAsync(cancellationToken);
        return JsonElement.Parse(Bytes(whole));
    }

    /// <summary>
    /// The whole body as one JSON document; null where it is <c>null</c>. The serializer's own reading of a stream takes its buffers from the
    /// shared pool, which keeps those of a long reply for minutes.
    /// </summary>
    /// <exception cref="JsonException">It is not JSON of this form.</exception>
    public async ValueTask<T?> ReadJsonAsync<T>(JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var whole = await ReadWholeAsync(cancellationToken);
        return JsonSerializer.Deserialize(Bytes(whole), type);
    }

    private async ValueTask<MemoryStream> ReadWholeAsync(CancellationToken cancellationToken)
    {
        var whole = new MemoryStream();
        await CopyToAsync(whole, cancellationToken);
        return whole;
    }

    private static ReadOnlySpan<byte> Bytes(MemoryStream whole) => whole.GetBuffer().AsSpan(0, (int)whole.Length);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            share.Dispose();
            inner.Dispose();
        }
        base.Dispose(disposing);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position
    {
        get => count;
        set => throw new NotSupportedException();
    }

    /// <summary>A reply is never read by a thread that waits.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
