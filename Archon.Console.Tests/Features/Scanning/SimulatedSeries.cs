using Archon.Data.Catalogue;

namespace Archon.Tests.Features.Scanning;

internal enum SimulatedFault
{
    LevelShift,
    Leak,
    LatencyDouble,
    LatencySixfold,
    ErrorsThreePercent,
    ErrorsThirtyPercent,
    Outage,
    TrafficFourfold,
    TrafficFifth,
}

/// <summary>A stretch of one series in which something is wrong.</summary>
/// <param name="Start">The first sample that is changed.</param>
/// <param name="End">The first sample after it that is not.</param>
internal sealed record FaultStretch(SimulatedFault Fault, int Start, int End);

/// <summary>One series as a server would answer: a sample every 15 s, computed over the last minute where the watch's expression does so.</summary>
/// <param name="Values">By number of the sample.</param>
/// <param name="Requests">Behind each value; null where the watch asks for none.</param>
internal sealed record SimulatedSeries(string Shape, Watch Watch, double[] Values, double[]? Requests, IReadOnlyList<FaultStretch> Faults);
