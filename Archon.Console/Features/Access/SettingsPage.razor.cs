using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;

namespace Archon.Features.Access;

public sealed partial class SettingsPage
{
    private const string YouTab = "you";
    private const string TokensTab = "tokens";
    private const string UsersTab = "users";
    private const string EnvironmentsTab = "environments";
    private const string AuditTab = "audit";

    private readonly PasswordDraft password = new();
    private readonly TokenDraft token = new();
    private readonly UserDraft user = new();
    private readonly EnvironmentDraft environment = new();
    private string? notice;
    private bool noticeIsBad;
    private string? madeToken;
    private bool busy;
    private Credential.Session? session;

    [CascadingParameter]
    private Task<AuthenticationState>? Reader { get; set; }

    [Inject]
    private TrialMode Trial { get; set; } = default!;

    [Inject]
    private Floats Floats { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private ViewState View { get; set; } = default!;

    [SupplyParameterFromQuery(Name = "tab")]
    private string? Asked { get; set; }

    private string UserName { get; set; } = "";
    private string Role { get; set; } = "";
    private bool IsAdmin => Role == Roles.Admin;

    /// <summary>Who may not manage others sees only what is theirs.</summary>
    private (string Tab, string Words)[] Tabs =>
        IsAdmin
            ? [(YouTab, "You"), (TokensTab, "API tokens"), (UsersTab, "Users"), (EnvironmentsTab, "Environments"), (AuditTab, "Audit")]
            : [(YouTab, "You"), (TokensTab, "API tokens")];

    private string Tab => Tabs.Any(one => one.Tab == Asked) ? Asked! : YouTab;

    protected override LiveSource<AccessPicture> Source => new OwnSource<AccessPicture>("settings", [], ReadAsync);

    protected override async Task OnInitializedAsync()
    {
        if (Reader is null)
            return;
        var reader = (await Reader).User;
        session = Credential.Of(reader) as Credential.Session;
        (UserName, Role) = (reader.Identity?.Name ?? "", Roles.All.LastOrDefault(reader.IsInRole) ?? Roles.Viewer);
    }

    /// <summary>Who may not manage others sees only what is theirs.</summary>
    private async Task<AccessPicture> ReadAsync(CancellationToken cancellationToken)
    {
        var all = await Queries.PictureAsync(cancellationToken);
        return IsAdmin ? all : all with { Users = [], Audit = [], Tokens = [.. all.Tokens.Where(one => one.Owner == UserName)] };
    }

    private string TabAddress(string tab) => Navigation.GetUriWithQueryParameter("tab", tab == YouTab ? null : tab);

    private int? CountOf(string tab) =>
        (tab, Picture) switch
        {
            (TokensTab, { } picture) => picture.Tokens.Count(row => row.IsUsable(picture.ReadAt)),
            (UsersTab, { } picture) => picture.Users.Count,
            (EnvironmentsTab, { } picture) => picture.Environments.Count,
            _ => null,
        };

    private Task ChangePasswordAsync() =>
        RunAsync(
            () => Commands.ChangeOwnPasswordAsync(UserName, password.Current, password.Wanted, session, Lifetime),
            "The password is changed. Other devices have to sign in again.",
            password.Clear
        );

    private Task CreateTokenAsync() =>
        RunAsync(
            () =>
                Commands.CreateTokenAsync(
                    token.Name,
                    token.Role,
                    token.Days == 0 ? null : TimeSpan.FromDays(token.Days),
                    UserName,
                    Lifetime
                ),
            $"Created the token for {token.Name}.",
            () => token.Name = ""
        );

    private async Task RevokeAsync(TokenRow row)
    {
        var question = new Question(
            $"Revoke the token for {row.Name}?",
            "Whatever uses it is refused from now on. It cannot be brought back; a new one can be made.",
            "Revoke token",
            "Keep it"
        );
        if (await Floats.ConfirmAsync(question))
            await RunAsync(() => Commands.RevokeTokenAsync(row.Id, UserName, Lifetime), $"Revoked the token for {row.Name}.");
    }

    private Task CreateUserAsync() =>
        RunAsync(
            () => Commands.CreateUserAsync(user.Name, user.Password, user.Role, UserName, Lifetime),
            $"Created {user.Name}.",
            user.Clear
        );

    private Task GiveRoleAsync(UserRow row, string? role) =>
        RunAsync(() => Commands.GiveRoleAsync(row.Id, role ?? "", UserName, Lifetime), $"{row.Name} is now {role}.");

    private async Task RemoveAsync(UserRow row)
    {
        var question = new Question(
            $"Remove {row.Name}?",
            $"{row.Name} is signed out everywhere and cannot sign in again; the tokens of this user end too. What {row.Name} changed stays in the audit.",
            $"Remove {row.Name}",
            "Keep the user"
        );
        if (await Floats.ConfirmAsync(question))
            await RunAsync(() => Commands.DeleteUserAsync(row.Id, UserName, Lifetime), $"Removed {row.Name}.");
    }

    private Task CreateEnvironmentAsync() =>
        RunAsync(
            () => Commands.CreateEnvironmentAsync(environment.Name, UserName, Lifetime),
            $"Created {environment.Name}.",
            () =>
            {
                environment.Name = "";
                View.NoteEnvironments();
            }
        );

    private async Task RunAsync(Func<Task<AccessResult>> change, string done, Action? after = null)
    {
        busy = true;
        madeToken = null;
        try
        {
            var result = await change();
            noticeIsBad = result is AccessResult.Invalid or AccessResult.NotFound;
            notice = result switch
            {
                AccessResult.Invalid invalid => invalid.Reason,
                AccessResult.NotFound => "It is not there any more; the list is read again.",
                _ => done,
            };
            if (result is AccessResult.TokenMade made)
                madeToken = made.Token;
            if (!noticeIsBad)
                after?.Invoke();
            await RefreshAsync();
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            (notice, noticeIsBad) = ($"Nothing was changed: {reason}", true);
        }
        finally
        {
            busy = false;
        }
    }

    private sealed class PasswordDraft
    {
        public string Current { get; set; } = "";
        public string Wanted { get; set; } = "";

        public void Clear() => Current = Wanted = "";
    }

    private sealed class TokenDraft
    {
        public string Name { get; set; } = "";
        public string Role { get; set; } = Roles.Viewer;
        public int Days { get; set; } = 90;
    }

    private sealed class UserDraft
    {
        public string Name { get; set; } = "";
        public string Password { get; set; } = "";
        public string Role { get; set; } = Roles.Viewer;

        public void Clear() => Name = Password = "";
    }

    private sealed class EnvironmentDraft
    {
        public string Name { get; set; } = "";
    }
}
