using System.Text.RegularExpressions;

namespace Archon.Analysis.RootCause;

/// <summary>What a metric says of its service: the golden signals, after Beyer et al., "Site Reliability Engineering", O'Reilly 2016,
/// chapter 6.</summary>
public enum MetricRole
{
    /// <summary>Time per request.</summary>
    Latency,

    /// <summary>Requests that failed: a share, a rate or a count.</summary>
    Errors,

    /// <summary>Share of requests that went well, 0 to 1 or 0 to 100: errors upside down.</summary>
    Availability,

    /// <summary>Requests that came: a rate or a count.</summary>
    Requests,

    /// <summary>What is used up: cpu, memory, disk, connections.</summary>
    Saturation,

    /// <summary>Whether it answers at all: 1, or 0 when it does not.</summary>
    Up,

    /// <summary>Nothing is known of it.</summary>
    Unknown,
}

/// <summary>Which end of a call a metric was measured at.</summary>
public enum MetricSide
{
    /// <summary>At the service that was asked, or the name does not say.</summary>
    Server,

    /// <summary>At the service that asks: it tells of those it calls and of the way to them.</summary>
    Client,
}

/// <summary>The role of a metric by the usual words of metric names.</summary>
public static partial class MetricRoles
{
    // From the surest word to the least sure: request_duration is a latency, request_errors are errors, cpu_load is no load of requests.
    private static readonly (MetricRole Role, string[] Words)[] Lexicon =
    [
        (MetricRole.Errors, ["error", "err", "fail", "failed", "failure", "fault", "exception", "5xx", "timeout", "rejected", "dropped"]),
        (MetricRole.Availability, ["availability", "available", "success", "successful", "succeeded"]),
        (MetricRole.Latency, ["latency", "duration", "delay", "elapsed", "rtt", "responsetime", "response", "lag"]),
        (
            MetricRole.Saturation,
            [
                "cpu",
                "mem",
                "memory",
                "heap",
                "gc",
                "disk",
                "io",
                "fs",
                "socket",
                "thread",
                "connection",
                "pool",
                "queue",
                "network",
                "net",
                "usage",
                "utilization",
                "core",
                "inode",
                "fd",
            ]
        ),
        (
            MetricRole.Requests,
            [
                "request",
                "req",
                "rps",
                "qps",
                "load",
                "workload",
                "throughput",
                "traffic",
                "call",
                "invocation",
                "hit",
                "operation",
                "ops",
                "rate",
            ]
        ),
        (MetricRole.Latency, ["seconds", "ms", "time"]),
    ];

    // Envoy calls upstream what it asks, and downstream who asks it.
    private static readonly string[] ClientWords = ["client", "outbound", "outgoing", "egress", "upstream", "callee"];
    private static readonly string[] ServerWords = ["server", "inbound", "incoming", "ingress", "downstream"];

    /// <param name="metric">A name in any of the usual spellings: <c>http_client_request_duration_seconds</c>, <c>ClientLatency</c>.</param>
    /// <returns><see cref="MetricSide.Client"/> when a word says so and none says the opposite.</returns>
    public static MetricSide SideOf(string metric)
    {
        var words = WordsOf(metric);
        return Has(words, ClientWords) && !Has(words, ServerWords) ? MetricSide.Client : MetricSide.Server;
    }

    /// <param name="metric">A name in any of the usual spellings: <c>http_request_duration_seconds</c>, <c>ResponseTime</c>,
    /// <c>latency-50</c>.</param>
    /// <returns><see cref="MetricRole.Unknown"/> when no word is a usual one.</returns>
    public static MetricRole Of(string metric)
    {
        var words = WordsOf(metric);
        if (words.SetEquals(["up"]))
            return MetricRole.Up;
        foreach (var (role, usual) in Lexicon)
        {
            if (Has(words, usual))
                return role;
        }
        return MetricRole.Unknown;
    }

    private static HashSet<string> WordsOf(string metric) =>
        Word().Matches(metric).Select(match => match.Value.ToLowerInvariant()).ToHashSet(StringComparer.Ordinal);

    private static bool Has(HashSet<string> words, string[] usual) =>
        Array.Exists(usual, word => words.Contains(word) || words.Contains(word + "s") || words.Contains(word + "es"));

    [GeneratedRegex("5xx|[A-Z]+(?![a-z])|[A-Z]?[a-z]+")]
    private static partial Regex Word();
}
