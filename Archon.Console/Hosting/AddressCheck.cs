using System.Text;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;

namespace Archon.Hosting;

/// <summary>Refuses an address that hides what is no text: U+0000, which PostgreSQL keeps in no column, and bytes that are not
/// UTF-8.</summary>
/// <remarks>Such an address leads nowhere in the console. Further in it would fail wherever it is first compared with what the database
/// has.</remarks>
internal sealed class AddressCheck(RequestDelegate next)
{
    private const string Reason =
        "The address contains %00 or bytes that are not UTF-8. Check how the program that made the link encodes it.";

    public Task InvokeAsync(HttpContext context) =>
        IsText(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) ? next(context) : RefuseAsync(context);

    internal static bool IsText(string target)
    {
        if (!target.Contains('%', StringComparison.Ordinal))
            return true;
        var bytes = new byte[Encoding.UTF8.GetMaxByteCount(target.Length)];
        var length = 0;
        for (var at = 0; at < target.Length; at++)
        {
            if (target[at] == '%' && at + 2 < target.Length && char.IsAsciiHexDigit(target[at + 1]) && char.IsAsciiHexDigit(target[at + 2]))
            {
                bytes[length++] = Convert.ToByte(target.Substring(at + 1, 2), 16);
                at += 2;
            }
            else
            {
                length += Encoding.UTF8.GetBytes(target, at, 1, bytes, length);
            }
        }
        var text = bytes.AsSpan(0, length);
        return !text.Contains((byte)0) && Utf8.IsValid(text);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
        {
            return Results.Problem(Reason, statusCode: StatusCodes.Status400BadRequest).ExecuteAsync(context);
        }
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        return context.Response.WriteAsHtmlAsync(
            $"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="dark light"><title>Invalid address · Archon</title></head>
            <body style="font:13px/20px system-ui,sans-serif;margin:12vh 8vw"><main><h1 style="font-size:16px">Invalid address</h1><p>{Reason}</p><p><a href="/">Overview</a></p></main></body></html>
            """,
            context.RequestAborted
        );
    }
}
