using System.Collections.Concurrent;
using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Data.Rules;
using Microsoft.AspNetCore.Http;

namespace Archon.Tests.Kit;

/// <summary>A ruler that keeps what it is sent.</summary>
/// <remarks>
/// After Grafana Mimir 2.16, "HTTP API", Ruler: <c>POST {prefix}/config/v1/rules/{namespace}</c> with one group as YAML answers 202, <c>GET</c> of the
/// prefix and of a namespace answer 200 with a map from namespace to groups or 404 without any, <c>DELETE {namespace}/{group}</c> answers 202 or 404; a bad
/// group is refused with 400. Cortex 1.19 and Loki 3.4 document the same below <c>/api/v1/rules</c> and <c>/loki/api/v1/rules</c>. Running rules are those of
/// <c>GET {prometheus prefix}/api/v1/rules</c>, where the file is the namespace.
/// </remarks>
internal sealed class FakeRuler : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(string Namespace, string Group), string> groups = new();
    private readonly string path;
    private FakeUpstream server = null!;

    private FakeRuler(string path) => this.path = path;

    private RuleLanguage Language => path.StartsWith("/loki/", StringComparison.Ordinal) ? RuleLanguage.Logql : RuleLanguage.Promql;

    public Uri Address => server.Address;
    public Uri Rules => new(server.Address, path.TrimStart('/'));
    public IReadOnlyList<UpstreamRequest> Requests => server.Requests;

    /// <summary>A group of this name is refused.</summary>
    public string? Refuses { get; set; }

    /// <summary>How every expression is told among the running rules, in place of its own text.</summary>
    public string? Prints { get; set; }

    public static async Task<FakeRuler> StartAsync(string path)
    {
        var ruler = new FakeRuler(path);
        ruler.server = await FakeUpstream.StartAsync(ruler.AnswerAsync);
        return ruler;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var asked = context.Request.Path.Value!;
        if (asked == "/prometheus/api/v1/rules")
            return JsonAsync(context);
        if (!asked.StartsWith(path, StringComparison.Ordinal))
            return SayAsync(context, 404, "page not found");
        var parts = asked[path.Length..]
            .Trim('/')
            .Split('/', StringSplitOptions.RemoveEmptyEntries)
            .Select(Uri.UnescapeDataString)
            .ToArray();
        switch (context.Request.Method)
        {
            case "POST":
                var text = server.Requests[^1].Body;
                var file = RuleFile.Read("groups:\n- " + text.Replace("\n", "\n  ", StringComparison.Ordinal), out var errors, Language);
                var name = file?.Groups[0].Content.Name;
                if (name is null || name == Refuses)
                    return SayAsync(context, 400, $"unable to decode rule group: {(name is null ? errors[0] : "it is refused")}");
                groups[(parts[0], name)] = text;
                return SayAsync(context, 202, """{"status":"success","data":null,"errorType":"","error":""}""");
            case "DELETE":
                return SayAsync(context, groups.TryRemove((parts[0], parts[1]), out _) ? 202 : 404, "");
            default:
                var found = groups
                    .Where(one => parts.Length == 0 || one.Key.Namespace == parts[0])
                    .GroupBy(one => one.Key.Namespace)
                    .ToList();
                return found.Count == 0
                    ? SayAsync(context, 404, "no rule groups found\n")
                    : SayAsync(context, 200, string.Concat(found.Select(Listed)));
        }
    }

    private static string Listed(IGrouping<string, KeyValuePair<(string, string), string>> one) =>
        $"{one.Key}:\n"
        + string.Concat(one.Select(group => "    - " + group.Value.TrimEnd().Replace("\n", "\n      ", StringComparison.Ordinal) + "\n"));

    private Task JsonAsync(HttpContext context)
    {
        var served = groups.Select(one =>
        {
            var group = RuleFile.Read("groups:\n- " + one.Value.Replace("\n", "\n  ", StringComparison.Ordinal), out _, Language)!.Groups[
                0
            ];
            return new
            {
                name = one.Key.Group,
                file = one.Key.Namespace,
                interval = (group.Content.Interval ?? TimeSpan.FromMinutes(1)).TotalSeconds,
                rules = group.Rules.Select(rule => new
                {
                    name = rule.Content.Name,
                    query = Printed(rule.Content.Expression),
                    type = rule.Content.IsAlert ? "alerting" : "recording",
                    health = "ok",
                    state = "inactive",
                    duration = rule.Content.For.TotalSeconds,
                    keepFiringFor = rule.Content.KeepFiringFor.TotalSeconds,
                    labels = rule.AllLabels,
                    annotations = rule.Content.Annotations,
                }),
            };
        });
        return context.Response.WriteAsJsonAsync(new { status = "success", data = new { groups = served } });
    }

    /// <summary>Loki tells an expression in brackets, and its parts closer together than people write them.</summary>
    private string Printed(string expression) =>
        Prints
        ?? (
            Language == RuleLanguage.Logql
                ? $"({expression.Replace(" [", "[", StringComparison.Ordinal).Replace(") (", ")(", StringComparison.Ordinal)})"
                : expression
        );

    private static Task SayAsync(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(text, Encoding.UTF8);
    }
}
