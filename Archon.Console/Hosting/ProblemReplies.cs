using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;

namespace Archon.Hosting;

/// <summary>Gives programs the reason of a refusal or failure that would have no body, as <c>application/problem+json</c> (RFC 9457).</summary>
internal static class ProblemReplies
{
    /// <summary>Whether a browser asks, which gets pages instead.</summary>
    public static bool IsForPerson(HttpContext context) =>
        context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);

    public static Task WriteAsync(StatusCodeContext context) => WriteAsync(context.HttpContext);

    /// <summary>By the status of the response, which is set already.</summary>
    public static Task WriteAsync(HttpContext context) =>
        Results.Problem(ReasonFor(context), statusCode: context.Response.StatusCode).ExecuteAsync(context);

    private static string ReasonFor(HttpContext context) =>
        context.Response.StatusCode switch
        {
            StatusCodes.Status401Unauthorized => "Sign in, or send an API token in the header Authorization: Bearer.",
            StatusCodes.Status403Forbidden => "The role of this user or token may not do this.",
            StatusCodes.Status404NotFound => "There is nothing at this address. /openapi/v1.json lists what there is for programs.",
            StatusCodes.Status405MethodNotAllowed =>
                $"The method {context.Request.Method} is not possible here. Possible are: {context.Response.Headers.Allow}.",
            StatusCodes.Status415UnsupportedMediaType => "The content type of the request is not one that this address takes.",
            StatusCodes.Status429TooManyRequests => "Too many requests from this address. Send fewer, and try again in a minute.",
            StatusCodes.Status503ServiceUnavailable => "The console cannot answer now. Try again in some seconds.",
            StatusCodes.Status500InternalServerError =>
                $"The console failed. The reason is in its log, under {Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier}.",
            StatusCodes.Status400BadRequest => context.Features.Get<IExceptionHandlerFeature>()?.Error is BadHttpRequestException unreadable
                ? unreadable.Message
                : "A parameter or the body of the request cannot be read. /openapi/v1.json describes them.",
            var status => $"{ReasonPhrases.GetReasonPhrase(status)}.",
        };
}
