using System.Security.Claims;
using Archon.Shell;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace Archon.Features.Access;

/// <summary>Makes an open page that of a stranger as soon as its session ends; the page then leads to sign-in.</summary>
internal sealed class CircuitSession : ServerAuthenticationStateProvider, IDisposable
{
    private readonly LiveCredentials credentials;
    private IDisposable? watch;
    private bool isDisposed;

    public CircuitSession(LiveCredentials credentials)
    {
        this.credentials = credentials;
        AuthenticationStateChanged += state => _ = FollowAsync(state);
    }

    private async Task FollowAsync(Task<AuthenticationState> state)
    {
        var user = (await state).User;
        watch?.Dispose();
        watch = !isDisposed && Credential.Of(user) is { } credential ? credentials.Watch(credential, End) : null;
    }

    private void End(CredentialState.Ended ended) =>
        SetAuthenticationState(
            Task.FromResult(
                new AuthenticationState(new ClaimsPrincipal(new ClaimsIdentity([new Claim(SignedOut.ReasonClaim, ended.Words)])))
            )
        );

    public void Dispose()
    {
        isDisposed = true;
        watch?.Dispose();
    }
}
