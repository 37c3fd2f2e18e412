using Archon.Data.States;
using Archon.Features.Scanning.States;
using Xunit;

namespace Archon.Tests.Features.Scanning.States;

/// <summary>Histories are compared, second by second, with what a simulated estate did.</summary>
public sealed class StateTimelineTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    public void A_state_is_that_of_the_newest_change_while_a_console_ran_and_unknown_while_none_did(int consoles)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var estate = new SimulatedEstate(new Random(seed), consoles);

            var recorded = StateTimeline.Recorded(Shuffled(estate.ConsoleRows, seed), estate.Heartbeats, At(SimulatedEstate.Seconds));
            var spans = StateTimeline.Of(Shuffled(estate.ServiceRows, seed), recorded, At(0), At(SimulatedEstate.Seconds));

            var shown = Enumerable.Range(0, SimulatedEstate.Seconds).Select(second => spans.First(span => span.To > At(second)).State);
            Assert.True(estate.Expected.SequenceEqual(shown), $"Seed {seed}");
        }
    }

    [Fact]
    public void A_history_has_no_gap_no_overlap_and_no_two_equal_neighbours_in_any_range()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var estate = new SimulatedEstate(random, consoles: 2);
            var (from, to) = (At(random.Next(-100, SimulatedEstate.Seconds)), At(random.Next(0, SimulatedEstate.Seconds + 100)));
            var recorded = StateTimeline.Recorded(estate.ConsoleRows, estate.Heartbeats, At(SimulatedEstate.Seconds));

            var spans = StateTimeline.Of(estate.ServiceRows, recorded, from, to);

            if (from >= to)
            {
                Assert.Empty(spans);
                continue;
            }
            Assert.Equal((from, to), (spans[0].From, spans[^1].To));
            foreach (var (before, after) in spans.Zip(spans.Skip(1)))
            {
                Assert.Equal(before.To, after.From);
                Assert.True(before.From < before.To);
                Assert.NotSame(before.Change, after.Change);
            }
        }
    }

    [Fact]
    public void Without_a_console_that_ever_ran_everything_is_unknown()
    {
        var spans = StateTimeline.Of([Row("Healthy", 10, 1)], [], At(0), At(100));

        Assert.Equal((At(0), At(100), null), (spans.Single().From, spans.Single().To, spans.Single().State));
    }

    [Fact]
    public void A_console_that_only_serves_pages_makes_nothing_known()
    {
        var serving = StateLog.Change(null, StateSubject.Console, "web", ConsoleStates.Serving, At(0), At(0), "Started.");

        Assert.Empty(StateTimeline.Recorded([serving], new Dictionary<string, DateTimeOffset> { ["web"] = At(100) }, At(100)));
    }

    [Fact]
    public void Of_two_changes_at_one_time_the_later_row_counts()
    {
        var spans = StateTimeline.Of([Row("Ended", 10, 8), Row("Warning", 10, 7)], [new(At(0), At(100))], At(0), At(100));

        Assert.Equal([null, "Ended"], spans.Select(span => span.State));
    }

    [Fact]
    public void A_row_replaces_those_that_were_written_before_it_with_a_later_time()
    {
        StateChange[] rows =
        [
            Row("Healthy", 10, 1),
            Row("Critical", 50, 2),
            Row("Info", 40, 3),
            Row("Warning", 30, 4),
            Row("Healthy", 60, 5),
        ];

        var spans = StateTimeline.Of(rows, [new(At(0), At(100))], At(10), At(100));

        Assert.Equal([("Healthy", At(30)), ("Warning", At(60)), ("Healthy", At(100))], spans.Select(span => (span.State, span.To)));
    }

    [Fact]
    public void Nothing_is_known_of_the_time_after_now()
    {
        var start = StateLog.Change(null, StateSubject.Console, "a", ConsoleStates.Recording, At(0), At(0), "Started.");
        var recorded = StateTimeline.Recorded([start], new Dictionary<string, DateTimeOffset> { ["a"] = At(50) }, now: At(60));

        var spans = StateTimeline.Of([Row("Healthy", 0, 1)], recorded, At(0), At(100));

        Assert.Equal([("Healthy", At(60)), (null, At(100))], spans.Select(span => (span.State, span.To)));
    }

    private static StateChange Row(string state, int second, long id)
    {
        var row = StateLog.Change(1, StateSubject.Service, "7", state, At(second), At(second), "");
        row.Id = id;
        return row;
    }

    private static DateTimeOffset At(int second) => Start.AddSeconds(second);

    private static StateChange[] Shuffled(IEnumerable<StateChange> rows, int seed)
    {
        var shuffled = rows.ToArray();
        new Random(seed).Shuffle(shuffled);
        return shuffled;
    }

    /// <summary>Consoles that start, stop and are killed at random, and a service whose state changes at random. Each second is computed by itself.</summary>
    private sealed class SimulatedEstate
    {
        public const int Seconds = 900;
        private const int HeartbeatInterval = 15;
        private static readonly int Limit = (int)ConsoleRuns.HeartbeatLimit.TotalSeconds;
        private long lastId;

        public SimulatedEstate(Random random, int consoles)
        {
            var isRecorded = new bool[Seconds];
            var written = new List<(int Second, StateChange Row)>();
            for (var console = 0; console < consoles; console++)
            {
                var second = random.Next(0, 120);
                for (var run = 0; second < Seconds - 10; run++)
                {
                    var name = $"{console}-{run}";
                    var (began, length) = (second, random.Next(20, 400));
                    var wasKilled = random.Next(2) == 0;
                    var end = began + length;
                    var heartbeat = Math.Min(end, Seconds) - ((Math.Min(end, Seconds) - began) % HeartbeatInterval);
                    var known =
                        end >= Seconds ? Seconds
                        : wasKilled ? heartbeat
                        : end;
                    // One that was killed is not missed before the limit has passed.
                    if (wasKilled && end < Seconds && Seconds - heartbeat <= Limit)
                        known = Seconds;
                    Array.Fill(isRecorded, true, began, known - began);
                    written.Add((began, Console(name, ConsoleStates.Recording, began)));
                    if (end >= Seconds || (wasKilled && Seconds - heartbeat <= Limit))
                        Heartbeats[name] = At(heartbeat);
                    else if (!wasKilled)
                        written.Add((end, Console(name, ConsoleStates.Stopped, end)));
                    // A loss is written late; with nobody there to write it, the heartbeat stays.
                    else if (random.Next(2) == 0)
                        written.Add((heartbeat + Limit + random.Next(1, 60), Console(name, ConsoleStates.Lost, heartbeat)));
                    else
                        Heartbeats[name] = At(heartbeat);
                    second = end + random.Next(1, 200);
                }
            }
            ConsoleRows = [.. written.OrderBy(one => one.Second).Select(one => Numbered(one.Row))];

            var states = new[] { "Healthy", "Warning", "Critical" };
            string? state = null;
            for (var second = 0; second < Seconds; second++)
            {
                if (isRecorded[second] && (state is null || random.Next(40) == 0))
                {
                    state = states.Where(one => one != state).ElementAt(random.Next(state is null ? 3 : 2));
                    ServiceRows.Add(Row(state, second, ++lastId));
                }
                Expected[second] = isRecorded[second] ? state : null;
            }
        }

        public IReadOnlyList<StateChange> ConsoleRows { get; }
        public Dictionary<string, DateTimeOffset> Heartbeats { get; } = [];
        public List<StateChange> ServiceRows { get; } = [];
        public string?[] Expected { get; } = new string?[Seconds];

        private StateChange Numbered(StateChange row)
        {
            row.Id = ++lastId;
            return row;
        }

        private static StateChange Console(string name, string state, int second) =>
            StateLog.Change(null, StateSubject.Console, name, state, At(second), At(second), "");
    }
}
