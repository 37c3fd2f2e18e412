using Archon.Shell;

namespace Archon.Hosting;

/// <summary>Headers that keep a page from doing what we never ask of it, so that a label that slipped through an encoder still cannot run.</summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    // Styles may stand inline: MudBlazor and our own charts place things with style attributes. Of scripts only one does.
    private static readonly string Policy =
        $"default-src 'self'; script-src 'self' {FirstScript.Source}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        + "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        return next(context);
    }
}
