using System.IO.Hashing;
using System.Text;

namespace Archon.Analysis.RuleReplay;

/// <summary>How a Prometheus keeps labels in memory, and with that what it hashes.</summary>
public enum LabelEncoding
{
    /// <summary>Names and values with a byte between them: releases before 2.44, and builds with the tag <c>slicelabels</c>.</summary>
    Separated,

    /// <summary>Each text after its length as a variable-length integer: 2.44 to 3.4.</summary>
    Varint,

    /// <summary>Each text after its length in one byte or four: since 3.5.</summary>
    Sized,
}

/// <summary>
/// When a server evaluates a rule group: at every multiple of its interval, moved by a part of the interval that its file and name decide.
/// </summary>
/// <remarks>
/// Source: <c>Group.EvalTimestamp</c> and <c>Group.hash</c> in <c>rules/group.go</c>, <c>Labels.Hash</c> in <c>model/labels</c> of
/// Prometheus.
/// </remarks>
public sealed class GroupSchedule
{
    private const long NanosecondsPerMillisecond = 1_000_000;
    private readonly Int128 offset; // nanoseconds, less than one interval
    private readonly Int128 interval;

    private GroupSchedule(Int128 offset, TimeSpan interval) =>
        (this.offset, Interval, this.interval) = (offset, interval, (Int128)interval.Ticks * TimeSpan.NanosecondsPerTick);

    public TimeSpan Interval { get; }

    /// <summary>How long after a multiple of the interval the group is evaluated.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks((long)(offset / TimeSpan.NanosecondsPerTick));

    /// <param name="file">The rule file by the path the server has it under.</param>
    /// <param name="interval">One millisecond or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The interval is shorter.</exception>
    public static GroupSchedule Of(string file, string group, TimeSpan interval, LabelEncoding encoding)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromMilliseconds(1));
        var hash = XxHash64.HashToUInt64(Encoded(encoding, "file", file, "name", group));
        return new GroupSchedule((Int128)(hash % (ulong)(interval.Ticks * TimeSpan.NanosecondsPerTick)), interval);
    }

    /// <summary>A group that is evaluated at this moment, and every interval before and after it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is shorter than a millisecond.</exception>
    public static GroupSchedule Through(DateTimeOffset moment, TimeSpan interval)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromMilliseconds(1));
        var ticks = (moment - DateTimeOffset.UnixEpoch).Ticks % interval.Ticks;
        return new GroupSchedule((Int128)ticks * TimeSpan.NanosecondsPerTick, interval);
    }

    /// <summary>The encoding a release of this version hashes, unless it was built otherwise.</summary>
    public static LabelEncoding EncodingOf(Version version) =>
        version < new Version(2, 44) ? LabelEncoding.Separated
        : version < new Version(3, 5) ? LabelEncoding.Varint
        : LabelEncoding.Sized;

    /// <summary>The first evaluation at or after a moment, in Unix milliseconds, to which Prometheus cuts its times.</summary>
    /// <param name="from">Unix milliseconds, not negative.</param>
    public long First(long from)
    {
        var at = (Int128)from * NanosecondsPerMillisecond;
        var slot = (at - offset) / interval * interval + offset;
        while (slot / NanosecondsPerMillisecond < from)
            slot += interval;
        while ((slot - interval) / NanosecondsPerMillisecond >= from && slot >= interval)
            slot -= interval;
        return (long)(slot / NanosecondsPerMillisecond);
    }

    private static byte[] Encoded(LabelEncoding encoding, params ReadOnlySpan<string> texts)
    {
        var bytes = new List<byte>();
        foreach (var text in texts)
        {
            var utf8 = Encoding.UTF8.GetBytes(text);
            var length = utf8.Length;
            switch (encoding)
            {
                case LabelEncoding.Varint:
                    for (; length >= 0x80; length >>= 7)
                        bytes.Add((byte)(length | 0x80));
                    bytes.Add((byte)length);
                    break;
                case LabelEncoding.Sized:
                    if (length < 255)
                        bytes.Add((byte)length);
                    else
                        bytes.AddRange([255, (byte)length, (byte)(length >> 8), (byte)(length >> 16)]);
                    break;
            }
            bytes.AddRange(utf8);
            if (encoding == LabelEncoding.Separated)
                bytes.Add(0xff);
        }
        return [.. bytes];
    }
}
