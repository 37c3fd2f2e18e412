using System.IO.Hashing;
using System.Text;

namespace Archon.Features.Watches.Discovery;

/// <summary>Names of watches that are found by shape.</summary>
internal static class TemplateKey
{
    /// <summary>As long as the database takes it.</summary>
    private const int Longest = 64;

    /// <summary>The same for ever: what is watched, and the metric itself where it fits.</summary>
    public static string Of(string what, string metric)
    {
        var whole = $"{what}/{metric}";
        if (whole.Length <= Longest)
            return whole;
        var hash = Convert.ToHexStringLower(XxHash64.Hash(Encoding.UTF8.GetBytes(metric)));
        return $"{whole[..(Longest - hash.Length - 1)]}~{hash}";
    }
}
