using System.Buffers.Binary;
using System.Numerics;

namespace Archon.Analysis.Alerting;

/// <summary>The 64-bit hash by which Prometheus spreads its rule groups over time.</summary>
/// <remarks>
/// Source: xxHash specification, version 0.1.1, XXH64 with seed 0. The base library has it outside of what this folder may use.
/// </remarks>
internal static class XxHash64
{
    private const ulong Prime1 = 11400714785074694791;
    private const ulong Prime2 = 14029467366897019727;
    private const ulong Prime3 = 1609587929392839161;
    private const ulong Prime4 = 9650029242287828579;
    private const ulong Prime5 = 2870177450012600261;

    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        ulong hash = Prime5;
        if (rest.Length >= 32)
        {
            ulong one = unchecked(Prime1 + Prime2), two = Prime2, three = 0, four = unchecked(0 - Prime1);
            while (rest.Length >= 32)
            {
                one = Round(one, BinaryPrimitives.ReadUInt64LittleEndian(rest));
                two = Round(two, BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]));
                three = Round(three, BinaryPrimitives.ReadUInt64LittleEndian(rest[16..]));
                four = Round(four, BinaryPrimitives.ReadUInt64LittleEndian(rest[24..]));
                rest = rest[32..];
            }
            hash = BitOperations.RotateLeft(one, 1) + BitOperations.RotateLeft(two, 7)
                + BitOperations.RotateLeft(three, 12) + BitOperations.RotateLeft(four, 18);
            hash = Merge(Merge(Merge(Merge(hash, one), two), three), four);
        }
        hash += (ulong)bytes.Length;
        while (rest.Length >= 8)
        {
            hash = (BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(rest)), 27) * Prime1) + Prime4;
            rest = rest[8..];
        }
        if (rest.Length >= 4)
        {
            hash = (BitOperations.RotateLeft(hash ^ (BinaryPrimitives.ReadUInt32LittleEndian(rest) * Prime1), 23) * Prime2) + Prime3;
            rest = rest[4..];
        }
        foreach (var one in rest) hash = BitOperations.RotateLeft(hash ^ (one * Prime5), 11) * Prime1;
        hash = (hash ^ (hash >> 33)) * Prime2;
        hash = (hash ^ (hash >> 29)) * Prime3;
        return hash ^ (hash >> 32);
    }

    private static ulong Round(ulong sum, ulong input) => BitOperations.RotateLeft(sum + (input * Prime2), 31) * Prime1;
    private static ulong Merge(ulong hash, ulong sum) => ((hash ^ Round(0, sum)) * Prime1) + Prime4;
}
