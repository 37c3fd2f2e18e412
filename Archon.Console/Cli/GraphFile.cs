using System.Text.Json;
using Archon.Analysis.RootCause;

namespace Archon.Cli;

/// <summary>Who calls whom, as <c>{"services": [...], "edges_caller_to_callee": [[caller, callee], ...]}</c>.</summary>
internal static class GraphFile
{
    /// <exception cref="BadInputException">It cannot be read or has another form.</exception>
    public static ServiceGraph Read(string file)
    {
        var json = JsonFile.Read(file);
        return TryRead(json, out var graph, out var reason) ? graph : throw new BadInputException($"{Files.NameOf(file)}: {reason}");
    }

    /// <param name="reason">What is wrong; empty when the object merely names no edges.</param>
    public static bool TryRead(JsonElement json, out ServiceGraph graph, out string reason)
    {
        (graph, reason) = (ServiceGraph.Empty, "It has no \"edges_caller_to_callee\".");
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("edges_caller_to_callee", out var edges))
            return false;
        reason = "\"edges_caller_to_callee\" is no list of pairs of names.";
        if (edges.ValueKind != JsonValueKind.Array)
            return false;
        var calls = new List<(string, string)>();
        foreach (var edge in edges.EnumerateArray())
        {
            if (
                edge.ValueKind != JsonValueKind.Array
                || edge.GetArrayLength() != 2
                || edge[0].ValueKind != JsonValueKind.String
                || edge[1].ValueKind != JsonValueKind.String
            )
                return false;
            calls.Add((edge[0].GetString()!, edge[1].GetString()!));
        }
        reason = "\"services\" is no list of names.";
        var services = new List<string>();
        if (json.TryGetProperty("services", out var names))
        {
            if (names.ValueKind != JsonValueKind.Array)
                return false;
            if (names.EnumerateArray().Any(name => name.ValueKind != JsonValueKind.String))
                return false;
            services.AddRange(names.EnumerateArray().Select(name => name.GetString()!));
        }
        graph = new ServiceGraph(services, calls);
        return true;
    }
}
