using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Series;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Loki;

/// <summary>Asks a Loki. Holds no state; may be shared.</summary>
/// <remarks>Written after the documentation of Loki 3.4.</remarks>
public sealed class LokiClient
{
    private const int TailBuffer = 64 * 1024;
    private static readonly TimeSpan TailKeepAlive = TimeSpan.FromSeconds(20);

    private readonly ILokiApi api;
    private readonly UpstreamCalls calls;
    private readonly LokiOptions options;
    private readonly ReplyReading replies;

    internal LokiClient(ILokiApi api, UpstreamCalls calls, LokiOptions options, ReplyReading replies) =>
        (this.api, this.calls, this.options, this.replies) = (api, calls, options, replies);

    /// <summary>A metric query at one moment. A log query is refused here: it needs a range.</summary>
    public Task<Fetch<LogResult>> QueryAsync(string logql, DateTimeOffset? at, CancellationToken cancellationToken) =>
        AskAsync(token => api.QueryAsync(logql, at is { } moment ? Nanoseconds(moment) : null, token), cancellationToken);

    /// <param name="step">For metric queries; null lets the server choose.</param>
    /// <param name="limit">Most lines over all streams together.</param>
    /// <param name="isForward">Oldest first; otherwise the newest lines of the range, newest first.</param>
    public Task<Fetch<LogResult>> QueryRangeAsync(
        string logql,
        TimeRange range,
        TimeSpan? step,
        int? limit,
        bool isForward,
        CancellationToken cancellationToken
    ) =>
        AskAsync(
            token =>
                api.QueryRangeAsync(
                    logql,
                    Nanoseconds(range.Start),
                    Nanoseconds(range.End),
                    step is { } width ? Seconds(width) : null,
                    limit,
                    isForward ? "forward" : "backward",
                    token
                ),
            cancellationToken
        );

    public Task<Fetch<IReadOnlyList<string>>> LabelNamesAsync(TimeRange? range, CancellationToken cancellationToken) =>
        GetAsync(token => api.LabelsAsync(Start(range), End(range), token), Strings, cancellationToken);

    /// <param name="selector">Only values of streams that it selects.</param>
    public Task<Fetch<IReadOnlyList<string>>> LabelValuesAsync(
        string label,
        string? selector,
        TimeRange? range,
        CancellationToken cancellationToken
    ) => GetAsync(token => api.LabelValuesAsync(label, selector, Start(range), End(range), token), Strings, cancellationToken);

    public Task<Fetch<IReadOnlyList<SeriesLabels>>> SeriesAsync(
        IReadOnlyList<string> selectors,
        TimeRange range,
        CancellationToken cancellationToken
    ) =>
        calls.AskAsync<IReadOnlyList<SeriesLabels>>(
            ReplyKind.List,
            token => api.SeriesAsync(selectors, Nanoseconds(range.Start), Nanoseconds(range.End), token),
            async (body, token) =>
                await JsonItems.ReadAsync(
                    body,
                    ["data"],
                    "series",
                    LokiJson.Default.DictionaryStringString,
                    labels => new SeriesLabels(body.Limits.Check(labels)),
                    null,
                    token
                ),
            Words,
            cancellationToken
        );

    public Task<Fetch<LogStatistics>> StatsAsync(string selector, TimeRange range, CancellationToken cancellationToken) =>
        GetAsync(
            token => api.StatsAsync(selector, Nanoseconds(range.Start), Nanoseconds(range.End), token),
            reply => new LogStatistics(Count(reply, "streams"), Count(reply, "chunks"), Count(reply, "bytes"), Count(reply, "entries")),
            cancellationToken
        );

    /// <summary>Bytes per <paramref name="step"/>, by labels.</summary>
    /// <param name="targetLabels">Labels to add up by; null for those of the selector.</param>
    public Task<Fetch<IReadOnlyList<MetricSeries>>> VolumeAsync(
        string selector,
        TimeRange range,
        TimeSpan step,
        IReadOnlyList<string>? targetLabels,
        CancellationToken cancellationToken
    ) =>
        calls.AskAsync(
            ReplyKind.Matrix,
            token =>
                api.VolumeAsync(
                    selector,
                    Nanoseconds(range.Start),
                    Nanoseconds(range.End),
                    Seconds(step),
                    targetLabels is null ? null : string.Join(',', targetLabels),
                    token
                ),
            async (body, token) => (await LokiResultReader.ReadAsync(body, body.Limits, token)).Series,
            (status, text) => Words(status, text, "This Loki counts no volume: limits_config.volume_enabled is false."),
            cancellationToken
        );

    /// <summary>Line patterns with their counts; needs Loki's pattern ingester.</summary>
    public Task<Fetch<IReadOnlyList<LogPattern>>> PatternsAsync(
        string selector,
        TimeRange range,
        TimeSpan step,
        CancellationToken cancellationToken
    ) =>
        GetAsync<IReadOnlyList<LogPattern>>(
            token => api.PatternsAsync(selector, Nanoseconds(range.Start), Nanoseconds(range.End), Seconds(step), token),
            reply =>
                [
                    .. Items(reply, "data")
                        .Select(one => new LogPattern(
                            one.GetProperty("pattern").GetString()!,
                            [.. one.GetProperty("samples").EnumerateArray().Select(sample => sample[0].GetInt64() * 1000)],
                            [.. one.GetProperty("samples").EnumerateArray().Select(sample => sample[1].GetInt64())]
                        )),
                ],
            cancellationToken,
            "This Loki looks for no patterns: pattern_ingester.enabled is false."
        );

    public Task<Fetch<IReadOnlyList<DetectedField>>> DetectedFieldsAsync(
        string logql,
        TimeRange range,
        CancellationToken cancellationToken
    ) =>
        GetAsync<IReadOnlyList<DetectedField>>(
            token => api.DetectedFieldsAsync(logql, Nanoseconds(range.Start), Nanoseconds(range.End), token),
            reply =>
                [
                    .. Items(reply, "fields")
                        .Select(field => new DetectedField(
                            field.GetProperty("label").GetString()!,
                            field.GetProperty("type").GetString()!,
                            Count(field, "cardinality"),
                            [.. Items(field, "parsers").Select(parser => parser.GetString()!)]
                        )),
                ],
            cancellationToken
        );

    public Task<Fetch<ServerVersion>> BuildInfoAsync(CancellationToken cancellationToken) =>
        GetAsync(
            api.BuildInfoAsync,
            reply => new ServerVersion(
                reply.GetProperty("version").GetString() ?? "unknown",
                reply.TryGetProperty("revision", out var revision) ? revision.GetString() : null
            ),
            cancellationToken
        );

    public Task<Fetch<bool>> ReadyAsync(CancellationToken cancellationToken) =>
        calls.AskAsync(ReplyKind.Document, api.ReadyAsync, (_, _) => ValueTask.FromResult(true), Words, cancellationToken);

    /// <summary>Writes lines. Where some are refused, the others have been taken all the same.</summary>
    public Task<Fetch<bool>> PushAsync(IReadOnlyList<LogStream> streams, CancellationToken cancellationToken)
    {
        var body = new
        {
            streams = streams.Select(stream => new
            {
                stream = stream.Labels.Values,
                values = stream.Lines.Select(line => new[] { line.UnixNanoseconds.ToString(CultureInfo.InvariantCulture), line.Text }),
            }),
        };
        return calls.AskAsync(
            ReplyKind.Document,
            token =>
                api.PushAsync(
                    new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body))
                    {
                        Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
                    },
                    token
                ),
            (_, _) => ValueTask.FromResult(true),
            Words,
            cancellationToken
        );
    }

    /// <summary>Follows lines as they come, after up to <paramref name="limit"/> earlier ones, until cancelled.</summary>
    /// <exception cref="LokiTailException">Loki refused the query, or the connection ended.</exception>
    public async IAsyncEnumerable<TailBatch> TailAsync(
        string logql,
        DateTimeOffset start,
        int limit,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (calls.NoAddress is { } reason)
            throw new LokiTailException(reason);
        var address = options.Address!;
        using var socket = new ClientWebSocket();
        using var http = new HttpMessageInvoker(UpstreamSetup.Handler(options.CaFile));
        socket.Options.KeepAliveInterval = TailKeepAlive;
        if (options.Tenant is { Length: > 0 } tenant)
            socket.Options.SetRequestHeader(options.TenantHeader, tenant);
        if (options.BearerToken is { Length: > 0 } token)
            socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        else if (options.Username is { Length: > 0 } user)
        {
            socket.Options.SetRequestHeader(
                "Authorization",
                $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"))}"
            );
        }
        var target = new UriBuilder(new Uri(address, "loki/api/v1/tail"))
        {
            Scheme = address.Scheme == "https" ? "wss" : "ws",
            Query = $"query={Uri.EscapeDataString(logql)}&start={Nanoseconds(start)}&limit={limit.ToString(CultureInfo.InvariantCulture)}",
        };
        socket.Options.CollectHttpResponseDetails = true;
        try
        {
            await socket.ConnectAsync(target.Uri, http, cancellationToken).WaitAsync(options.QueryTimeout, cancellationToken);
        }
        catch (Exception failure) when (failure is WebSocketException or TimeoutException)
        {
            throw new LokiTailException(
                socket.HttpStatusCode == HttpStatusCode.BadRequest
                    ? "Loki refused the query of the tail."
                    : $"Loki's tail at {address} cannot be reached."
            );
        }
        var limits = replies.Limits(ReplyKind.Document, "Loki", target.Path);
        using var message = new MemoryStream();
        var buffer = new byte[TailBuffer];
        while (true)
        {
            message.SetLength(0);
            ValueWebSocketReceiveResult part;
            do
            {
                part = await ReceiveAsync(socket, buffer, cancellationToken);
                if (message.Length + part.Count > limits.ValueBytes)
                    throw new LokiTailException(limits.TooManyBytes().Message);
                message.Write(buffer, 0, part.Count);
            } while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new LokiTailException(socket.CloseStatusDescription is { Length: > 0 } why ? why : "Loki ended the tail.");
            }
            yield return Batch(message, limits);
        }
    }

    private static async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(
        ClientWebSocket socket,
        byte[] buffer,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
        }
        catch (WebSocketException)
        {
            throw new LokiTailException("The connection to Loki's tail broke.");
        }
    }

    private static TailBatch Batch(MemoryStream message, ReplyLimits limits)
    {
        try
        {
            using var json = JsonDocument.Parse(message.GetBuffer().AsMemory(0, (int)message.Length));
            return new TailBatch(
                [.. Items(json.RootElement, "streams").Select(stream => LokiResultReader.Stream(stream, limits))],
                Items(json.RootElement, "dropped_entries").Count()
            );
        }
        catch (ReplyTooLargeException large)
        {
            throw new LokiTailException(large.Message);
        }
        catch (Exception odd)
            when (odd
                    is JsonException
                        or FormatException
                        or OverflowException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or IndexOutOfRangeException
            )
        {
            throw new LokiTailException("The tail sent something that is not Loki's.");
        }
    }

    private Task<Fetch<LogResult>> AskAsync(Func<CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellationToken) =>
        calls.AskAsync(
            ReplyKind.Matrix,
            send,
            (body, token) => LokiResultReader.ReadAsync(body, body.Limits, token),
            Words,
            cancellationToken
        );

    private Task<Fetch<T>> GetAsync<T>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        Func<JsonElement, T> map,
        CancellationToken cancellationToken,
        string? whenOff = null
    ) =>
        calls.AskAsync(
            ReplyKind.Document,
            send,
            async (body, token) =>
            {
                var reply = await body.ReadJsonAsync(token);
                try
                {
                    return map(reply);
                }
                catch (Exception odd)
                    when (odd is KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or OverflowException)
                {
                    throw new JsonException("The reply has another form than Loki's.", odd);
                }
            },
            (status, text) => Words(status, text, whenOff),
            cancellationToken
        );

    private static string? Words(HttpStatusCode status, string body) => Words(status, body, whenOff: null);

    /// <summary>Loki answers faults in plain text; a page of HTML is not Loki's.</summary>
    /// <param name="whenOff">What to say of a part that Loki's configuration leaves out: of itself it says nothing, or next to nothing.</param>
    private static string? Words(HttpStatusCode status, string body, string? whenOff)
    {
        var text = body.Trim();
        if (whenOff is not null && status == HttpStatusCode.NotFound && (text is "" or "not found"))
            return whenOff;
        if (text.Length == 0 || text[0] == '<' || text == "404 page not found")
            return null;
        return text[0] == '{' ? UpstreamCalls.JsonWords(text, "error", "message") ?? text : text;
    }

    /// <summary>Loki leaves out a list that would be empty, or writes null.</summary>
    private static JsonElement.ArrayEnumerator Items(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static IReadOnlyList<string> Strings(JsonElement reply) => [.. Items(reply, "data").Select(one => one.GetString()!)];

    private static long Count(JsonElement parent, string name) => parent.TryGetProperty(name, out var count) ? count.GetInt64() : 0;

    private static string Nanoseconds(DateTimeOffset at) =>
        ((at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) * 100).ToString(CultureInfo.InvariantCulture);

    private static string? Start(TimeRange? range) => range is { } known ? Nanoseconds(known.Start) : null;

    private static string? End(TimeRange? range) => range is { } known ? Nanoseconds(known.End) : null;

    private static string Seconds(TimeSpan step) => $"{step.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s";
}
