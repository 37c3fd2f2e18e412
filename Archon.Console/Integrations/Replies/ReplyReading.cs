using Microsoft.Extensions.Options;

namespace Archon.Integrations.Replies;

/// <summary>Opens the bodies of replies, each with its limits, all on one budget.</summary>
internal sealed class ReplyReading(IOptions<ReplyOptions> options)
{
    /// <summary>All replies that are read now.</summary>
    public ReplyBudget Budget { get; } = new(options.Value.InFlightMegabytes * 1024L * 1024);

    /// <param name="source">Who sent it, for the words of a limit: <c>Prometheus</c>.</param>
    public ReplyLimits Limits(ReplyKind kind, string source, string path) => new(options.Value, kind, source, path);

    /// <exception cref="ReplyTooLargeException">The server announces more than the limit.</exception>
    public async Task<ReplyStream> OpenAsync(HttpResponseMessage reply, ReplyKind kind, string source, CancellationToken cancellationToken)
    {
        var limits = Limits(kind, source, reply.RequestMessage?.RequestUri?.AbsolutePath ?? "");
        var body = await reply.Content.ReadAsStreamAsync(cancellationToken);
        return new ReplyStream(body, Budget, limits, reply.Content.Headers.ContentLength);
    }
}
