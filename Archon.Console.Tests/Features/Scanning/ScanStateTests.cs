using System.Diagnostics.Metrics;
using Archon.Features.Scanning;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Features.Scanning;

public sealed class ScanStateTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 2, 51, 52, TimeSpan.Zero);
    private static readonly DateTimeOffset LongAgo = Now.AddDays(-3);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    [Fact]
    public void Scans_run_up_to_three_intervals_after_the_newest_and_then_they_stopped()
    {
        var newest = Now - (3 * Step);

        Assert.Equal(new ScanState.Running(newest), Judge(Now, Watch(newest)));
        Assert.Equal(newest, Assert.IsType<ScanState.Stopped>(Judge(Now.AddSeconds(1), Watch(newest))).At);
    }

    [Fact]
    public void Each_watch_is_late_by_its_own_interval_and_one_in_time_is_enough()
    {
        var slow = Watch(Now.AddMinutes(-14), TimeSpan.FromMinutes(5));
        var late = Watch(Now.AddMinutes(-14));

        Assert.Equal(new ScanState.Running(Now.AddMinutes(-14)), Judge(Now, slow, late));
        Assert.IsType<ScanState.Stopped>(Judge(Now.AddMinutes(2), slow, late));
    }

    [Fact]
    public void Where_nothing_is_to_be_scanned_nothing_stopped() => Assert.IsType<ScanState.Unknown>(Judge(Now));

    [Fact]
    public void A_console_that_comes_back_has_three_intervals_to_begin()
    {
        var weekend = Watch(Now.AddDays(-2));

        Assert.IsNotType<ScanState.Stopped>(ScanState.Judge([weekend], Now, Now - (3 * Step)));
        Assert.IsType<ScanState.Stopped>(ScanState.Judge([weekend], Now, Now - (4 * Step)));
    }

    [Fact]
    public void A_new_watch_has_three_intervals_for_its_first_scan()
    {
        Assert.IsType<ScanState.Unknown>(ScanState.Judge([new(1, Now - Step, null, Step)], Now, LongAgo));

        Assert.Null(Assert.IsType<ScanState.Stopped>(ScanState.Judge([new(1, Now - (4 * Step), null, Step)], Now, LongAgo)).At);
    }

    [Fact]
    public void A_scan_dated_in_the_future_proves_nothing()
    {
        var stopped = Assert.IsType<ScanState.Stopped>(Judge(Now, Watch(Now.AddDays(1)), Watch(Now.AddHours(-1))));

        Assert.Equal(Now.AddHours(-1), stopped.At);
    }

    [Fact]
    public void It_says_since_when_why_and_what_to_do()
    {
        var stopped = new ScanState.Stopped(Now, "No process takes jobs.", "Start a console with Archon:Role All or Worker.");

        Assert.Equal(
            "Scans stopped at 02:51:52 UTC. No process takes jobs. Start a console with Archon:Role All or Worker.",
            stopped.Describe(Now.AddMinutes(1))
        );
        Assert.StartsWith("Scans stopped at 2026-11-24 02:51:52 UTC.", stopped.Describe(Now.AddDays(1)), StringComparison.Ordinal);
        Assert.StartsWith("Scans stopped. No process", (stopped with { At = null }).Describe(Now), StringComparison.Ordinal);
    }

    [Fact]
    public void The_age_of_the_newest_scan_is_a_metric_and_grows_with_time()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var clock = new FakeTimeProvider(Now);
        var health = new ScanHealth(services.GetRequiredService<IMeterFactory>(), clock);
        var seen = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == services.GetRequiredService<IMeterFactory>())
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();

        listener.RecordObservableInstruments();
        Assert.Equal(["archon.scans.stopped"], seen.Keys);
        health.Become(new ScanState.Stopped(Now, "", ""), new Dictionary<int, ScanState>(), Now);
        clock.Advance(TimeSpan.FromSeconds(90));
        listener.RecordObservableInstruments();

        Assert.Equal(90, seen["archon.scan.age"]);
        Assert.Equal(1, seen["archon.scans.stopped"]);
    }

    private static ScanState Judge(DateTimeOffset now, params ScanState.WatchScan[] watches) => ScanState.Judge(watches, now, LongAgo);

    private static ScanState.WatchScan Watch(DateTimeOffset lastScanAt, TimeSpan? step = null) => new(1, LongAgo, lastScanAt, step ?? Step);
}
