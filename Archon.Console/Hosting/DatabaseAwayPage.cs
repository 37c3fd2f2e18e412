using System.Globalization;
using System.Net;
using Archon.Data;

namespace Archon.Hosting;

/// <summary>
/// Answers in place of every page while the database is away, since nobody can be signed in then, and in place of each request that fails on it before
/// that is known. It needs no database, no session and no script. The page loads itself again.
/// </summary>
internal sealed partial class DatabaseAwayPage(
    RequestDelegate next,
    ArchonDatabase database,
    IHostEnvironment environment,
    ILogger<DatabaseAwayPage> logger
)
{
    private const int RetrySeconds = 3;

    public async Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (!database.IsReady && !WorksWithout(path))
        {
            await AnswerAsync(context);
            return;
        }
        // A circuit or a hub's connection lasts for hours; it stays while the database is away.
        if (context.WebSockets.IsWebSocketRequest || path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase))
        {
            await next(context);
            return;
        }
        var aborted = context.RequestAborted;
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(aborted, database.Usable);
        // A request that waits for a frozen server ends when that is found out, not with the command's own time limit.
        if (!WorksWithout(path))
            context.RequestAborted = cut.Token;
        try
        {
            await next(context);
        }
        catch (Exception failure) when (!context.Response.HasStarted && !aborted.IsCancellationRequested && IsAway(failure, cut.Token))
        {
            database.Suspect();
            LogFailed(context.Request.Method, path, DatabaseFailures.Describe(failure) ?? "The database went away.");
            context.RequestAborted = aborted;
            await AnswerAsync(context, DatabaseFailures.Describe(failure));
        }
        finally
        {
            context.RequestAborted = aborted;
        }
    }

    private static bool IsAway(Exception failure, CancellationToken cut) =>
        DatabaseFailures.IsAway(failure) || (failure is OperationCanceledException && cut.IsCancellationRequested);

    /// <param name="failure">Why a request failed while the database still counts as ready.</param>
    private Task AnswerAsync(HttpContext context, string? failure = null)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = RetrySeconds.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.CacheControl = "no-store";
        var (title, words, since) = database.State switch
        {
            DatabaseState.Away away => (
                "The database is away",
                away.Reason,
                away.Since.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)
            ),
            DatabaseState.Ready => ("The database is away", failure ?? "The database does not respond.", ""),
            _ => ("Archon is starting", "The database is coming up.", ""),
        };
        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? context.Response.WriteAsHtmlAsync(Page(title, words, since), context.RequestAborted)
            : Results.Problem(words, statusCode: StatusCodes.Status503ServiceUnavailable, title: title).ExecuteAsync(context);
    }

    // Reading metrics and health is how one finds out; the rest of what is let through are files.
    private static bool WorksWithout(PathString path) =>
        path.StartsWithSegments("/monitoring/health", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/monitoring/metrics", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/_framework", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/_content", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/dist", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/css", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/js", StringComparison.OrdinalIgnoreCase);

    // Colours and sizes are those of tokens.css, written out: the style sheet may be what cannot be had.
    private string Page(string title, string words, string since)
    {
        var away = since.Length > 0 ? $"Away since {since}. " : "";
        return $$"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark light">
            <meta http-equiv="refresh" content="{{RetrySeconds}}"><title>{{title}} · Archon</title>
            <style>
              body { margin: 0; min-height: 100vh; padding: 0 max(24px, 8vw); box-sizing: border-box; font: 13px/20px system-ui, sans-serif; background: light-dark(#f5f6f8, #0b0d12); color: light-dark(#1d2430, #dde2ea); }
              .brand { height: 48px; margin: 0; display: flex; align-items: center; font-weight: 600; color: light-dark(#0a0d13, #f5f7fa); }
              main { max-width: 560px; padding-top: 12vh; } h1 { font-size: 16px; line-height: 24px; font-weight: 600; margin: 0 0 16px; color: light-dark(#0a0d13, #f5f7fa); } p { margin: 0 0 12px; }
              code { display: block; padding: 6px 8px; font: 12px/18px ui-monospace, monospace; overflow-wrap: anywhere; background: light-dark(#fff, #11141a); border: 1px solid light-dark(#dde1e9, #2a303c); border-radius: 5px; } .q { color: light-dark(#566072, #8e98aa); }
            </style></head>
            <body><p class="brand">Archon</p><main role="alert"><h1>{{title}}</h1><p><code>{{WebUtility.HtmlEncode(words)}}</code></p>
            <p>{{away}}The console reconnects and this page loads again. No restart is needed.</p>
            <p class="q">Until then the state of your services is unknown here. Alertmanager still sends alerts. The reason is also in the log of {{WebUtility.HtmlEncode(
                environment.ApplicationName
            )}}.</p></main></body></html>
            """;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Path} failed on the database and was answered with 503: {Reason}")]
    private partial void LogFailed(string method, string path, string reason);
}

internal static class HtmlResponses
{
    public static Task WriteAsHtmlAsync(this HttpResponse response, string html, CancellationToken cancellationToken)
    {
        response.ContentType = "text/html; charset=utf-8";
        return response.WriteAsync(html, cancellationToken);
    }
}
