using System.Globalization;
using System.Security.Claims;

namespace Archon.Features.Access;

/// <summary>What a request was let in by: a session of a person, or an API token.</summary>
public abstract record Credential
{
    private const string SessionClaim = "archon.session";
    private const string TokenClaim = "archon.token";

    private Credential() { }

    public sealed record Session(Guid Id) : Credential;

    public sealed record Token(int Id) : Credential;

    /// <summary>As a claim of the principal that it lets in.</summary>
    public Claim ToClaim() =>
        this switch
        {
            Session session => new Claim(SessionClaim, session.Id.ToString("N")),
            Token token => new Claim(TokenClaim, token.Id.ToString(CultureInfo.InvariantCulture)),
            _ => throw new InvalidOperationException("A credential is one of two."),
        };

    public static Credential? Of(ClaimsPrincipal user) =>
        Guid.TryParseExact(user.FindFirstValue(SessionClaim), "N", out var session) ? new Session(session)
        : int.TryParse(user.FindFirstValue(TokenClaim), NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? new Token(token)
        : null;
}

/// <summary>Whether a credential still opens anything.</summary>
public abstract record CredentialState
{
    private CredentialState() { }

    public sealed record Active : CredentialState
    {
        public static readonly Active Instance = new();
    }

    /// <param name="Words">What happened, for the person who was signed out.</param>
    public sealed record Ended(string Words) : CredentialState;

    /// <summary>The database is away, and this process has never seen the credential.</summary>
    public sealed record Unknown : CredentialState
    {
        public static readonly Unknown Instance = new();
    }
}
