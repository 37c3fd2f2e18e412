using System.Globalization;
using System.Text.RegularExpressions;

namespace Archon.Ui.View;

/// <summary>
/// One end of a time range as Grafana writes it: <c>now</c>, <c>now-6h</c>, <c>now/d</c>, <c>now-1d/d</c>, Unix milliseconds, or a date with or
/// without a time.
/// </summary>
public static partial class RangeText
{
    private static readonly string[] Absolute =
    [
        "yyyy-MM-dd HH:mm:ss",
        "yyyy-MM-dd HH:mm",
        "yyyy-MM-dd'T'HH:mm:ss",
        "yyyy-MM-dd'T'HH:mm",
        "yyyy-MM-dd",
    ];

    /// <param name="isEnd">An end rounded to a unit lies at the end of that unit: <c>now/d</c> as an end is tonight.</param>
    /// <param name="zone">What days and times without a zone are meant in.</param>
    public static bool TryParse(string? text, DateTimeOffset now, TimeZoneInfo zone, bool isEnd, out DateTimeOffset at)
    {
        try
        {
            return TryRead(text, now, zone, isEnd, out at);
        }
        catch (ArgumentOutOfRangeException)
        {
            at = default; // before the year 1 or after 9999, in the zone or in UTC
            return false;
        }
    }

    private static bool TryRead(string? text, DateTimeOffset now, TimeZoneInfo zone, bool isEnd, out DateTimeOffset at)
    {
        at = default;
        text = text?.Trim();
        if (string.IsNullOrEmpty(text))
            return false;
        if (RelativeTime().Match(text) is { Success: true } relative)
            return TryRelative(relative, now, zone, isEnd, out at);
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && text.Length is >= 12 and <= 14)
        {
            at = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
            return true;
        }
        if (DateTime.TryParseExact(text, Absolute, CultureInfo.InvariantCulture, DateTimeStyles.None, out var wall))
        {
            if (isEnd && text.Length == 10)
                wall = wall.AddDays(1).AddMilliseconds(-1);
            at = FromWall(wall, zone);
            return true;
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out at)
            && text.Contains(':', StringComparison.Ordinal);
    }

    /// <summary>A length as people type it: <c>15m</c>, <c>13h</c>, <c>2d</c>, <c>1w</c>.</summary>
    public static bool TryLength(string? text, out TimeSpan length)
    {
        length = default;
        if (
            LengthText().Match(text?.Trim() ?? "") is not { Success: true } match
            || !int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is 0 or > 100_000
        )
        {
            return false;
        }
        length = match.Groups[2].Value switch
        {
            "s" => TimeSpan.FromSeconds(count),
            "m" => TimeSpan.FromMinutes(count),
            "h" => TimeSpan.FromHours(count),
            "d" => TimeSpan.FromDays(count),
            _ => TimeSpan.FromDays(7L * count),
        };
        return true;
    }

    private static bool TryRelative(Match match, DateTimeOffset now, TimeZoneInfo zone, bool isEnd, out DateTimeOffset at)
    {
        at = now;
        var wall = TimeZoneInfo.ConvertTime(now, zone).DateTime;
        if (match.Groups["count"].Success)
        {
            if (
                !int.TryParse(match.Groups["count"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                || count > 100_000
            )
                return false;
            if (match.Groups["sign"].Value == "-")
                count = -count;
            // Hours are lengths of time; days and more are leaves of the calendar, which summer time stretches.
            (at, wall) = match.Groups["unit"].Value switch
            {
                "s" => Moved(now.AddSeconds(count)),
                "m" => Moved(now.AddMinutes(count)),
                "h" => Moved(now.AddHours(count)),
                "d" => OnWall(wall.AddDays(count)),
                "w" => OnWall(wall.AddDays(7.0 * count)),
                "M" => OnWall(wall.AddMonths(count)),
                _ => OnWall(wall.AddYears(count)),
            };
        }
        if (!match.Groups["round"].Success)
            return true;
        var start = match.Groups["round"].Value switch
        {
            "s" => wall.AddTicks(-(wall.Ticks % TimeSpan.TicksPerSecond)),
            "m" => wall.AddTicks(-(wall.Ticks % TimeSpan.TicksPerMinute)),
            "h" => wall.AddTicks(-(wall.Ticks % TimeSpan.TicksPerHour)),
            "d" => wall.Date,
            "w" => wall.Date.AddDays(-(((int)wall.DayOfWeek + 6) % 7)),
            "M" => new DateTime(wall.Year, wall.Month, 1),
            _ => new DateTime(wall.Year, 1, 1),
        };
        if (isEnd)
        {
            start = match.Groups["round"].Value switch
            {
                "s" => start.AddSeconds(1),
                "m" => start.AddMinutes(1),
                "h" => start.AddHours(1),
                "d" => start.AddDays(1),
                "w" => start.AddDays(7),
                "M" => start.AddMonths(1),
                _ => start.AddYears(1),
            };
            start = start.AddMilliseconds(-1);
        }
        at = FromWall(start, zone);
        return true;

        (DateTimeOffset, DateTime) Moved(DateTimeOffset moved) => (moved, TimeZoneInfo.ConvertTime(moved, zone).DateTime);
        (DateTimeOffset, DateTime) OnWall(DateTime moved) => (FromWall(moved, zone), moved);
    }

    /// <summary>A wall time that a change of clocks skipped counts as the moment of the change.</summary>
    private static DateTimeOffset FromWall(DateTime wall, TimeZoneInfo zone)
    {
        wall = DateTime.SpecifyKind(wall, DateTimeKind.Unspecified);
        while (zone.IsInvalidTime(wall))
            wall = wall.AddMinutes(15).AddTicks(-(wall.Ticks % (15 * TimeSpan.TicksPerMinute)));
        return new DateTimeOffset(wall, zone.GetUtcOffset(wall)).ToUniversalTime();
    }

    [GeneratedRegex("^now(?:(?<sign>[+-])(?<count>[0-9]+)(?<unit>[smhdwMy]))?(?:/(?<round>[smhdwMy]))?$", RegexOptions.CultureInvariant)]
    private static partial Regex RelativeTime();

    [GeneratedRegex("^([0-9]+)\\s*([smhdw])$", RegexOptions.CultureInvariant)]
    private static partial Regex LengthText();
}
