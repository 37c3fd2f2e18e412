using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Archon.Integrations.Replies;

namespace Archon.Integrations.Prometheus;

/// <summary>Changes the rules of a server: makes one read its files again, or writes into a ruler.</summary>
/// <remarks>
/// As whom is that of the section <c>Prometheus</c>. Nothing is tried twice.
/// Written after the documentation of Prometheus 3.5 (Management API), Mimir 2.16 (HTTP API, Ruler), Cortex 1.19 (API, Ruler) and
/// Loki 3.4 (HTTP API, Ruler). The three rulers take the same: a group as YAML by POST to <c>{prefix}/{namespace}</c>, a list of groups
/// by GET, DELETE of <c>{prefix}/{namespace}/{group}</c>.
/// </remarks>
public sealed class RuleServerClient
{
    internal const string Name = "rule-server";
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private const int MostWords = 2_000;
    private const string Source = "the rule server";

    private readonly IHttpClientFactory clients;
    private readonly ReplyReading replies;

    internal RuleServerClient(IHttpClientFactory clients, ReplyReading replies) => (this.clients, this.replies) = (clients, replies);

    /// <summary>Makes a server read its configuration and rule files again.</summary>
    public async Task<Fetch<string>> ReloadAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address);
        return await SendAsync(
            request,
            status =>
                status switch
                {
                    HttpStatusCode.Forbidden =>
                        "The server refuses to reload (403). A Prometheus must be started with --web.enable-lifecycle.",
                    HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed =>
                        $"Nothing reloads at {address} ({(int)status}). Set Archon:Rules:ReloadAddress.",
                    _ => null,
                },
            cancellationToken
        );
    }

    /// <summary>Every namespace with its groups, as YAML: a map of lists. Null where the tenant has no rules at all.</summary>
    public async Task<Fetch<string?>> NamespacesAsync(Uri prefix, CancellationToken cancellationToken) =>
        await GetAsync(prefix, cancellationToken);

    /// <summary>One namespace with its groups, likewise; null where there is none of the name.</summary>
    public async Task<Fetch<string?>> NamespaceAsync(Uri prefix, string name, CancellationToken cancellationToken) =>
        await GetAsync(At(prefix, name), cancellationToken);

    /// <param name="group">One group as YAML.</param>
    public async Task<Fetch<string>> SetGroupAsync(Uri prefix, string name, string group, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, At(prefix, name))
        {
            Content = new StringContent(group, Encoding.UTF8, new MediaTypeHeaderValue("application/yaml")),
        };
        return await SendAsync(request, _ => null, cancellationToken);
    }

    /// <summary>A group that is not there is gone already.</summary>
    public async Task<Fetch<string>> DeleteGroupAsync(Uri prefix, string name, string group, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, new Uri($"{At(prefix, name)}/{Uri.EscapeDataString(group)}"));
        var answer = await SendAsync(request, status => status == HttpStatusCode.NotFound ? "" : null, cancellationToken);
        return answer is Fetch<string>.Unavailable { Reason: "" } or Fetch<string>.Rejected { Reason: "" }
            ? new Fetch<string>.Ok("")
            : answer;
    }

    /// <summary>Every group that a ruler evaluates, from an address that answers as Prometheus does.</summary>
    public async Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>> RunningAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return await SendAsync(
            request,
            ReplyKind.List,
            async (body, token) =>
            {
                try
                {
                    return await PrometheusClient.ReadGroupsAsync(body, token);
                }
                catch (JsonException odd)
                {
                    throw new InvalidDataException($"{address} answered something that is no list of rules.", odd);
                }
            },
            status => status == HttpStatusCode.NotFound ? "" : null,
            cancellationToken
        ) switch
        {
            Fetch<IReadOnlyList<PrometheusRuleGroup>>.Rejected { Reason: "" } => new Fetch<IReadOnlyList<PrometheusRuleGroup>>.Unavailable(
                $"{address} has no rules API (404)."
            ),
            var answer => answer,
        };
    }

    private async Task<Fetch<string?>> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return await SendAsync(request, status => status == HttpStatusCode.NotFound ? "" : null, cancellationToken) switch
        {
            Fetch<string>.Ok { Value: var text } => new Fetch<string?>.Ok(text),
            Fetch<string>.Rejected { Reason: "" } => new Fetch<string?>.Ok(null),
            Fetch<string>.Rejected { Reason: var words } => new Fetch<string?>.Rejected(words),
            Fetch<string>.Unavailable { Reason: var reason } => new Fetch<string?>.Unavailable(reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    private static Uri At(Uri prefix, string name) => new($"{prefix.AbsoluteUri.TrimEnd('/')}/{Uri.EscapeDataString(name)}");

    private Task<Fetch<string>> SendAsync(
        HttpRequestMessage request,
        Func<HttpStatusCode, string?> explain,
        CancellationToken cancellationToken
    ) => SendAsync(request, ReplyKind.Document, (body, token) => body.ReadTextAsync(token), explain, cancellationToken);

    /// <param name="explain">What a status means here; null for the server's own words.</param>
    private async Task<Fetch<T>> SendAsync<T>(
        HttpRequestMessage request,
        ReplyKind kind,
        Func<ReplyStream, CancellationToken, ValueTask<T>> read,
        Func<HttpStatusCode, string?> explain,
        CancellationToken cancellationToken
    )
    {
        var address = request.RequestUri!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var http = clients.CreateClient(Name);
            using var reply = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (reply.IsSuccessStatusCode)
            {
                await using var body = await replies.OpenAsync(reply, kind, Source, limit.Token);
                return new Fetch<T>.Ok(await read(body, limit.Token));
            }
            if (explain(reply.StatusCode) is { } known)
                return new Fetch<T>.Rejected(known);
            if (reply.StatusCode == HttpStatusCode.Unauthorized)
            {
                return new Fetch<T>.Unavailable(
                    $"{address} did not accept the credentials (401). "
                        + "Look at Prometheus:Username, :BearerToken and :Tenant in the settings."
                );
            }
            var words = (await UpstreamCalls.HeadAsync(reply.Content, limit.Token)).Trim();
            return new Fetch<T>.Rejected(
                words.Length == 0 ? $"{address} answered {(int)reply.StatusCode}." : words[..Math.Min(words.Length, MostWords)]
            );
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            return new Fetch<T>.Unavailable($"{address} did not answer within {Patience.TotalSeconds:0} s.");
        }
        catch (HttpRequestException failure)
            when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return new Fetch<T>.Unavailable($"Nothing listens at {address}.");
        }
        catch (Exception failure) when (failure is ReplyTooLargeException or InvalidDataException)
        {
            return new Fetch<T>.Unavailable(failure.Message);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            return new Fetch<T>.Unavailable($"The connection to {address} failed ({failure.Message}).");
        }
    }
}
