using Archon.Data.Catalogue;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Forecasts;

internal static class ForecastWords
{
    // On the clock an hour near takes as much room as a day far.
    private const double Knee = 0.6;
    private static readonly TimeSpan Far = TimeSpan.FromDays(30);

    private static readonly TimeSpan Now = TimeSpan.FromHours(1);
    private static readonly TimeSpan Today = TimeSpan.FromHours(24);
    private static readonly TimeSpan ThisWeek = TimeSpan.FromDays(7);

    /// <summary>Grey until it is near: within the hour, the day, the week.</summary>
    public static StateKind? Urgency(DateTimeOffset? reachedAt, DateTimeOffset now) =>
        reachedAt is not { } at ? null
        : at - now < Now ? StateKind.Critical
        : at - now < Today ? StateKind.Warning
        : at - now < ThisWeek ? StateKind.Info
        : null;

    /// <summary><c>81 %</c>, <c>391 of 400</c>, <c>13 d left</c>.</summary>
    public static string Used(LimitRow row) =>
        row switch
        {
            { LimitSide: LimitSide.Floor, Limit: 0 } => $"{Figures.Format(row.Value, row.Unit)} left",
            { LimitSide: LimitSide.Floor } => $"{Figures.Format(row.Value, row.Unit)}, limit {Figures.Format(row.Limit, row.Unit)}",
            { Unit: "1", Limit: 1 } => Figures.Format(row.Value, row.Unit),
            _ => $"{Figures.Format(row.Value, row.Unit)} of {Figures.Format(row.Limit, row.Unit)}",
        };

    /// <summary>The filled share of the meter, 0 to 1; null where a bar would say nothing, as for a time that is left.</summary>
    public static double? Share(LimitRow row) =>
        row switch
        {
            { LimitSide: LimitSide.Ceiling, Limit: > 0 } => Math.Clamp(row.Value / row.Limit, 0, 1),
            { LimitSide: LimitSide.Floor, Limit: 0, Unit: "1" } => Math.Clamp(1 - row.Value, 0, 1),
            _ => null,
        };

    /// <summary>Where a moment lies on the clock, 0 (now) to 1 (thirty days ahead): hours near, days far.</summary>
    public static double Place(TimeSpan ahead) =>
        Math.Clamp(Math.Log(1 + (ahead.TotalHours / Knee)) / Math.Log(1 + (Far.TotalHours / Knee)), 0, 1);

    public static readonly IReadOnlyList<(string Words, TimeSpan Ahead)> Ticks =
    [
        ("now", TimeSpan.Zero),
        ("1 h", TimeSpan.FromHours(1)),
        ("6 h", TimeSpan.FromHours(6)),
        ("1 d", TimeSpan.FromDays(1)),
        ("3 d", TimeSpan.FromDays(3)),
        ("7 d", TimeSpan.FromDays(7)),
        ("14 d", TimeSpan.FromDays(14)),
        ("30 d", Far),
    ];

    /// <summary><c>+0.6 GiB per day</c>; empty where there is no trend.</summary>
    public static string Growth(LimitRow row) =>
        row.PerDay is { } rate && rate != 0
            ? row.Unit == "s" && row.LimitSide == LimitSide.Floor
                ? "a day less each day"
                : $"{(rate > 0 ? "+" : "\u2212")}{Figures.Format(Math.Abs(rate), row.Unit)} per day"
            : "";

    public static string PastError(LimitRow row) =>
        row.PastError is { } off && row.PastForecasts > 0 ? $"±{Figures.Format(off, "1")}" : "not due yet";
}
