using Microsoft.AspNetCore.Http;

namespace Archon.Tests.Kit;

/// <summary>How an upstream can be in trouble.</summary>
public enum Trouble
{
    None,
    Killed,
    Slow,
    Rubbish,
}

/// <summary>A Prometheus, an Alertmanager and a Loki at one address, as far as they say what they are; and the trouble they can be in.</summary>
internal sealed class TroubledUpstream : IAsyncDisposable
{
    private readonly HttpClient? behind;
    private FakeUpstream? fake;
    private volatile Trouble trouble;

    private TroubledUpstream(FakeUpstream fake, Uri? behind)
    {
        (this.fake, Address) = (fake, fake.Address);
        if (behind is not null)
            this.behind = new HttpClient { BaseAddress = behind };
    }

    public Uri Address { get; }

    /// <param name="behind">A real server, whose replies it passes on while there is no trouble.</param>
    public static async Task<TroubledUpstream> StartAsync(Uri? behind = null)
    {
        TroubledUpstream? upstream = null;
        upstream = new TroubledUpstream(await FakeUpstream.StartAsync(context => upstream!.AnswerAsync(context)), behind);
        return upstream;
    }

    public async Task BecomeAsync(Trouble wanted)
    {
        trouble = wanted;
        if (wanted == Trouble.Killed && fake is not null)
        {
            await fake.DisposeAsync();
            fake = null;
        }
        else if (wanted != Trouble.Killed)
        {
            fake ??= await FakeUpstream.StartAsync(AnswerAsync, port: Address.Port);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (fake is not null)
            await fake.DisposeAsync();
        behind?.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        switch (trouble)
        {
            case Trouble.Slow:
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
                return;
            case Trouble.Rubbish:
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync(
                    "<html><body><h1>It works!</h1><script>window.pwned=true</script></body></html>",
                    context.RequestAborted
                );
                return;
        }
        if (behind is not null)
        {
            await PassOnAsync(context, behind);
            return;
        }
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(
            context.Request.Path.Value switch
            {
                "/api/v2/status" =>
                    """{"cluster":{"status":"disabled"},"versionInfo":{"version":"0.25.0"},"uptime":"2026-11-23T00:00:00.000Z","config":{"original":"receivers: []"}}""",
                "/loki/api/v1/status/buildinfo" => """{"version":"3.4.6","revision":"v3.4.6"}""",
                "/api/v1/status/buildinfo" => """{"status":"success","data":{"version":"3.5.3","revision":"x"}}""",
                "/api/v1/targets" => """{"status":"success","data":{"activeTargets":[]}}""",
                _ => """{"status":"success","data":{"resultType":"matrix","result":[]}}""",
            },
            context.RequestAborted
        );
    }

    private static async Task PassOnAsync(HttpContext context, HttpClient behind)
    {
        using var request = new HttpRequestMessage(
            new HttpMethod(context.Request.Method),
            new Uri($"{context.Request.Path.Value!.TrimStart('/')}{context.Request.QueryString}", UriKind.Relative)
        );
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            request.Content = new StreamContent(context.Request.Body);
            if (context.Request.ContentType is { } type)
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        using var reply = await behind.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)reply.StatusCode;
        context.Response.ContentType = reply.Content.Headers.ContentType?.ToString();
        await reply.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
