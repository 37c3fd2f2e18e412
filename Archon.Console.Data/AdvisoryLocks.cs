namespace Archon.Data;

/// <summary>Keys of PostgreSQL advisory locks that all consoles on one database agree on. The word "Archon" in ASCII leads each, so as not to meet another program's.</summary>
public static class AdvisoryLocks
{
    public const long Migrations = 0x41_72_63_68_6F_6E_00_01;
    public const long Partitions = 0x41_72_63_68_6F_6E_00_02;

    // Of these there is one for each environment: the first number says what, the second which.
    public const int RuleCatalogue = 0x41_72_63_01;
    public const int RuleApply = 0x41_72_63_02;
}
