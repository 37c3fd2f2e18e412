using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Alertmanager;

/// <summary>Asks and tells an Alertmanager, by its API v2. Holds no state; may be shared.</summary>
public sealed class AlertmanagerClient
{
    private readonly IAlertmanagerApi api;
    private readonly UpstreamCalls calls;

    internal AlertmanagerClient(IAlertmanagerApi api, UpstreamCalls calls) => (this.api, this.calls) = (api, calls);

    public Task<Fetch<AlertmanagerStatus>> StatusAsync(CancellationToken cancellationToken) =>
        GetAsync(
            api.StatusAsync,
            AlertmanagerJson.Default.StatusReply,
            reply => new AlertmanagerStatus(
                reply.Config?.Original ?? throw new JsonException("The status has no configuration."),
                reply.VersionInfo?.Version ?? "unknown",
                reply.Cluster?.Status ?? "unknown",
                [.. (reply.Cluster?.Peers ?? []).Select(peer => peer.Address ?? peer.Name ?? "")],
                reply.Uptime
            ),
            cancellationToken
        );

    /// <param name="filter">One matcher each, such as <c>severity="critical"</c>; all must hold. Null or empty for all alerts.</param>
    /// <param name="receiver">An anchored regular expression on the name of the receiver.</param>
    public Task<Fetch<IReadOnlyList<AlertmanagerAlert>>> AlertsAsync(
        IReadOnlyList<string>? filter,
        string? receiver,
        CancellationToken cancellationToken
    ) =>
        GetListAsync(
            token => api.AlertsAsync(filter, receiver, null, null, null, token),
            "alerts",
            AlertmanagerJson.Default.AlertReply,
            Alert,
            null,
            cancellationToken,
            alerts => [.. alerts.OrderBy(alert => alert.Fingerprint, StringComparer.Ordinal)]
        );

    /// <summary>Alerts as they are grouped for each receiver.</summary>
    public Task<Fetch<IReadOnlyList<AlertmanagerGroup>>> GroupsAsync(
        IReadOnlyList<string>? filter,
        string? receiver,
        CancellationToken cancellationToken
    ) =>
        GetListAsync(
            token => api.GroupsAsync(filter, receiver, token),
            "alerts",
            AlertmanagerJson.Default.GroupReply,
            (group, limits) =>
                new AlertmanagerGroup(
                    limits.Check(group.Labels),
                    group.Receiver?.Name ?? "",
                    [.. (group.Alerts ?? []).Select(alert => Alert(alert, limits))]
                ),
            group => Math.Max(1, group.Alerts.Count),
            cancellationToken
        );

    /// <summary>Silences, also those that ended lately.</summary>
    public Task<Fetch<IReadOnlyList<AlertmanagerSilence>>> SilencesAsync(
        IReadOnlyList<string>? filter,
        CancellationToken cancellationToken
    ) =>
        GetListAsync(
            token => api.SilencesAsync(filter, token),
            "silences",
            AlertmanagerJson.Default.SilenceReply,
            (silence, _) => Silence(silence),
            null,
            cancellationToken
        );

    /// <returns>Ok with null where there is no such silence.</returns>
    public Task<Fetch<AlertmanagerSilence?>> SilenceAsync(string id, CancellationToken cancellationToken) =>
        calls.AskAsync<AlertmanagerSilence?>(
            ReplyKind.Document,
            async token => Found(await api.SilenceAsync(id, token)),
            async (body, token) =>
                await body.ReadTextAsync(token) is { Length: > 0 } json
                    ? Silence(
                        JsonSerializer.Deserialize(json, AlertmanagerJson.Default.SilenceReply)
                            ?? throw new JsonException("The silence is empty.")
                    )
                    : null,
            Words,
            cancellationToken
        );

    /// <summary>Makes a silence, or changes one.</summary>
    /// <returns>Its id. An update with other matchers or another start gets a new one, and ends the old.</returns>
    public Task<Fetch<string>> PutSilenceAsync(SilenceDraft draft, CancellationToken cancellationToken) =>
        GetAsync(
            token =>
                api.PostSilenceAsync(
                    Json(
                        new SilenceBody(draft.Id, draft.Matchers, draft.StartsAt, draft.EndsAt, draft.CreatedBy, draft.Comment),
                        AlertmanagerJson.Default.SilenceBody
                    ),
                    token
                ),
            AlertmanagerJson.Default.SilenceMadeReply,
            reply => reply.SilenceId ?? throw new JsonException("The silence has no id."),
            cancellationToken
        );

    /// <summary>Ends a silence. One that has ended, or that nobody knows, is ended.</summary>
    public async Task<Fetch<bool>> ExpireSilenceAsync(string id, CancellationToken cancellationToken)
    {
        var answer = await calls.AskAsync(
            ReplyKind.Document,
            async token => Found(await api.DeleteSilenceAsync(id, token)),
            (_, _) => ValueTask.FromResult(true),
            Words,
            cancellationToken
        );
        // 0.25 says so with 500 where later ones answer 404.
        return answer is Fetch<bool>.Rejected { Reason: "silence not found" } ? new Fetch<bool>.Ok(true) : answer;
    }

    /// <summary>Posts alerts. When one is refused the others of the call have been taken all the same.</summary>
    public Task<Fetch<bool>> PostAlertsAsync(IReadOnlyList<PostedAlert> alerts, CancellationToken cancellationToken) =>
        calls.AskAsync(
            ReplyKind.Document,
            token =>
                api.PostAlertsAsync(
                    Json(
                        [
                            .. alerts.Select(alert => new AlertBody(
                                alert.Labels,
                                alert.Annotations,
                                alert.StartsAt,
                                alert.EndsAt,
                                alert.GeneratorUrl
                            )),
                        ],
                        AlertmanagerJson.Default.AlertBodies
                    ),
                    token
                ),
            (_, _) => ValueTask.FromResult(true),
            Words,
            cancellationToken
        );

    /// <summary>Names of the receivers.</summary>
    public Task<Fetch<IReadOnlyList<string>>> ReceiversAsync(CancellationToken cancellationToken) =>
        GetAsync<List<NamedReply>, IReadOnlyList<string>>(
            api.ReceiversAsync,
            AlertmanagerJson.Default.Names,
            reply => [.. reply.Select(one => one.Name ?? "")],
            cancellationToken
        );

    private Task<Fetch<TValue>> GetAsync<TReply, TValue>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        JsonTypeInfo<TReply> type,
        Func<TReply, TValue> map,
        CancellationToken cancellationToken
    ) =>
        calls.AskAsync(
            ReplyKind.Document,
            send,
            async (body, token) =>
                await body.ReadJsonAsync(type, token) is { } reply ? map(reply) : throw new JsonException("The reply is empty."),
            Words,
            cancellationToken
        );

    private Task<Fetch<IReadOnlyList<TValue>>> GetListAsync<TItem, TValue>(
        Func<CancellationToken, Task<HttpResponseMessage>> send,
        string what,
        JsonTypeInfo<TItem> type,
        Func<TItem, ReplyLimits, TValue> map,
        Func<TValue, int>? weight,
        CancellationToken cancellationToken,
        Func<List<TValue>, IReadOnlyList<TValue>>? order = null
    ) =>
        calls.AskAsync(
            ReplyKind.List,
            send,
            async (body, token) =>
            {
                var items = await JsonItems.ReadAsync(body, [], what, type, item => map(item, body.Limits), weight, token);
                return order is null ? items : order(items);
            },
            Words,
            cancellationToken
        );

    /// <summary>An unknown silence is an answer, not a failure.</summary>
    private static HttpResponseMessage Found(HttpResponseMessage reply)
    {
        if (reply.StatusCode != HttpStatusCode.NotFound)
            return reply;
        reply.Dispose();
        return new HttpResponseMessage(HttpStatusCode.NoContent);
    }

    private static ByteArrayContent Json<T>(T body, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(body, type)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    /// <summary>Two shapes: a bare string from its own checks, an object with <c>message</c> from the check of the schema; v1 is told by <c>error</c>.</summary>
    private static string? Words(HttpStatusCode status, string body) => UpstreamCalls.JsonWords(body, "message", "error");

    private static AlertmanagerAlert Alert(AlertReply alert, ReplyLimits limits) =>
        new(
            alert.Fingerprint ?? "",
            limits.Check(alert.Labels),
            alert.Annotations ?? [],
            alert.StartsAt,
            alert.EndsAt,
            alert.UpdatedAt,
            alert.GeneratorUrl,
            alert.Status?.State ?? "unprocessed",
            alert.Status?.SilencedBy ?? [],
            alert.Status?.InhibitedBy ?? [],
            alert.Status?.MutedBy ?? [],
            [.. (alert.Receivers ?? []).Select(receiver => receiver.Name ?? "")]
        );

    private static AlertmanagerSilence Silence(SilenceReply silence) =>
        new(
            silence.Id ?? "",
            silence.Status?.State ?? "",
            [.. (silence.Matchers ?? []).Select(one => new SilenceMatcher(one.Name, one.Value, one.IsRegex, one.IsEqual ?? true))],
            silence.StartsAt,
            silence.EndsAt,
            silence.UpdatedAt,
            silence.CreatedBy ?? "",
            silence.Comment ?? ""
        );
}
