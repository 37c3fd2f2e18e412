using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Kit;

/// <summary>A server on a free port that answers as the test says, and remembers what it was asked.</summary>
internal sealed class FakeUpstream : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<UpstreamRequest> requests = [];

    private FakeUpstream(WebApplication app) => this.app = app;

    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");

    public IReadOnlyList<UpstreamRequest> Requests => [.. requests];

    /// <param name="certificate">To answer over TLS.</param>
    /// <param name="port">0 for any that is free.</param>
    public static async Task<FakeUpstream> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null, int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(
                IPAddress.Loopback,
                port,
                listen =>
                {
                    if (certificate is not null)
                        listen.UseHttps(certificate);
                }
            )
        );
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var fake = new FakeUpstream(app);
        app.UseWebSockets();
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = context.WebSockets.IsWebSocketRequest ? "" : await reader.ReadToEndAsync(context.RequestAborted);
            // For those that pass it on.
            context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
            fake.requests.Enqueue(
                new UpstreamRequest(
                    context.Request.Method,
                    context.Request.Path,
                    context.Request.Query.ToDictionary(one => one.Key, one => one.Value.ToArray()),
                    context.Request.Headers.ToDictionary(one => one.Key, one => one.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                    body
                )
            );
            await answer(context);
        });
        await app.StartAsync();
        return fake;
    }

    /// <summary>Gives every question the same recorded reply.</summary>
    public static Task<FakeUpstream> ReplayAsync(RecordedReply reply) => StartAsync(reply.AnswerAsync);

    /// <summary>Gives every question the same text.</summary>
    public static Task<FakeUpstream> SayAsync(int status, string contentType, string body) =>
        StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            return context.Response.WriteAsync(body, context.RequestAborted);
        });

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

internal sealed record UpstreamRequest(
    string Method,
    string Path,
    IReadOnlyDictionary<string, string?[]> Query,
    IReadOnlyDictionary<string, string> Headers,
    string Body
);

/// <summary>What a real server once answered.</summary>
internal sealed record RecordedReply(
    int Status,
    IReadOnlyDictionary<string, string> Headers,
    string Body,
    IReadOnlyList<JsonElement> Frames
)
{
    private const string Root = "Integrations/";

    /// <param name="name">Such as <c>Prometheus/3.5.3/query-range</c>.</param>
    public static RecordedReply Read(string name)
    {
        var parts = name.Split('/');
        using var stream =
            typeof(RecordedReply).Assembly.GetManifestResourceStream($"{Root}{parts[0]}/Replies/{parts[1]}/{parts[2]}.json")
            ?? throw new InvalidOperationException($"No reply {name} is recorded.");
        using var json = JsonDocument.Parse(stream);
        return new RecordedReply(
            json.RootElement.GetProperty("status").GetInt32(),
            json.RootElement.TryGetProperty("headers", out var headers)
                ? headers
                    .EnumerateObject()
                    .ToDictionary(
                        one => one.Name,
                        one => one.Value.ValueKind == JsonValueKind.String ? one.Value.GetString()! : one.Value.ToString()
                    )
                : [],
            json.RootElement.TryGetProperty("body", out var body) ? body.GetString()! : "",
            json.RootElement.TryGetProperty("frames", out var frames) ? [.. frames.EnumerateArray().Select(frame => frame.Clone())] : []
        );
    }

    /// <summary>Names of the replies of one system whose file begins so.</summary>
    public static IEnumerable<string> Names(string system, string prefix) =>
        typeof(RecordedReply)
            .Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith($"{Root}{system}/Replies/", StringComparison.Ordinal))
            .Select(name => name.Split('/'))
            .Where(parts => parts[^1].StartsWith(prefix, StringComparison.Ordinal))
            .Select(parts => $"{system}/{parts[^2]}/{Path.GetFileNameWithoutExtension(parts[^1])}")
            .Order();

    public async Task AnswerAsync(HttpContext context)
    {
        if (Frames.Count > 0)
        {
            await SendFramesAsync(context);
            return;
        }
        context.Response.StatusCode = Status;
        foreach (var (name, value) in Headers.Where(one => one.Key is not ("Content-Encoding" or "Content-Length")))
            context.Response.Headers[name] = value;
        if (Status is not (204 or 304))
            await context.Response.WriteAsync(Body, context.RequestAborted);
    }

    private async Task SendFramesAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        foreach (var frame in Frames)
        {
            switch (frame.GetProperty("opcode").GetInt32())
            {
                case 1:
                    // In two fragments, as a proxy may cut it.
                    var bytes = Encoding.UTF8.GetBytes(frame.GetProperty("payload").GetString()!);
                    await socket.SendAsync(
                        bytes.AsMemory(0, bytes.Length / 2),
                        WebSocketMessageType.Text,
                        endOfMessage: false,
                        context.RequestAborted
                    );
                    await socket.SendAsync(
                        bytes.AsMemory(bytes.Length / 2),
                        WebSocketMessageType.Text,
                        endOfMessage: true,
                        context.RequestAborted
                    );
                    break;
                case 8 when frame.TryGetProperty("closeCode", out var code) && code.ValueKind == JsonValueKind.Number:
                    await socket.CloseOutputAsync(
                        (WebSocketCloseStatus)code.GetInt32(),
                        frame.GetProperty("closeReason").GetString(),
                        context.RequestAborted
                    );
                    return;
            }
        }
        // The reader leaves when it has read enough.
        var rest = new byte[256];
        while (
            socket.State == WebSocketState.Open
            && (await socket.ReceiveAsync(rest.AsMemory(), context.RequestAborted)).MessageType != WebSocketMessageType.Close
        ) { }
    }
}
