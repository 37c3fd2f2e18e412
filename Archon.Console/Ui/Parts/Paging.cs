using System.Globalization;

namespace Archon.Ui.Parts;

/// <summary>Pages of a list, counted from 1 in an address.</summary>
public static class Paging
{
    /// <summary>What comes before the page that an address asks for; the first page where it asks for none that can be read.</summary>
    public static int Skip(string? page, int size) =>
        int.TryParse(page, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 1 && number <= int.MaxValue / size
            ? (number - 1) * size
            : 0;

    /// <summary>Beyond the end of a list of <paramref name="count"/> the start of its last page: a list gets shorter while somebody is at
    /// its end.</summary>
    public static int Clamp(int skip, int size, int count) =>
        skip < count ? skip
        : count == 0 ? 0
        : (count - 1) / size * size;
}
