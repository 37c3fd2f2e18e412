using System.Buffers.Binary;
using System.Text;

namespace Archon.Analysis.Detection;

/// <summary>Puts numbers one after the other into bytes, little-endian.</summary>
internal ref struct StateWriter(Span<byte> target)
{
    private readonly Span<byte> target = target;

    public int Length { get; private set; }

    public void Byte(byte value) => target[Length++] = value;

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(target[Length..], value);
        Length += sizeof(long);
    }

    public void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(target[Length..], value);
        Length += sizeof(double);
    }

    public void Single(float value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(target[Length..], value);
        Length += sizeof(float);
    }

    /// <summary>Values that went through <see cref="Short.Round"/> come back exactly.</summary>
    public void Shorts(scoped ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            var bits = BitConverter.SingleToUInt32Bits(value);
            target[Length] = (byte)(bits >> 8);
            target[Length + 1] = (byte)(bits >> 16);
            target[Length + 2] = (byte)(bits >> 24);
            Length += Short.Bytes;
        }
    }

    public void Bytes(scoped ReadOnlySpan<byte> values)
    {
        values.CopyTo(target[Length..]);
        Length += values.Length;
    }

    /// <exception cref="ArgumentException">The text takes more than 255 bytes.</exception>
    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > byte.MaxValue)
            throw new ArgumentException($"The text takes {length} bytes, at most 255 can be kept.", nameof(value));
        Byte((byte)length);
        Length += Encoding.UTF8.GetBytes(value, target[Length..]);
    }
}

/// <summary>Takes them out again. Reading past the end gives zeros and <see cref="IsTorn"/>: stored bytes may be cut.</summary>
internal ref struct StateReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> source = source;
    private int at;

    public bool IsTorn { get; private set; }

    /// <summary>All was read and nothing is left.</summary>
    public readonly bool IsWhole => !IsTorn && at == source.Length;

    public byte Byte() => Next(1) is [var value] ? value : (byte)0;

    public long Int64() => Next(sizeof(long)) is { IsEmpty: false } next ? BinaryPrimitives.ReadInt64LittleEndian(next) : 0;

    public double Double() => Next(sizeof(double)) is { IsEmpty: false } next ? BinaryPrimitives.ReadDoubleLittleEndian(next) : 0;

    public float Single() => Next(sizeof(float)) is { IsEmpty: false } next ? BinaryPrimitives.ReadSingleLittleEndian(next) : 0;

    public void Shorts(scoped Span<float> values)
    {
        var next = Next(values.Length * Short.Bytes);
        if (next.IsEmpty)
            return;
        for (var i = 0; i < values.Length; i++)
        {
            var one = next[(i * Short.Bytes)..];
            values[i] = BitConverter.UInt32BitsToSingle(((uint)one[0] << 8) | ((uint)one[1] << 16) | ((uint)one[2] << 24));
        }
    }

    public void Bytes(scoped Span<byte> values) => Next(values.Length).CopyTo(values);

    public string Text() => Encoding.UTF8.GetString(Next(Byte()));

    private ReadOnlySpan<byte> Next(int length)
    {
        if (IsTorn || source.Length - at < length)
        {
            IsTorn = true;
            return [];
        }
        at += length;
        return source.Slice(at - length, length);
    }
}

/// <summary>Numbers of 16 significant bits. What is learnt is rounded to them at once, so that storing it in three bytes changes
/// nothing.</summary>
internal static class Short
{
    public const int Bytes = 3;

    public static float Round(double value) =>
        BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits((float)value) + 0x80) & 0xFFFF_FF00);
}
