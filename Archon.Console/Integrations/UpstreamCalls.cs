using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Archon.Integrations.Replies;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Timeout;

namespace Archon.Integrations;

/// <summary>
/// Makes calls to one outside system and says in three ways how they went. Tells <see cref="UpstreamHealth"/> of each. Reasons are in
/// people's words, and hold neither credentials nor the text of a page that answered in the system's place.
/// </summary>
/// <param name="blamesWith500">Whether the system answers some faults of the request with 500, as Loki and Alertmanager do.</param>
internal sealed partial class UpstreamCalls(
    Upstream upstream,
    TimeSpan queryTimeout,
    bool blamesWith500,
    UpstreamHealth health,
    ReplyReading replies,
    ILogger<UpstreamCalls> logger
)
{
    private const int ErrorBodyLimit = 64_000;
    private const int WordsLimit = 2_000;

    // A reply may come slowly without being stuck, such as a month of a thousand series.
    private readonly TimeSpan bodyLimit = queryTimeout * 3;

    /// <summary>Why nothing can be asked; null where there is an address.</summary>
    public string? NoAddress => upstream.Address is null ? upstream.NoAddress : null;

    /// <summary>The limits of replies to <paramref name="path"/>.</summary>
    public ReplyLimits Limits(ReplyKind kind, string path) => replies.Limits(kind, upstream.Name, path);

    /// <param name="kind">What a reply with success holds; decides how much it may hold.</param>
    /// <param name="send">Sends the request and returns once the headers are there.</param>
    /// <param name="read">Reads the body of a reply with success.</param>
    /// <param name="explain">Finds the server's own words in the body of a failure; null where another wrote it.</param>
    public async Task<Fetch<T>> AskAsync<T>(
        ReplyKind kind,
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        Func<ReplyStream, CancellationToken, ValueTask<T>> read,
        Func<HttpStatusCode, string, string?> explain,
        CancellationToken cancellationToken
    )
    {
        if (NoAddress is { } without)
            return new Fetch<T>.Unavailable(without);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(bodyLimit);
        ReplyStream? body = null;
        try
        {
            using var reply = await send(limit.Token);
            if (!reply.IsSuccessStatusCode)
                return await ExplainAsync<T>(reply, explain, limit.Token);
            await using var opened = body = await replies.OpenAsync(reply, kind, upstream.Name, limit.Token);
            var value = await ReadAsync(body, read, limit.Token);
            health.Answered(upstream.Name);
            return new Fetch<T>.Ok(value);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        // A query that asks for less would be answered.
        catch (ReplyTooLargeException large) when (kind == ReplyKind.Matrix)
        {
            health.Answered(upstream.Name);
            return new Fetch<T>.Rejected(large.Message);
        }
        catch (Exception failure) when (((body is null ? null : DescribeDelay(failure, body)) ?? Describe(failure)) is { } reason)
        {
            health.Failed(upstream.Name, reason);
            return new Fetch<T>.Unavailable(reason);
        }
    }

    /// <summary>Whatever a reader throws, the reply made it do so.</summary>
    private async ValueTask<T> ReadAsync<T>(
        ReplyStream body,
        Func<ReplyStream, CancellationToken, ValueTask<T>> read,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await read(body, cancellationToken);
        }
        catch (Exception odd) when (odd is not OperationCanceledException && Describe(odd) is null)
        {
            LogUnreadable(upstream.Name, odd);
            throw new InvalidDataException("The reply cannot be read.", odd);
        }
    }

    private async Task<Fetch<T>> ExplainAsync<T>(
        HttpResponseMessage reply,
        Func<HttpStatusCode, string, string?> explain,
        CancellationToken cancellationToken
    )
    {
        var text = await HeadAsync(reply.Content, cancellationToken);
        var words = explain(reply.StatusCode, text) is { Length: > 0 } reported ? reported[..Math.Min(reported.Length, WordsLimit)] : null;
        if (words is not null && IsRefusal(reply.StatusCode))
        {
            health.Answered(upstream.Name);
            return new Fetch<T>.Rejected(words);
        }
        var reason = reply.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                $"{upstream.Name} did not accept the credentials ({(int)reply.StatusCode}). Look at {upstream.Name}:Username, :BearerToken and :Tenant in the settings.",
            var status when IsRefusal(status) && status != HttpStatusCode.InternalServerError =>
                $"{upstream.Address} answers, but not as {upstream.Name} ({(int)status}). Is the address right, with http or https and its path prefix?",
            HttpStatusCode.TooManyRequests => $"{upstream.Name} is asked too often (429){Colon(words)}",
            HttpStatusCode.ServiceUnavailable => $"{upstream.Name} is starting, overloaded or ran out of time (503){Colon(words)}",
            var status when (int)status is >= 300 and < 400 =>
                $"{upstream.Address} sends elsewhere ({(int)status}); name the address it leads to.",
            var status => $"{upstream.Name} failed ({(int)status}){Colon(words)}",
        };
        health.Failed(upstream.Name, reason);
        return new Fetch<T>.Unavailable(reason);
    }

    private bool IsRefusal(HttpStatusCode status) =>
        status
            is HttpStatusCode.BadRequest
                or HttpStatusCode.UnprocessableEntity
                or HttpStatusCode.Conflict
                or HttpStatusCode.Gone
                or HttpStatusCode.NotFound
        || (status == HttpStatusCode.InternalServerError && blamesWith500);

    /// <summary>The text of a body that is a JSON string, or of the first of these members of an object.</summary>
    public static string? JsonWords(string body, params ReadOnlySpan<string> members)
    {
        try
        {
            using var reply = JsonDocument.Parse(body);
            var root = reply.RootElement;
            if (root.ValueKind == JsonValueKind.String)
                return root.GetString();
            foreach (var member in members)
            {
                if (
                    root.ValueKind == JsonValueKind.Object
                    && root.TryGetProperty(member, out var words)
                    && words.ValueKind == JsonValueKind.String
                )
                    return words.GetString();
            }
            return null;
        }
        catch (Exception odd) when (odd is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The beginning of a body, enough for the words of a failure.</summary>
    public static async Task<string> HeadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var body = await content.ReadAsStreamAsync(cancellationToken);
        using var reader = new StreamReader(body);
        var head = new char[ErrorBodyLimit];
        return new string(head, 0, await reader.ReadBlockAsync(head, cancellationToken));
    }

    /// <summary>The headers came in time and the body did not.</summary>
    private string? DescribeDelay(Exception failure, ReplyStream body) =>
        failure switch
        {
            not OperationCanceledException => null,
            _ when body.IsWaiting =>
                $"Other replies use all the memory for replies, and none became free in {bodyLimit.TotalSeconds:0.#} s. "
                    + $"Ask for less at once, or raise {ReplyOptions.Section}:{nameof(ReplyOptions.InFlightMegabytes)}.",
            _ => $"{upstream.Name} did not finish its reply within {bodyLimit.TotalSeconds:0.#} s.",
        };

    private static string Colon(string? words) => words is null ? "." : $": {words}";

    /// <summary>Null for what is our own fault and must not be hidden.</summary>
    private string? Describe(Exception failure) =>
        failure switch
        {
            Refit.ApiRequestException { InnerException: { } cause } => Describe(cause),
            OperationCanceledException or TimeoutRejectedException or TimeoutException =>
                $"{upstream.Name} did not answer within {queryTimeout.TotalSeconds:0.#} s.",
            // Left alone for two seconds after failing again and again. What people want to know is why it failed.
            BrokenCircuitException { InnerException: { } cause } => Describe(cause),
            BrokenCircuitException => health.ReasonOf(upstream.Name) ?? $"{upstream.Name} failed many times in a row.",
            RateLimiterRejectedException => $"Too many questions to {upstream.Name} are under way at once.",
            HttpRequestException when Certificate(failure) is { } certificate => certificate,
            HttpRequestException { InnerException: AuthenticationException } =>
                $"The certificate of {upstream.Address} is not trusted. Name its authority in {upstream.Name}:CaFile.",
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } =>
                $"The name {upstream.Address!.Host} is not known.",
            HttpRequestException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } =>
                $"Nothing listens at {upstream.Address}.",
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } =>
                $"{upstream.Address} sent more than {UpstreamSetup.HeaderKilobytes} kB of headers, unlike {upstream.Name}. Is the address right?",
            ReplyTooLargeException => failure.Message,
            HttpRequestException or IOException or SocketException => $"The connection to {upstream.Address} failed ({Root(failure)}).",
            JsonException or FormatException or InvalidDataException =>
                $"{upstream.Address} answered something that is not {upstream.Name}'s.",
            _ => null,
        };

    private string? Certificate(Exception failure)
    {
        for (var cause = failure.InnerException; cause is not null; cause = cause.InnerException)
        {
            if (cause is CertificateException { Details: var details, Fault: var fault })
            {
                return fault == CertificateFault.Name
                    ? $"The certificate of {upstream.Address} is for {details}, not for {upstream.Address!.Host}. "
                        + $"Use a name that it has in {upstream.Name}:BaseAddress, or give the server another certificate."
                    : $"The certificate of {upstream.Address} is valid from {details}, not today. Renew it on the server.";
            }
        }
        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A reply of {Upstream} cannot be read")]
    private partial void LogUnreadable(string upstream, Exception odd);

    private static string Root(Exception failure) =>
        failure.GetBaseException() switch
        {
            SocketException socket => socket.SocketErrorCode.ToString(),
            HttpIOException http => http.HttpRequestError.ToString(),
            var other => other.GetType().Name,
        };
}
