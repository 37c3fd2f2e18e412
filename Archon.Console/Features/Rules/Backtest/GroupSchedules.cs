using Archon.Analysis.RuleReplay;
using Archon.ConfigFiles.Rules;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Backtest;

/// <summary>How a group's evaluations were found.</summary>
/// <param name="IsServed">Whether the server runs the group now.</param>
public sealed record FoundSchedule(GroupSchedule Schedule, bool IsServed);

/// <summary>Finds out when and how a server evaluates a group, or would.</summary>
public static class GroupSchedules
{
    /// <summary>The interval of a server whose configuration does not say.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromMinutes(1);

    /// <param name="file">The rule file by the path under which the server would read it.</param>
    /// <param name="interval">Null: as the server has it, or as is usual.</param>
    /// <param name="served">What the server runs.</param>
    /// <param name="version">What the server is; null where it does not say.</param>
    public static FoundSchedule Find(
        string file,
        string group,
        TimeSpan? interval,
        IReadOnlyList<PrometheusRuleGroup> served,
        string? version
    )
    {
        // The same file by its path, else the only group of the name in a file of the same name.
        var named = served.Where(one => one.Name == group).ToList();
        var found =
            named.FirstOrDefault(one => one.File == file)
            ?? named.Where(one => Path.GetFileName(one.File) == Path.GetFileName(file)).ToList() switch
            {
                [var only] => only,
                _ => null,
            };
        var step = interval ?? found?.Interval ?? DefaultInterval;
        return new FoundSchedule(GroupSchedule.Of(found?.File ?? file, group, step, Encoding(served, version)), found is not null);
    }

    /// <summary>
    /// The version says how the server hashes names, unless it was built otherwise; then the moments of its evaluations give it away.
    /// </summary>
    public static LabelEncoding Encoding(IReadOnlyList<PrometheusRuleGroup> served, string? version)
    {
        var expected = Parse(version) is { } known ? GroupSchedule.EncodingOf(known) : LabelEncoding.Sized;
        var evaluated = served.Where(group => group.Rules.Any(rule => rule.LastEvaluation is not null)).ToList();
        if (evaluated.Count == 0)
            return expected;
        LabelEncoding[] encodings = [expected, .. Enum.GetValues<LabelEncoding>().Where(one => one != expected)];
        return encodings.MinBy(encoding => evaluated.Average(group => Lateness(group, encoding)));
    }

    /// <summary>What of a rule decides its alerts.</summary>
    public static ReplayRule Rule(FileRule rule) =>
        new(rule.Content.Name, rule.Content.For, rule.Content.KeepFiringFor, rule.AllLabels) { Limit = rule.Group.Content.Limit };

    /// <summary>The numbers of a version such as <c>2.42.0+ds</c>; null where there are none.</summary>
    public static Version? Parse(string? version) => Version.TryParse(version?.Split('+', '-')[0], out var known) ? known : null;

    /// <summary>How late, as a part of the interval, a group's first rule was evaluated after its moment.</summary>
    private static double Lateness(PrometheusRuleGroup group, LabelEncoding encoding)
    {
        var schedule = GroupSchedule.Of(group.File, group.Name, group.Interval, encoding);
        var at = group.Rules.Min(rule => rule.LastEvaluation ?? DateTimeOffset.MaxValue).ToUnixTimeMilliseconds();
        var interval = (long)group.Interval.TotalMilliseconds;
        return (at - (schedule.First(Math.Max(0, at - interval + 1)))) / (double)interval;
    }
}
