namespace Archon.Features.Rules.Import;

/// <summary>How an import ended, in sentences.</summary>
internal static class ImportWords
{
    public static string Files(int count) => count == 1 ? "1 file" : $"{count} files";

    /// <param name="kept">Files of which nothing was taken, because the catalogue's version was chosen.</param>
    /// <param name="keptFromTarget">How many of them were read from the target, so that an apply replaces them there.</param>
    public static string Ended(int taken, int refused, int kept, int keptFromTarget)
    {
        var parts = new List<string>();
        if (taken > 0)
            parts.Add(refused > 0 ? $"{Files(taken)} imported, {refused} refused." : $"{Files(taken)} imported.");
        else if (refused > 0)
            parts.Add($"{Files(refused)} refused.");
        if (kept > 0)
            parts.Add($"The catalogue's version was kept for {Files(kept)}.");
        if (keptFromTarget > 0)
            parts.Add(
                keptFromTarget == 1 ? "Apply it to replace the file on the target." : "Apply them to replace the files on the target."
            );
        return parts.Count > 0 ? string.Join(' ', parts) : "Nothing to import: the catalogue already has it.";
    }
}
