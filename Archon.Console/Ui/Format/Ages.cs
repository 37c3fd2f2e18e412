using System.Globalization;

namespace Archon.Ui.Format;

/// <summary>Lengths of time as people say them. <c>Scripts/ages.ts</c> says the same in the browser.</summary>
public static class Ages
{
    public static string Since(DateTimeOffset at, DateTimeOffset now) => Of(now - at);

    /// <summary>A length that someone set, told exactly: <c>90 s</c>, <c>1 min</c>, <c>2 h</c>.</summary>
    public static string Exactly(TimeSpan length) =>
        length switch
        {
            { TotalDays: >= 1 } when length.Ticks % TimeSpan.TicksPerDay == 0 => $"{(int)length.TotalDays} d",
            { TotalHours: >= 1 } when length.Ticks % TimeSpan.TicksPerHour == 0 => $"{(int)length.TotalHours} h",
            { TotalMinutes: >= 1 } when length.Ticks % TimeSpan.TicksPerMinute == 0 => $"{(int)length.TotalMinutes} min",
            _ => $"{length.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)} s",
        };

    /// <summary><c>8 s</c>, <c>18 min</c>, <c>2 h 14 min</c>, <c>3 d</c>. What lies ahead counts as now.</summary>
    public static string Of(TimeSpan length) =>
        length switch
        {
            { Ticks: < 0 } => "0 s",
            { TotalSeconds: < 90 } => $"{(int)length.TotalSeconds} s",
            { TotalMinutes: < 90 } => $"{(int)length.TotalMinutes} min",
            { TotalHours: < 36 } => length.Minutes == 0
                ? $"{(int)length.TotalHours} h"
                : $"{(int)length.TotalHours} h {length.Minutes} min",
            _ => $"{(int)length.TotalDays} d",
        };
}
