using System.Globalization;
using Archon.ConfigFiles.Rules.Lint;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>A link to a runbook that leads nowhere. Each link is followed once.</summary>
/// <param name="http">Null: links are not tried.</param>
internal sealed class RunbookReachableCheck(HttpClient? http)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, string?> links = new(StringComparer.Ordinal);

    public async Task FindAsync(ServerLintRun run, LintedRule rule)
    {
        if (http is null || !rule.Content.Annotations.TryGetValue("runbook_url", out var link))
            return;
        if (link.Contains("{{", StringComparison.Ordinal))
            return;
        if (!Uri.TryCreate(link, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            return;
        if (!links.TryGetValue(link, out var fault))
            links[link] = fault = await TryAsync(http, address, run.CancellationToken);
        if (fault is not null)
        {
            run.Add(rule.AtEntry(LintChecks.RunbookLink, LintSeverity.Warning, "annotations", "runbook_url", $"{link}: {fault}"));
        }
    }

    private static async Task<string?> TryAsync(HttpClient http, Uri address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            using var reply = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            // A page behind a sign-in is there.
            return (int)reply.StatusCode is < 400 or 401 or 403
                ? null
                : string.Create(CultureInfo.InvariantCulture, $"answers {(int)reply.StatusCode}");
        }
        catch (HttpRequestException failure)
        {
            return $"cannot be reached: {failure.HttpRequestError}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "does not answer";
        }
    }
}
