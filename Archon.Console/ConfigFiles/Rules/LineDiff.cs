namespace Archon.ConfigFiles.Rules;

public enum LineKind
{
    Same,
    Removed,
    Added,

    /// <summary>Lines that are the same on both sides are left out here.</summary>
    Gap,
}

/// <param name="Before">Number of the line in the old text, from 1; null where it is new.</param>
/// <param name="After">Number in the new text; null where it is gone.</param>
public sealed record DiffLine(LineKind Kind, string Text, int? Before, int? After);

/// <summary>Two texts side by side, line by line.</summary>
public static class LineDiff
{
    private const int Context = 3;

    // The table of what two texts have in common grows with the product of their lines; beyond this the middle is shown as replaced.
    private const int MostCells = 4_000_000;

    /// <returns>What differs with a few lines around it; empty for the same texts.</returns>
    public static IReadOnlyList<DiffLine> Between(string before, string after)
    {
        var (one, other) = (Lines(before), Lines(after));
        var head = one.AsSpan().CommonPrefixLength(other);
        var tail = 0;
        while (tail < Math.Min(one.Length, other.Length) - head && one[^(tail + 1)] == other[^(tail + 1)])
            tail++;
        var all = new List<DiffLine>();
        for (var i = 0; i < head; i++)
            all.Add(new DiffLine(LineKind.Same, one[i], i + 1, i + 1));
        Middle(one.AsSpan(head, one.Length - head - tail), other.AsSpan(head, other.Length - head - tail), head, all);
        for (var i = tail; i > 0; i--)
            all.Add(new DiffLine(LineKind.Same, one[^i], one.Length - i + 1, other.Length - i + 1));
        return Folded(all);
    }

    private static string[] Lines(string text) =>
        text.Length == 0 ? []
        : text.EndsWith('\n') ? text[..^1].Split('\n')
        : text.Split('\n');

    private static void Middle(ReadOnlySpan<string> one, ReadOnlySpan<string> other, int head, List<DiffLine> all)
    {
        var lengths = (long)one.Length * other.Length <= MostCells ? Common(one, other) : null;
        var (i, j) = (0, 0);
        while (i < one.Length || j < other.Length)
        {
            if (lengths is not null && i < one.Length && j < other.Length && one[i] == other[j])
            {
                all.Add(new DiffLine(LineKind.Same, one[i], head + ++i, head + ++j));
            }
            else if (i < one.Length && (j >= other.Length || lengths is null || lengths[i + 1, j] >= lengths[i, j + 1]))
            {
                all.Add(new DiffLine(LineKind.Removed, one[i], head + ++i, null));
            }
            else
                all.Add(new DiffLine(LineKind.Added, other[j], null, head + ++j));
        }
    }

    /// <summary>For each pair of places, how many lines the rests of both have in common in order.</summary>
    private static int[,] Common(ReadOnlySpan<string> one, ReadOnlySpan<string> other)
    {
        var lengths = new int[one.Length + 1, other.Length + 1];
        for (var i = one.Length - 1; i >= 0; i--)
        {
            for (var j = other.Length - 1; j >= 0; j--)
            {
                lengths[i, j] = one[i] == other[j] ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }
        return lengths;
    }

    private static List<DiffLine> Folded(List<DiffLine> all)
    {
        var shown = new bool[all.Count];
        for (var i = 0; i < all.Count; i++)
        {
            if (all[i].Kind == LineKind.Same)
                continue;
            for (var near = Math.Max(0, i - Context); near <= Math.Min(all.Count - 1, i + Context); near++)
                shown[near] = true;
        }
        if (!shown.Contains(true))
            return [];
        var folded = new List<DiffLine>();
        for (var i = 0; i < all.Count; i++)
        {
            if (shown[i])
                folded.Add(all[i]);
            else if (folded is not [.., { Kind: LineKind.Gap }])
                folded.Add(new DiffLine(LineKind.Gap, "", null, null));
        }
        return folded;
    }
}
