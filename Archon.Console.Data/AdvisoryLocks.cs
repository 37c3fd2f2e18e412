namespace Archon.Data;

/// <summary>Keys of PostgreSQL advisory locks that all consoles on one database agree on. The word "Archon" in ASCII leads each, so as not to meet another program's.</summary>
internal static class AdvisoryLocks
{
    public const long Migrations = 0x41_72_63_68_6F_6E_00_01;
    public const long Partitions = 0x41_72_63_68_6F_6E_00_02;
}
