using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Archon.Data;

/// <summary>Keys of PostgreSQL advisory locks that all consoles on one database agree on. The word "Archon" in ASCII leads each, so as not to meet another program's.</summary>
public static class AdvisoryLocks
{
    public const long Migrations = 0x41_72_63_68_6F_6E_00_01;
    public const long Partitions = 0x41_72_63_68_6F_6E_00_02;

    // Of these there is one for each environment: the first number says what, the second which.
    public const int RuleCatalogue = 0x41_72_63_01;
    public const int RuleApply = 0x41_72_63_02;
    public const int States = 0x41_72_63_03;

    /// <summary>The key of the lock on a resource that is named by a text, such as <c>triage:1</c>.</summary>
    /// <remarks>
    /// The first 64 bits of a SHA-256, with the sign bit set: always negative, while every constant above is positive, so the two never collide.
    /// Locks of two numbers have a key space of their own in PostgreSQL.
    /// </remarks>
    public static long KeyOf(string resource) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes("archon:" + resource))) | long.MinValue;
}
