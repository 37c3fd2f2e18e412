using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Tests.Features.Watches;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Incidents;

/// <summary>The faults of the demo.</summary>
internal enum EstateFault
{
    Latency,
    Errors,
    Outage,
    Leak,
    Traffic,
    Cpu,
}

/// <summary>A fault of one service for a while.</summary>
internal sealed record PlannedFault(EstateFault Fault, string Service, DateTimeOffset From, DateTimeOffset To);

/// <summary>Five services that call each other, whose metrics come from the faults that are planned, and the anomalies that a scan would have
/// opened. Web calls shop and search, shop calls stock and pay, search calls stock.</summary>
internal sealed class FaultyEstate(JobBench bench, IReadOnlyList<PlannedFault> plan)
{
    private static readonly (string Caller, string Callee)[] Calls =
    [
        ("web", "shop"),
        ("web", "search"),
        ("shop", "stock"),
        ("shop", "pay"),
        ("search", "stock"),
    ];

    private static readonly string[] Names = ["web", "shop", "search", "stock", "pay"];
    private static readonly TimeSpan ToTheCaller = TimeSpan.FromSeconds(15);

    private static readonly (string Name, WatchSignal Signal)[] Watches =
    [
        ("request rate", WatchSignal.Rate),
        ("error share", WatchSignal.Errors),
        ("latency P95", WatchSignal.Duration),
        ("resident memory", WatchSignal.Saturation),
        ("processor", WatchSignal.Saturation),
        ("targets that answer", WatchSignal.Availability),
    ];

    private readonly Dictionary<(string Watch, string Service), (int WatchId, long SeriesId, int ServiceId)> series = [];
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static IEnumerable<string> CallersOf(string service) => Calls.Where(call => call.Callee == service).Select(call => call.Caller);

    public Task BuildAsync() =>
        bench.ReadAsync(async db =>
        {
            var services = Names
                .Select(name => new Service
                {
                    EnvironmentId = 1,
                    Name = name,
                    Matchers = new() { ["service"] = name },
                    CreatedAt = JobBench.Start,
                    LastSeenAt = JobBench.Start,
                })
                .ToDictionary(service => service.Name);
            var watches = Watches
                .Select(watch => new Watch
                {
                    EnvironmentId = 1,
                    Name = watch.Name,
                    Query = watch.Name,
                    Signal = watch.Signal,
                    CreatedAt = JobBench.Start,
                })
                .ToDictionary(watch => watch.Name);
            db.Services.AddRange(services.Values);
            db.Watches.AddRange(watches.Values);
            await db.SaveChangesAsync(Token);
            db.ServiceDependencies.AddRange(
                Calls.Select(call => new ServiceDependency { CallerId = services[call.Caller].Id, CalleeId = services[call.Callee].Id })
            );
            foreach (var (watch, service) in Watches.SelectMany(watch => Names.Select(name => (watch.Name, name))))
            {
                bench.Metrics.Serve(watch, service, at => Value(watch, service, DateTimeOffset.FromUnixTimeSeconds(at)));
                var one = new WatchedSeries
                {
                    EnvironmentId = 1,
                    WatchId = watches[watch].Id,
                    ServiceId = services[service].Id,
                    LabelsKey = $"service=\"{service}\"",
                };
                db.WatchedSeries.Add(one);
                await db.SaveChangesAsync(Token);
                series[(watch, service)] = (one.WatchId, one.Id, services[service].Id);
            }
            return await db.SaveChangesAsync(Token);
        });

    /// <summary>What scans open for a fault, the first 30 s after it began.</summary>
    public Task OpenAsync(PlannedFault fault) =>
        bench.ReadAsync(async db =>
        {
            var outside = fault.Fault switch
            {
                EstateFault.Latency => [("latency P95", fault.Service), .. Felt("latency P95")],
                EstateFault.Errors => [("error share", fault.Service), .. Felt("error share")],
                EstateFault.Outage => [("targets that answer", fault.Service), .. Felt("error share")],
                EstateFault.Leak => [("resident memory", fault.Service)],
                EstateFault.Traffic => [("request rate", fault.Service), ("processor", fault.Service)],
                EstateFault.Cpu => [("processor", fault.Service), ("latency P95", fault.Service), .. Felt("latency P95")],
                _ => new List<(string, string)>(),
            };
            foreach (var (place, (watch, service)) in outside.Index())
            {
                var (watchId, seriesId, serviceId) = series[(watch, service)];
                var started = fault.From.AddSeconds(30) + (ToTheCaller * (service == fault.Service ? 0 : 1));
                db.Anomalies.Add(
                    new Anomaly
                    {
                        EnvironmentId = 1,
                        WatchId = watchId,
                        SeriesId = seriesId,
                        ServiceId = serviceId,
                        StartedAt = started.AddSeconds(place % 2),
                        LastSeenAt = fault.To,
                        Severity = AnomalySeverity.Warning,
                        Confidence = 0.97,
                    }
                );
            }
            return await db.SaveChangesAsync(Token);

            IEnumerable<(string, string)> Felt(string watch) => CallersOf(fault.Service).Select(caller => (watch, caller));
        });

    /// <summary>All that is open has ended.</summary>
    public Task EndAsync(DateTimeOffset at) =>
        bench.ReadAsync(db =>
            db.Anomalies.Where(one => one.EndedAt == null).ExecuteUpdateAsync(set => set.SetProperty(one => one.EndedAt, at), Token)
        );

    private bool Is(EstateFault fault, string service, DateTimeOffset at) => Planned(fault, service, at) is not null;

    private PlannedFault? Planned(EstateFault fault, string service, DateTimeOffset at) =>
        plan.FirstOrDefault(one => one.Fault == fault && one.Service == service && at >= one.From && at < one.To);

    private double? Value(string watch, string service, DateTimeOffset at)
    {
        if (Is(EstateFault.Outage, service, at))
            return watch == "targets that answer" ? 0 : null;
        return watch switch
        {
            "request rate" => Requests(service, at),
            "error share" => Errors(service, at),
            "latency P95" => Latency(service, at),
            "resident memory" => (200 * (1 + (0.02 * Noise(service, 4, at))))
                + (Planned(EstateFault.Leak, service, at) is { } leak ? 3 * (at - leak.From).TotalSeconds : 0),
            "processor" => (0.002 * Requests(service, at) * (1 + (0.05 * Noise(service, 5, at))))
                + (Is(EstateFault.Cpu, service, at) ? 0.85 : 0),
            _ => 1,
        };
    }

    private double Requests(string service, DateTimeOffset at) =>
        (service == "web" ? 100 * (1 + (0.03 * Noise(service, 1, at))) : CallersOf(service).Sum(caller => 0.6 * Requests(caller, at)))
        + (Is(EstateFault.Traffic, service, at) ? 200 : 0);

    private double Latency(string service, DateTimeOffset at)
    {
        var own = 0.02 * Math.Exp(0.1 * Noise(service, 2, at));
        if (Is(EstateFault.Latency, service, at))
            own = (5 * own) + 0.25;
        if (Is(EstateFault.Cpu, service, at))
            own *= 1.6;
        return own
            + Calls
                .Where(call => call.Caller == service && !Is(EstateFault.Outage, call.Callee, at))
                .Sum(call => 0.6 * Latency(call.Callee, at));
    }

    private double Errors(string service, DateTimeOffset at)
    {
        if (Is(EstateFault.Outage, service, at))
            return 1;
        var own = Math.Max(0, 0.002 + (0.001 * Noise(service, 3, at))) + (Is(EstateFault.Errors, service, at) ? 0.35 : 0);
        return Math.Min(1, own + Calls.Where(call => call.Caller == service).Sum(call => 0.5 * Errors(call.Callee, at)));
    }

    /// <summary>The same for the same moment: normal, mean 0, deviation 1.</summary>
    private static double Noise(string service, int kind, DateTimeOffset at)
    {
        var random = new Random((int)(((at.ToUnixTimeSeconds() * 131) + (kind * 17) + Array.IndexOf(Names, service)) % int.MaxValue));
        return Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
