using System.Globalization;
using System.Threading.RateLimiting;
using Archon.Analysis.Series;
using Archon.Features.Access;
using Archon.Integrations;
using Microsoft.AspNetCore.RateLimiting;

namespace Archon.Features.Explore.Metrics;

/// <summary>What the editor completes from: names of the environment's Prometheus, in the form of its own API.</summary>
/// <remarks>Nothing else of the server is reached by it.</remarks>
public static class CompletionEndpoints
{
    private const string Pattern = "/rules/prometheus/{environmentId:int}/api/v1";

    private const int MostMatchers = 4;
    private const int LongestMatcher = 4000;
    private const int MostNames = 20_000;
    private const int MostSeries = 2_000;
    private static readonly TimeSpan LongestPast = TimeSpan.FromDays(1);
    private static readonly string[] GetAndPost = [HttpMethods.Get, HttpMethods.Post];

    /// <summary>Where the editor asks.</summary>
    public static string Of(int environmentId) => string.Create(CultureInfo.InvariantCulture, $"/rules/prometheus/{environmentId}/api/v1");

    public static IEndpointRouteBuilder MapCompletion(this IEndpointRouteBuilder endpoints)
    {
        var api = endpoints
            .MapGroup(Pattern)
            .RequireAuthorization(Policies.Viewer)
            .RequireRateLimiting(CompletionLimit.Name)
            // It changes nothing, and no form of ours leads here.
            .DisableAntiforgery()
            .ExcludeFromDescription();
        api.MapMethods(
            "/labels",
            GetAndPost,
            (int environmentId, HttpContext context, Upstreams upstreams, TimeProvider clock) =>
                AnswerAsync(
                    context,
                    clock,
                    (asked, token) => upstreams.For(environmentId).Prometheus.LabelNamesAsync(asked.Matchers, asked.Range, token),
                    names => names.Take(MostNames)
                )
        );
        api.MapGet(
            "/label/{label}/values",
            (int environmentId, string label, HttpContext context, Upstreams upstreams, TimeProvider clock) =>
                AnswerAsync(
                    context,
                    clock,
                    (asked, token) => upstreams.For(environmentId).Prometheus.LabelValuesAsync(label, asked.Matchers, asked.Range, token),
                    names => names.Take(MostNames)
                )
        );
        api.MapMethods(
            "/series",
            GetAndPost,
            (int environmentId, HttpContext context, Upstreams upstreams, TimeProvider clock) =>
                AnswerAsync(
                    context,
                    clock,
                    async (asked, token) =>
                        asked.Matchers is { Count: > 0 } matchers
                            ? await upstreams.For(environmentId).Prometheus.SeriesAsync(matchers, asked.Range, token)
                            : new Fetch<IReadOnlyList<SeriesLabels>>.Rejected("no match[] parameter provided"),
                    series => series.Take(MostSeries).Select(one => one.Values)
                )
        );
        api.MapGet(
            "/metadata",
            (int environmentId, HttpContext context, Upstreams upstreams, TimeProvider clock) =>
                AnswerAsync(
                    context,
                    clock,
                    (_, token) => upstreams.For(environmentId).Prometheus.MetadataAsync(null, token),
                    metrics =>
                        metrics
                            .Take(MostNames)
                            .GroupBy(metric => metric.Metric)
                            .ToDictionary(
                                same => same.Key,
                                same =>
                                    same.Select(one => new
                                    {
                                        one.Type,
                                        one.Help,
                                        one.Unit,
                                    })
                            )
                )
        );
        return endpoints;
    }

    private static async Task<IResult> AnswerAsync<T>(
        HttpContext context,
        TimeProvider clock,
        Func<Asked, CancellationToken, Task<Fetch<T>>> ask,
        Func<T, object> shape
    )
    {
        var request = context.Request;
        if (request.HasFormContentType && request.ContentLength is not <= MostMatchers * LongestMatcher * 2)
        {
            return Refuse("the question is too long", StatusCodes.Status413PayloadTooLarge);
        }
        var form = request.HasFormContentType ? await request.ReadFormAsync(context.RequestAborted) : null;
        var matchers = Field("match[]");
        if (matchers.Count > MostMatchers || matchers.Any(one => one is null or { Length: > LongestMatcher }))
        {
            return Refuse("the question is too long");
        }
        var now = clock.GetUtcNow();
        var (start, end) = (Time("start") ?? now - TimeSpan.FromHours(1), Time("end") ?? now);
        if (end < start)
            return Refuse("end timestamp must not be before start time");
        if (end - start > LongestPast)
            start = end - LongestPast;
        return await ask(new Asked(matchers.Count == 0 ? null : [.. matchers!], new TimeRange(start, end)), context.RequestAborted) switch
        {
            Fetch<T>.Ok { Value: var value } => Results.Json(new { Status = "success", Data = shape(value) }),
            Fetch<T>.Rejected { Reason: var reason } => Refuse(reason),
            Fetch<T>.Unavailable { Reason: var reason } => Refuse(reason, StatusCodes.Status503ServiceUnavailable),
            _ => throw new InvalidOperationException("An answer is one of three."),
        };

        Microsoft.Extensions.Primitives.StringValues Field(string name) =>
            form is not null && form.TryGetValue(name, out var value) ? value : request.Query[name];

        DateTimeOffset? Time(string name)
        {
            if (Field(name).FirstOrDefault() is not { Length: > 0 } text)
                return null;
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < 1e11)
            {
                return DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000));
            }
            return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var stamp)
                ? stamp
                : null;
        }
    }

    private static IResult Refuse(string reason, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(
            new
            {
                Status = "error",
                ErrorType = "bad_data",
                Error = reason,
            },
            statusCode: status
        );

    /// <param name="Matchers">Null: of all series.</param>
    private sealed record Asked(IReadOnlyList<string>? Matchers, TimeRange Range);
}

/// <summary>How often the editors behind one address may ask: typing is fast, a loop in a script is faster.</summary>
/// <remarks>It is counted before anyone is known by name.</remarks>
internal sealed class CompletionLimit : IRateLimiterPolicy<string>
{
    public const string Name = "completion";
    private const int Burst = 120;
    private const int PerSecond = 10;

    public Func<OnRejectedContext, CancellationToken, ValueTask>? OnRejected { get; } =
        (rejected, cancellationToken) =>
        {
            rejected.HttpContext.Response.Headers.RetryAfter = "1";
            return new ValueTask(
                rejected.HttpContext.Response.WriteAsJsonAsync(
                    new
                    {
                        status = "error",
                        errorType = "too_many_requests",
                        error = "too many questions at once",
                    },
                    cancellationToken
                )
            );
        };

    public RateLimitPartition<string> GetPartition(HttpContext httpContext) =>
        RateLimitPartition.GetTokenBucketLimiter(
            httpContext.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new TokenBucketRateLimiterOptions
            {
                TokenLimit = Burst,
                TokensPerPeriod = PerSecond,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                QueueLimit = 0,
            }
        );
}
