using System.Buffers.Text;
using System.Globalization;
using System.Text.Json;

namespace Archon.Features.MonitoringApi;

/// <summary>Where the next part of a list begins, as an opaque text: the list's name and the place of the last entry that was given
/// out.</summary>
/// <remarks>A place and not a number of entries to skip: what comes or goes meanwhile makes no entry appear twice or not at all.</remarks>
public static class PageCursor
{
    /// <summary>More than the longest that is given out has.</summary>
    private const int MostCharacters = 4096;

    /// <param name="list">Which list it is of, so that a cursor of another one is refused.</param>
    public static string Encode(string list, params object[] place) =>
        Base64Url.EncodeToString(
            JsonSerializer.SerializeToUtf8Bytes(
                place
                    .Select(part =>
                        part switch
                        {
                            double number => number.ToString("R", CultureInfo.InvariantCulture),
                            DateTimeOffset at => at.UtcTicks.ToString(CultureInfo.InvariantCulture),
                            _ => Convert.ToString(part, CultureInfo.InvariantCulture)!,
                        }
                    )
                    .Prepend(list)
                    .ToArray()
            )
        );

    /// <returns>The name of the list, then the parts of the place; null where the text is no cursor.</returns>
    public static string[]? Decode(string cursor)
    {
        if (cursor.Length > MostCharacters || !Base64Url.IsValid(cursor))
            return null;
        try
        {
            return
                JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(cursor)) is { Length: > 0 } parts
                && parts.All(part => part is not null)
                ? parts
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static bool TryNumber(string part, out long number) =>
        long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    public static bool TryTime(string part, out DateTimeOffset at)
    {
        var isTime = TryNumber(part, out var ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks;
        at = isTime ? new DateTimeOffset(ticks, TimeSpan.Zero) : default;
        return isTime;
    }

    public static bool TryShare(string part, out double share) =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out share) && share is >= 0 and <= 1;
}
