namespace Archon.Features.Access;

/// <summary>
/// Ends requests and connections whose session or token ends meanwhile. A short one is let finish; an open page uses the time to go to sign-in.
/// </summary>
internal sealed class CredentialGuard(RequestDelegate next, LiveCredentials credentials, TimeProvider clock)
{
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(2);

    public async Task InvokeAsync(HttpContext context)
    {
        if (Credential.Of(context.User) is not { } credential)
        {
            await next(context);
            return;
        }
        using var over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        await using var cut = over.Token.Register(context.Abort);
        using var watch = credentials.Watch(credential, _ => over.CancelAfter(LeaveTime));
        await next(context);
    }
}
