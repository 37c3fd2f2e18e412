using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>
/// Lets the programs of the console's own user on this machine use <c>/monitoring</c> without a token, so that a console just tried out
/// answers a plain <c>curl</c> and its own Prometheus. Off unless <c>./archon up</c> or the setting turns it on.
/// </summary>
internal sealed partial class TrialMode(IOptions<AccessOptions> options, SocketOwners owners, ILogger<TrialMode> logger)
{
    // What a proxy says of its client is moved to X-Original-* where the proxy is trusted: that it stood between is what counts here.
    private static readonly string[] ForwardingHeaders =
    [
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        ForwardedHeadersDefaults.XOriginalForHeaderName,
        ForwardedHeadersDefaults.XOriginalProtoHeaderName,
    ];

    public bool IsOn => options.Value.TrialMode && owners.IsReadable;

    /// <summary>Whether it is on, for whom, and if not although it should be, why.</summary>
    public string Words =>
        (options.Value.TrialMode, owners.IsReadable) switch
        {
            (false, _) => "Trial mode is off: every program needs a token.",
            (true, false) =>
                "Trial mode is off although the setting turns it on: this system does not say which user a connection belongs to. "
                    + "Every program needs a token.",
            _ =>
                $"Trial mode is on: programs of the user {Environment.UserName} on this machine read /monitoring and start analyses without a token.",
        };

    /// <summary>Writes it to the log of the start.</summary>
    public void Report()
    {
        if (options.Value.TrialMode && !owners.IsReadable)
            LogRefused(Words);
        else if (IsOn)
            LogOn(Words);
    }

    /// <summary>
    /// True for a request that a program of the console's user surely began on this machine, and not another site's page in a browser on it:
    /// the connection says the first, a foreign <c>Host</c> would betray DNS rebinding, and <c>Origin</c> or <c>Sec-Fetch-Site</c> the second.
    /// </summary>
    /// <remarks>A proxy that runs as the same user and adds no header cannot be told from a program of that user.</remarks>
    public bool Admits(HttpContext context)
    {
        var request = context.Request;
        return IsOn
            && context.Connection.RemoteIpAddress is { } remote
            && IPAddress.IsLoopback(remote)
            && IsLoopbackHost(request.Host.Host)
            && !ForwardingHeaders.Any(request.Headers.ContainsKey)
            && request.Headers["Sec-Fetch-Site"].ToString() is ("" or "same-origin" or "none")
            && (request.Headers.Origin.Count == 0 || request.Headers.Origin == $"{request.Scheme}://{request.Host}")
            && context.Features.Get<PeerOwner>() is { IsOwn: true };
    }

    private static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    [LoggerMessage(Level = LogLevel.Information, Message = "{Words}")]
    private partial void LogOn(string words);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Words}")]
    private partial void LogRefused(string words);
}

/// <summary>Met by the role, or by a request that trial mode admits.</summary>
public sealed record RoleOrTrial(string Role) : IAuthorizationRequirement;

internal sealed class RoleOrTrialHandler(TrialMode trial) : AuthorizationHandler<RoleOrTrial>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, RoleOrTrial requirement)
    {
        if (Roles.From(requirement.Role).Any(context.User.IsInRole) || (context.Resource is HttpContext http && trial.Admits(http)))
        {
            context.Succeed(requirement);
        }
        return Task.CompletedTask;
    }
}
