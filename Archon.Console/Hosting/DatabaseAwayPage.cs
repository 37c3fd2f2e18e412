using System.Globalization;
using System.Net;
using Archon.Data;

namespace Archon.Hosting;

/// <summary>
/// Answers in place of every page while the database is away, since nobody can be signed in then. It needs nothing but itself: no
/// database, no session, no script. The page asks again by itself.
/// </summary>
internal sealed class DatabaseAwayPage(RequestDelegate next, ArchonDatabase database, IHostEnvironment environment)
{
    private const int RetrySeconds = 3;

    public Task InvokeAsync(HttpContext context)
    {
        if (database.IsReady || WorksWithout(context.Request.Path)) return next(context);
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.RetryAfter = RetrySeconds.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.CacheControl = "no-store";
        var (title, words, since) = database.State switch
        {
            DatabaseState.Away away => ("The database is away", away.Reason, away.Since.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture)),
            _ => ("Archon is starting", "The database is coming up.", ""),
        };
        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? context.Response.WriteAsHtmlAsync(Page(title, words, since), context.RequestAborted)
            : Results.Problem(words, statusCode: StatusCodes.Status503ServiceUnavailable, title: title).ExecuteAsync(context);
    }

    // Reading metrics and health is how one finds out; the rest of what is let through are files.
    private static bool WorksWithout(PathString path) =>
        path.StartsWithSegments("/monitoring/health") || path.StartsWithSegments("/monitoring/metrics")
        || path.StartsWithSegments("/_framework") || path.StartsWithSegments("/_content") || path.StartsWithSegments("/_blazor")
        || path.StartsWithSegments("/dist") || path.StartsWithSegments("/css") || path.StartsWithSegments("/js");

    private string Page(string title, string words, string since) => $$"""
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark light">
        <meta http-equiv="refresh" content="{{RetrySeconds}}"><title>{{title}} · Archon</title>
        <style>
          body { margin: 0; min-height: 100vh; display: grid; align-content: center; justify-content: center; padding: 24px; font: 14px/22px system-ui, sans-serif; background: light-dark(#fbfbfc, #0d0f12); color: light-dark(#24292f, #d5dae1); }
          main { max-width: 560px; } h1 { font-size: 18px; line-height: 26px; margin: 0 0 8px; } p { margin: 0 0 8px; }
          code { font: 13px/20px ui-monospace, monospace; overflow-wrap: anywhere; } .q { color: light-dark(#57606a, #8b949e); }
        </style></head>
        <body><main role="alert"><h1>{{title}}</h1><p><code>{{WebUtility.HtmlEncode(words)}}</code></p>
        <p>{{(since.Length > 0 ? $"Away since {{since}}. " : "")}}The console tries again by itself, and this page with it; nothing has to be restarted.</p>
        <p class="q">Whether anything burns cannot be told here meanwhile: alerts go on through Alertmanager. {{WebUtility.HtmlEncode(environment.ApplicationName)}} keeps its log where it was started.</p></main></body></html>
        """;
}

internal static class HtmlResponses
{
    public static Task WriteAsHtmlAsync(this HttpResponse response, string html, CancellationToken cancellationToken)
    {
        response.ContentType = "text/html; charset=utf-8";
        return response.WriteAsync(html, cancellationToken);
    }
}
