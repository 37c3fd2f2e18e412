using System.Globalization;

namespace Archon.Analysis.Detection;

/// <summary>What the values of a watch are about.</summary>
public enum SignalKind
{
    /// <summary>Requests, or other work, per second.</summary>
    Requests,

    /// <summary>Bytes, connections and other load.</summary>
    Traffic,
    Errors,
    Latency,
    Saturation,

    /// <summary>Whether a target answers, or which share of them.</summary>
    Availability,

    /// <summary>A ratio or score that should be high, such as a cache hit ratio.</summary>
    Quality,
}

/// <summary>How much depends on a service.</summary>
public enum ServiceWeight
{
    BestEffort,
    Standard,
    Critical,
}

/// <summary>What a deviation asks of people, least first.</summary>
public enum ImpactSeverity
{
    /// <summary>Not worth a person: too small for anybody to notice.</summary>
    None,
    Info,
    Warning,
    Critical,
}

/// <summary>What the size of a deviation is measured by.</summary>
/// <param name="Unit">UCUM-like: <c>1</c> is a share, <c>s</c> and <c>ms</c> are times.</param>
/// <param name="Interesting">The direction that people asked for; None for both.</param>
/// <param name="Limit">The value that must not be reached, in the unit; null where there is none.</param>
/// <param name="IsFloor">Decline reaches the limit.</param>
public sealed record ImpactSignal(
    SignalKind Kind,
    string Unit,
    DeviationDirection Interesting = DeviationDirection.None,
    double? Limit = null,
    bool IsFloor = false
)
{
    internal bool IsShare => Unit == "1";

    /// <summary>NaN where the unit is no time.</summary>
    internal double Seconds =>
        Unit switch
        {
            "s" => 1,
            "ms" => 1e-3,
            "us" or "µs" => 1e-6,
            "ns" => 1e-9,
            "min" => 60,
            _ => double.NaN,
        };

    /// <summary>The direction that is bad for the service.</summary>
    internal DeviationDirection Worse =>
        (Kind, Interesting) switch
        {
            (SignalKind.Errors or SignalKind.Latency, _) => DeviationDirection.Up,
            (SignalKind.Availability or SignalKind.Quality, _) => DeviationDirection.Down,
            (SignalKind.Saturation, _) when Limit is not null => IsFloor ? DeviationDirection.Down : DeviationDirection.Up,
            (SignalKind.Saturation, DeviationDirection.None) => DeviationDirection.Up,
            (_, var asked) => asked,
        };
}

/// <summary>One value of a series that deviates, in the unit of its watch.</summary>
/// <param name="Upper">End of the expected band.</param>
/// <param name="Lasting">For how long the series deviates by now, with the step that this value stands for.</param>
public readonly record struct Deviation(double Value, double Expected, double Upper, DeviationDirection Direction, TimeSpan Lasting);

/// <param name="Reason">Sentences; empty where there is nothing to say.</param>
public readonly record struct ImpactGrade(ImpactSeverity Severity, string Reason);

/// <summary>Grades a deviation by what it means for those who use a service, and never by how sure the detector is.</summary>
/// <remarks>
/// Critical is what a person has to be woken for: users are hit, or will be before the morning. Warning is for the same day, info for whoever
/// looks. The figures and why they are what they are: docs/decisions, "Severity is impact".
/// </remarks>
public static class Impact
{
    // A hiccup of two scrapes wakes no one, and a service half of whose requests fail is told within a minute.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AfterOneMinute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AfterTwoMinutes = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AfterFiveMinutes = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(30);

    private const double LeastErrors = 0.001;
    private const double ManyErrors = 0.01;
    private const double AllErrors = 0.999;
    private const double LeastQuality = 0.005;
    private const double LeastLoss = 0.001;

    // No one notices a few milliseconds, unless they are half as much again.
    private const double NoticeableSeconds = 0.005;
    private const double NoticeableRatio = 1.5;

    // A queue of four is no queue, however rarely there is one.
    private const double FewThings = 5;

    private const double NearLimit = 0.85;
    private const double HighUse = 0.7;
    private const double FullShare = 0.98;

    /// <summary>Whether a deviation is worth a person at all, whatever the service and however many of its series deviate.</summary>
    public static bool IsWorthAPerson(ImpactSignal signal, in Deviation deviation)
    {
        var difference = Math.Abs(deviation.Value - deviation.Expected);
        return signal.Kind switch
        {
            SignalKind.Errors when signal.IsShare => !(difference < LeastErrors) || deviation.Value >= AllErrors,
            SignalKind.Latency => !(
                difference * signal.Seconds < NoticeableSeconds
                && Ratio(deviation.Value, deviation.Expected) is > 1 / NoticeableRatio and < NoticeableRatio
            ),
            SignalKind.Availability => !(difference < LeastLoss * Math.Abs(deviation.Expected)) || deviation.Value <= 0,
            SignalKind.Quality when signal.IsShare => !(difference < LeastQuality),
            // Whole numbers without a unit count something, and one more or less of it is no news.
            _ when signal is { Unit.Length: 0, Limit: null } => !(
                difference <= 1 && double.IsInteger(deviation.Value) && double.IsInteger(deviation.Expected)
            ),
            _ => true,
        };
    }

    /// <param name="affected">The share of the service's series of this watch that deviate so, above 0 to 1.</param>
    public static ImpactGrade Of(ImpactSignal signal, in Deviation deviation, ServiceWeight weight, double affected)
    {
        if (!IsWorthAPerson(signal, deviation))
            return new ImpactGrade(ImpactSeverity.None, "");
        var isOneSided = signal.Worse != DeviationDirection.None && deviation.Direction != DeviationDirection.None;
        if (isOneSided && deviation.Direction != signal.Worse)
            return new ImpactGrade(ImpactSeverity.Info, "A change for the better.");
        var found = signal.Kind switch
        {
            SignalKind.Errors => signal.IsShare ? ErrorShare(signal, deviation, weight) : ErrorCount(deviation, weight),
            SignalKind.Latency => Latency(signal, deviation, weight),
            SignalKind.Availability => Availability(deviation, weight, affected),
            SignalKind.Quality => Quality(signal, deviation),
            SignalKind.Saturation => Saturation(signal, deviation, weight),
            _ => Load(signal.Kind, deviation, weight),
        };
        if (SeriesModelSettings.IsCount(signal.Unit) && signal.Limit is null && Math.Abs(deviation.Value - deviation.Expected) < FewThings)
            found = found with { Severity = ImpactSeverity.Info };
        var (severity, reason) = (found.Severity, $"{found.Words}.");
        if (severity == ImpactSeverity.Critical && deviation.Lasting < found.CriticalAfter)
            (severity, reason) = (ImpactSeverity.Warning, $"{reason} Critical after {Length(found.CriticalAfter)}.");
        // Parts of a service stand in for each other. Disks and quotas do not: a full one is full.
        else if (
            severity == ImpactSeverity.Critical
            && signal.Kind is not (SignalKind.Saturation or SignalKind.Availability)
            && !IsMost(affected, weight)
        )
            (severity, reason) = (ImpactSeverity.Warning, $"{reason} Only {Percent(affected)} of the series of this service.");
        if (weight == ServiceWeight.BestEffort && severity > ImpactSeverity.Info)
            (severity, reason) = (severity - 1, $"{reason} Best-effort service: one level lower.");
        return new ImpactGrade(severity, reason);
    }

    /// <param name="CriticalAfter">How long it has to last before it is critical.</param>
    private readonly record struct Finding(ImpactSeverity Severity, string Words, TimeSpan CriticalAfter = default);

    private static Finding ErrorShare(ImpactSignal signal, in Deviation deviation, ServiceWeight weight)
    {
        // Of what usually succeeds: where many fail every day, a few more are no outage.
        var loss = deviation.Value >= AllErrors ? 1 : (deviation.Value - deviation.Expected) / Math.Max(1 - deviation.Expected, ManyErrors);
        var words = $"{Percent(deviation.Value)} errors, usually {Percent(deviation.Expected)}";
        var outage = weight == ServiceWeight.Critical ? 0.1 : 0.25;
        if (loss >= outage)
            return new Finding(ImpactSeverity.Critical, words, Soon);
        if (loss >= outage / 2)
            return new Finding(ImpactSeverity.Critical, words, Long);
        return loss >= ManyErrors || Passes(signal, deviation)
            ? new Finding(ImpactSeverity.Warning, words)
            : new Finding(ImpactSeverity.Info, words);
    }

    /// <summary>A count says nothing of the share of requests that fail.</summary>
    private static Finding ErrorCount(in Deviation deviation, ServiceWeight weight)
    {
        const double fewPerSecond = 0.1;
        const double manyPerSecond = 1;
        var ratio = Ratio(deviation.Value, Math.Max(deviation.Upper, deviation.Expected));
        var words = double.IsInfinity(ratio) ? "Errors, usually none" : $"{Times(ratio)} the highest usual number of errors";
        if (weight == ServiceWeight.Critical && ratio >= 10 && deviation.Value >= manyPerSecond)
            return new Finding(ImpactSeverity.Critical, words, AfterFiveMinutes);
        return ratio >= 3 && deviation.Value >= fewPerSecond
            ? new Finding(ImpactSeverity.Warning, words)
            : new Finding(ImpactSeverity.Info, words);
    }

    private static Finding Latency(ImpactSignal signal, in Deviation deviation, ServiceWeight weight)
    {
        var ratio = Ratio(deviation.Value, deviation.Expected);
        var seconds = (deviation.Value - deviation.Expected) * signal.Seconds;
        var words = ratio < NoticeableRatio ? $"{Percent(ratio - 1)} slower than usual" : $"{Times(ratio)} the usual duration";
        var (outageRatio, outageSeconds) = weight == ServiceWeight.Critical ? (3, 0.2) : (5, 0.3);
        if (ratio >= outageRatio && !(seconds < outageSeconds))
            return new Finding(ImpactSeverity.Critical, words, AfterOneMinute);
        if (Passes(signal, deviation))
            return new Finding(ImpactSeverity.Warning, $"{words}, above its limit");
        return ratio >= NoticeableRatio && !(seconds < NoticeableSeconds)
            ? new Finding(ImpactSeverity.Warning, words)
            : new Finding(ImpactSeverity.Info, words);
    }

    private static Finding Availability(in Deviation deviation, ServiceWeight weight, double affected)
    {
        // Down is down, also where it has been so for long.
        var down =
            deviation.Value <= 0 ? 1
            : deviation.Expected > 0 ? Math.Clamp((deviation.Expected - deviation.Value) / deviation.Expected, 0, 1)
            : 0;
        var loss = affected * down;
        var words = $"{Percent(loss)} of this service is down";
        return IsMost(loss, weight) ? new Finding(ImpactSeverity.Critical, words, Soon)
            : loss >= 0.01 ? new Finding(ImpactSeverity.Warning, words)
            : new Finding(ImpactSeverity.Info, words);
    }

    private static Finding Quality(ImpactSignal signal, in Deviation deviation)
    {
        var fall = deviation.Expected - deviation.Value;
        return signal.IsShare
            ? new Finding(
                fall >= 0.1 ? ImpactSeverity.Warning : ImpactSeverity.Info,
                $"{Percent(deviation.Value)}, usually {Percent(deviation.Expected)}"
            )
            : new Finding(
                fall >= 0.25 * Math.Abs(deviation.Expected) ? ImpactSeverity.Warning : ImpactSeverity.Info,
                $"{Percent(fall / Math.Abs(deviation.Expected))} below usual"
            );
    }

    private static Finding Load(SignalKind kind, in Deviation deviation, ServiceWeight weight)
    {
        var ratio = Ratio(deviation.Value, deviation.Expected);
        if (deviation.Direction == DeviationDirection.Up)
        {
            // What more load does to people, latency and errors say.
            return new Finding(ratio >= 3 ? ImpactSeverity.Warning : ImpactSeverity.Info, $"{Times(ratio)} the usual load");
        }
        var words = $"{Percent(ratio)} of the usual load";
        var outage = weight == ServiceWeight.Critical ? 0.3 : 0.05;
        if (kind == SignalKind.Requests && ratio <= outage)
            return new Finding(ImpactSeverity.Critical, words, AfterTwoMinutes);
        return new Finding(ratio <= 0.5 ? ImpactSeverity.Warning : ImpactSeverity.Info, words);
    }

    private static Finding Saturation(ImpactSignal signal, in Deviation deviation, ServiceWeight weight)
    {
        var (used, usual) = (Use(signal, deviation.Value, deviation.Expected), Use(signal, deviation.Expected, deviation.Expected));
        if (double.IsNaN(used))
            return Growth(deviation);
        var words = signal.Limit is null
            ? $"{Percent(used)} in use, usually {Percent(usual)}"
            : $"{Percent(used)} of the limit in use, usually {Percent(usual)}";
        // Of what is usually left; what is always nearly full, such as a cache, is not worse today.
        bool LeavesAtMost(double share) => 1 - used <= share * (1 - usual);
        var hasGrown = used >= 2 * usual && used >= 0.1;
        if (signal.Limit is not null)
        {
            return used >= NearLimit && LeavesAtMost(0.75) ? new Finding(ImpactSeverity.Critical, words, Soon)
                : hasGrown || (used >= HighUse && LeavesAtMost(0.9)) ? new Finding(ImpactSeverity.Warning, words)
                : new Finding(ImpactSeverity.Info, words);
        }
        // Full without a limit that somebody set: it queues, and nothing has to break.
        if (weight == ServiceWeight.Critical && used >= FullShare && usual < NearLimit)
            return new Finding(ImpactSeverity.Critical, words, AfterFiveMinutes);
        return hasGrown || (used >= NearLimit && LeavesAtMost(0.75))
            ? new Finding(ImpactSeverity.Warning, words)
            : new Finding(ImpactSeverity.Info, words);
    }

    private static Finding Growth(in Deviation deviation)
    {
        var ratio = Ratio(deviation.Value, deviation.Expected);
        return new Finding(
            ratio >= 2 || ratio <= 0.5 ? ImpactSeverity.Warning : ImpactSeverity.Info,
            $"{Times(ratio)} the usual value; no limit is known"
        );
    }

    /// <summary>How much of what there is is used, 1 at the limit; NaN where nobody knows how much there is.</summary>
    private static double Use(ImpactSignal signal, double value, double expected) =>
        signal switch
        {
            { Limit: { } floor, IsFloor: true } when value <= floor => 1,
            { Limit: > 0 and var limit, IsFloor: false } => value / limit,
            { Limit: < 1 and var limit, IsFloor: true, IsShare: true } => (1 - value) / (1 - limit),
            // What is left of days or bytes has no whole but the usual rest.
            { Limit: { } limit, IsFloor: true } => expected > limit ? 1 - ((value - limit) / (expected - limit)) : double.NaN,
            { IsShare: true, Worse: DeviationDirection.Down } => 1 - value,
            { IsShare: true } => value,
            _ => double.NaN,
        };

    private static bool Passes(ImpactSignal signal, in Deviation deviation) =>
        signal is { Limit: { } limit, IsFloor: false } && deviation.Value >= limit && deviation.Expected < limit;

    /// <summary>The other half of a service carries on; of a critical one it is too little.</summary>
    private static bool IsMost(double share, ServiceWeight weight) => weight == ServiceWeight.Critical ? share >= 0.5 : share > 0.5;

    private static double Ratio(double value, double expected) =>
        expected > 0 ? value / expected
        : value > 0 ? double.PositiveInfinity
        : 1;

    private static string Percent(double share) =>
        double.IsFinite(share) ? string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(share, -1, 1000) * 100:0.##} %") : "all";

    private static string Times(double ratio) =>
        double.IsInfinity(ratio) || ratio > 1000
            ? "More than 1000×"
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(ratio, ratio >= 10 ? 0 : 2):0.##}×");

    private static string Length(TimeSpan length) =>
        length < TimeSpan.FromMinutes(1)
            ? string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{length.TotalMinutes:0} min");
}
