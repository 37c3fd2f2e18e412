using System.Buffers;
using System.Text.Json;

namespace Archon.Integrations.Replies;

/// <summary>
/// Just enough of a JSON reader over a stream to walk to what matters. What lies there is then read value by value, each of at most
/// <see cref="ReplyLimits.ValueBytes"/>, so that no reply is kept in memory as a whole.
/// </summary>
internal class JsonStreamReader(Stream stream, ReplyLimits limits) : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    // The pool keeps what is given back: for longer values that would be for good.
    private const int LargestPooled = 1024 * 1024;

    private protected byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private protected int at;
    private protected int end;
    private protected bool isEnded;

    public void Dispose()
    {
        GiveBack();
        GC.SuppressFinalize(this);
    }

    private void GiveBack()
    {
        if (buffer.Length <= LargestPooled)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    /// <returns>The name of the next member; null at the end of the object.</returns>
    public async ValueTask<string?> NextNameAsync(CancellationToken cancellationToken)
    {
        var next = await PeekAsync(cancellationToken);
        if (next == ',')
        {
            at++;
            next = await PeekAsync(cancellationToken);
        }
        if (next == '}')
        {
            at++;
            return null;
        }
        var name = await StringAsync(cancellationToken);
        await ExpectAsync((byte)':', cancellationToken);
        return name;
    }

    /// <returns>True before an item, false after the end of the array.</returns>
    public async ValueTask<bool> NextItemAsync(CancellationToken cancellationToken)
    {
        var next = await PeekAsync(cancellationToken);
        if (next is not ((byte)',' or (byte)']'))
            return true;
        at++;
        return next == ',';
    }

    public async ValueTask<string> StringAsync(CancellationToken cancellationToken)
    {
        if (await PeekAsync(cancellationToken) != '"')
            throw new JsonException("A string was expected.");
        return Decode((await RawAsync(cancellationToken)).Span);

        static string Decode(ReadOnlySpan<byte> raw)
        {
            var json = new Utf8JsonReader(raw);
            json.Read();
            return json.GetString()!;
        }
    }

    public async ValueTask<IReadOnlyList<string>> StringsAsync(CancellationToken cancellationToken)
    {
        using var list = JsonDocument.Parse(await RawAsync(cancellationToken));
        return list.RootElement.ValueKind == JsonValueKind.Array
            ? [.. list.RootElement.EnumerateArray().Select(item => item.GetString()!)]
            : [];
    }

    /// <summary>The bytes of one whole value. Valid until the next read.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> RawAsync(CancellationToken cancellationToken)
    {
        await PeekAsync(cancellationToken);
        var length = 0;
        var scan = default(ValueScan);
        while (!scan.Go(buffer.AsSpan(at, end - at), ref length))
        {
            if (isEnded)
                throw new JsonException("The reply ends in the middle of a value.");
            await FillAsync(end - at + 1, cancellationToken);
        }
        var raw = buffer.AsMemory(at, length);
        at += length;
        return raw;
    }

    /// <summary>Passes over one value of any length without keeping it.</summary>
    public async ValueTask SkipAsync(CancellationToken cancellationToken)
    {
        await PeekAsync(cancellationToken);
        var length = 0;
        var scan = default(ValueScan);
        while (!scan.Go(buffer.AsSpan(at, end - at), ref length))
        {
            if (isEnded)
                throw new JsonException("The reply ends in the middle of a value.");
            at = end;
            length = 0;
            await FillAsync(1, cancellationToken);
        }
        at += length;
    }

    public async ValueTask ExpectAsync(byte wanted, CancellationToken cancellationToken)
    {
        if (await PeekAsync(cancellationToken) != wanted)
            throw new JsonException($"'{(char)wanted}' was expected.");
        at++;
    }

    public async ValueTask<byte> PeekAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            while (at < end)
            {
                if (buffer[at] is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
                    return buffer[at];
                at++;
            }
            if (isEnded)
                throw new JsonException("The reply ends too early.");
            await FillAsync(1, cancellationToken);
        }
    }

    /// <summary>Moves what is left to the front and reads on until <paramref name="wanted"/> bytes lie ahead or the stream ends.</summary>
    private protected async ValueTask FillAsync(int wanted, CancellationToken cancellationToken)
    {
        if (wanted > limits.ValueBytes)
            throw limits.TooLongValue();
        if (at > 0)
        {
            buffer.AsSpan(at, end - at).CopyTo(buffer);
            (at, end) = (0, end - at);
        }
        if (wanted > buffer.Length)
        {
            var size = Math.Max(wanted, buffer.Length * 2);
            var larger = size <= LargestPooled ? ArrayPool<byte>.Shared.Rent(size) : GC.AllocateUninitializedArray<byte>(size);
            buffer.AsSpan(0, end).CopyTo(larger);
            GiveBack();
            buffer = larger;
        }
        while (end < wanted)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                isEnded = true;
                return;
            }
            end += read;
        }
    }

    /// <summary>Finds where a value ends; goes on where it stopped when more bytes have come.</summary>
    private struct ValueScan
    {
        private int depth;
        private bool isInString;
        private bool isEscaped;
        private bool isBegun;

        public bool Go(ReadOnlySpan<byte> bytes, ref int length)
        {
            while (length < bytes.Length)
            {
                var one = bytes[length];
                if (isInString)
                {
                    length++;
                    if (isEscaped)
                        isEscaped = false;
                    else if (one == '\\')
                        isEscaped = true;
                    else if (one == '"')
                    {
                        isInString = false;
                        if (depth == 0)
                            return true;
                    }
                    continue;
                }
                switch (one)
                {
                    case (byte)'"':
                        isInString = isBegun = true;
                        break;
                    case (byte)'{' or (byte)'[':
                        depth++;
                        isBegun = true;
                        break;
                    case (byte)'}' or (byte)']':
                        if (depth == 0)
                            return isBegun; // the end of what surrounds a number or a word
                        if (--depth == 0)
                        {
                            length++;
                            return true;
                        }
                        break;
                    case (byte)',' or (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' when depth == 0 && isBegun:
                        return true;
                    default:
                        isBegun = true;
                        break;
                }
                length++;
            }
            return false;
        }
    }
}
