using Archon.Data.States;

namespace Archon.Features.Scanning.States;

/// <summary>One stretch of a subject's history.</summary>
/// <param name="Change">What the state is and why; null where it is unknown.</param>
public sealed record StateSpan(DateTimeOffset From, DateTimeOffset To, StateChange? Change)
{
    public string? State => Change?.State;
}

/// <summary>A time in which a console recorded states. <paramref name="From"/> belongs to it, <paramref name="To"/> does not.</summary>
public readonly record struct RecordedSpan(DateTimeOffset From, DateTimeOffset To);

/// <summary>Puts rows of changed states together to a history. Pure: the same rows give the same history.</summary>
public static class StateTimeline
{
    /// <param name="changes">Rows of one subject in any order, with the one that was written last of those before the range.</param>
    /// <param name="recorded">Times in which a console recorded, in any order; they may overlap.</param>
    /// <returns>Stretches that follow each other without a gap from <paramref name="from"/> to <paramref name="to"/>; empty where that is no time.</returns>
    public static IReadOnlyList<StateSpan> Of(
        IEnumerable<StateChange> changes,
        IEnumerable<RecordedSpan> recorded,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        var rows = InEffect(changes.Where(change => change.At < to));
        var known = Merged(recorded, from, to);
        var cuts = rows.Select(row => row.At)
            .Concat(known.SelectMany(span => (DateTimeOffset[])[span.From, span.To]))
            .Where(at => at > from && at < to)
            .Append(from)
            .Distinct()
            .Order()
            .ToList();
        var spans = new List<StateSpan>();
        if (from >= to)
            return spans;
        var (row, span) = (-1, 0);
        for (var i = 0; i < cuts.Count; i++)
        {
            var at = cuts[i];
            while (row + 1 < rows.Count && rows[row + 1].At <= at)
                row++;
            while (span < known.Count && known[span].To <= at)
                span++;
            var isKnown = span < known.Count && known[span].From <= at;
            var change = isKnown && row >= 0 ? rows[row] : null;
            var end = i + 1 < cuts.Count ? cuts[i + 1] : to;
            if (spans.Count > 0 && ReferenceEquals(spans[^1].Change, change))
                spans[^1] = spans[^1] with { To = end };
            else
                spans.Add(new StateSpan(at, end, change));
        }
        return spans;
    }

    /// <summary>Those that say what the state was at some time, in the order of writing and of time.</summary>
    /// <remarks>Writers compare with the row that was written last. Earlier ones with a later time are of a clock that was ahead: they have no effect.</remarks>
    private static List<StateChange> InEffect(IEnumerable<StateChange> changes)
    {
        var rows = new List<StateChange>();
        foreach (var change in changes.OrderBy(change => change.Id))
        {
            while (rows.Count > 0 && rows[^1].At >= change.At)
                rows.RemoveAt(rows.Count - 1);
            rows.Add(change);
        }
        return rows;
    }

    /// <summary>The times in which a console that takes jobs ran.</summary>
    /// <param name="changes">Rows of consoles in any order.</param>
    /// <param name="heartbeats">The newest heartbeat of each run that has not ended, by its subject id.</param>
    public static IReadOnlyList<RecordedSpan> Recorded(
        IEnumerable<StateChange> changes,
        IReadOnlyDictionary<string, DateTimeOffset> heartbeats,
        DateTimeOffset now
    )
    {
        var spans = new List<RecordedSpan>();
        foreach (var run in changes.GroupBy(change => change.SubjectId))
        {
            // In the order of writing: a loss is written late, at the time of the last heartbeat.
            var rows = run.OrderBy(change => change.Id).ToList();
            for (var i = 0; i < rows.Count; i++)
            {
                if (rows[i].State != ConsoleStates.Recording)
                    continue;
                var end =
                    i + 1 < rows.Count ? rows[i + 1].At
                    : heartbeats.TryGetValue(run.Key, out var heartbeat) && now - heartbeat > ConsoleRuns.HeartbeatLimit ? heartbeat
                    : now;
                if (end > rows[i].At)
                    spans.Add(new RecordedSpan(rows[i].At, end));
            }
        }
        return spans;
    }

    /// <summary>Cut to the range, in order and without overlaps.</summary>
    private static List<RecordedSpan> Merged(IEnumerable<RecordedSpan> recorded, DateTimeOffset from, DateTimeOffset to)
    {
        var merged = new List<RecordedSpan>();
        foreach (
            var span in recorded
                .Select(one => new RecordedSpan(one.From > from ? one.From : from, one.To < to ? one.To : to))
                .Where(one => one.From < one.To)
                .OrderBy(one => one.From)
        )
        {
            if (merged.Count > 0 && span.From <= merged[^1].To)
                merged[^1] = new RecordedSpan(merged[^1].From, span.To > merged[^1].To ? span.To : merged[^1].To);
            else
                merged.Add(span);
        }
        return merged;
    }
}
