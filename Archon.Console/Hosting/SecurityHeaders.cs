using Archon.Shell;

namespace Archon.Hosting;

/// <summary>Headers that keep a page from doing what we never ask of it, so that a label that slipped through an encoder still cannot run.</summary>
internal sealed class SecurityHeaders(RequestDelegate next, IEnumerable<ContentSource> contributed)
{
    private readonly string policy = Policy(contributed);

    /// <summary>The policy of the frame, with what features contribute to its directives.</summary>
    internal static string Policy(IEnumerable<ContentSource> contributed)
    {
        // Styles may be inline: MudBlazor and our own charts place things with style attributes. Of scripts only one is.
        var directives = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["default-src"] = "'self'",
            ["script-src"] = $"'self' {FirstScript.Source}",
            ["style-src"] = "'self' 'unsafe-inline'",
            ["img-src"] = "'self' data:",
            ["font-src"] = "'self'",
            ["connect-src"] = "'self'",
            ["object-src"] = "'none'",
            ["base-uri"] = "'self'",
            ["form-action"] = "'self'",
            ["frame-ancestors"] = "'none'",
        };
        foreach (var source in contributed)
        {
            var before = directives.GetValueOrDefault(source.Directive, "'self'");
            directives[source.Directive] = before == "'none'" ? source.Origin : $"{before} {source.Origin}";
        }
        return string.Join("; ", directives.Select(directive => $"{directive.Key} {directive.Value}"));
    }

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        return next(context);
    }
}
