namespace Archon.Features.Access;

/// <summary>What a password has to be.</summary>
internal static class Passwords
{
    /// <summary>In characters. Length is what counts (NIST SP 800-63B); rules about characters make passwords worse.</summary>
    public const int MinLength = 12;
}
