using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>
/// Lets the programs of this very machine use <c>/monitoring</c> without a token, so that a console just tried out answers a plain
/// <c>curl</c> and its own Prometheus. Off as soon as anything could come from elsewhere.
/// </summary>
public sealed class TrialMode(IOptions<AccessOptions> options, IServer server)
{
    // A proxy on this machine is believed about its client, and what it said is moved to X-Original-*: that it stood between is what counts here.
    private static readonly string[] ForwardingHeaders =
    [
        "Forwarded", "Via", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
        ForwardedHeadersDefaults.XOriginalForHeaderName, ForwardedHeadersDefaults.XOriginalProtoHeaderName,
    ];
    private readonly Lazy<bool> isOn = new(() => options.Value.TrialMode ?? ListensOnLoopbackOnly(server));

    public bool IsOn => isOn.Value;

    /// <summary>
    /// True for a request that surely began on this machine and was not made by another site's page in a browser on it: the address
    /// says the first, a foreign <c>Host</c> would betray DNS rebinding, and <c>Origin</c> or <c>Sec-Fetch-Site</c> the second.
    /// </summary>
    public bool Admits(HttpContext context)
    {
        var request = context.Request;
        return IsOn
            && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote)
            && IsLoopbackHost(request.Host.Host)
            && !ForwardingHeaders.Any(request.Headers.ContainsKey)
            && request.Headers["Sec-Fetch-Site"].ToString() is ("" or "same-origin" or "none")
            && (request.Headers.Origin.Count == 0 || request.Headers.Origin == $"{request.Scheme}://{request.Host}");
    }

    private static bool ListensOnLoopbackOnly(IServer server) =>
        server.Features.Get<IServerAddressesFeature>()?.Addresses is { Count: > 0 } addresses
        && addresses.All(address => IsLoopbackHost(BindingAddress.Parse(address).Host));

    private static bool IsLoopbackHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
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
