using Archon.Live;
using Archon.Ui.Dialogs;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.JSInterop;

namespace Archon.Features.Access;

/// <summary>Does a change in the reader's name, and says at the top of the page how it ended.</summary>
/// <returns>Whether it was done.</returns>
public delegate Task<bool> AccessChange(Func<Actor, CancellationToken, Task<AccessResult>> change, string done);

public sealed partial class SettingsPage
{
    private const string YouTab = "you";
    private const string TokensTab = "tokens";
    private const string UsersTab = "users";
    private const string EnvironmentsTab = "environments";
    private const string TeamsTabName = "teams";
    private const string PermissionsTabName = "permissions";
    private const string AuditTab = "audit";

    private static readonly string LeastPassword = $"{Passwords.MinLength} characters or more";
    private static readonly string TooShort = $"Enter {LeastPassword}.";

    private static readonly IReadOnlyList<(string, string)> RoleOptions = [.. Roles.All.Select(role => (role, role))];

    private static readonly IReadOnlyList<(int Days, string Words)> Lifetimes =
    [
        (30, "30 days"),
        (90, "90 days"),
        (365, "1 year"),
        (0, "until revoked"),
    ];

    private readonly PasswordDraft password = new();
    private readonly TokenDraft token = new();
    private readonly UserDraft user = new();
    private readonly EnvironmentDraft environment = new();
    private Dictionary<string, string> errors = [];
    private string? notice;
    private bool noticeIsBad;
    private string? madeToken;
    private bool busy;

    [Inject]
    private CurrentActor Me { get; set; } = default!;

    [CascadingParameter]
    private Task<AuthenticationState>? Reader { get; set; }

    [Inject]
    private TrialMode Trial { get; set; } = default!;

    [Inject]
    private Floats Floats { get; set; } = default!;

    [Inject]
    private IJSRuntime Scripts { get; set; } = default!;

    [Inject]
    private NavigationManager Navigation { get; set; } = default!;

    [Inject]
    private ViewState View { get; set; } = default!;

    [SupplyParameterFromQuery(Name = "tab")]
    private string? Asked { get; set; }

    private string UserName { get; set; } = "";
    private string Role { get; set; } = "";
    private bool IsAdmin => Role == Roles.Admin;

    internal static readonly (string Tab, string Words)[] AllTabs =
    [
        (YouTab, "You"),
        (TokensTab, "API tokens"),
        (UsersTab, "Users"),
        (TeamsTabName, "Teams"),
        (PermissionsTabName, "Permissions"),
        (EnvironmentsTab, "Environments"),
        (AuditTab, "Audit"),
    ];

    /// <summary>Who may not manage others sees only what is theirs.</summary>
    private (string Tab, string Words)[] Tabs => IsAdmin ? AllTabs : OwnTabs;

    internal static (string Tab, string Words)[] OwnTabs => AllTabs[..2];

    private List<string>? OwnTeams =>
        Picture?.Teams.Where(team => team.Members.Any(member => member.Name == UserName)).Select(team => team.Name).ToList();

    private string Tab => Tabs.Any(one => one.Tab == Asked) ? Asked! : YouTab;

    protected override LiveSource<AccessPicture> Source => new OwnSource<AccessPicture>("settings", [], ReadAsync);

    protected override async Task OnInitializedAsync()
    {
        if (Reader is null)
            return;
        var reader = (await Reader).User;
        (UserName, Role) = (reader.Identity?.Name ?? "", Roles.All.LastOrDefault(reader.IsInRole) ?? Roles.Viewer);
    }

    /// <summary>Who may not manage others sees only what is theirs.</summary>
    private async Task<AccessPicture> ReadAsync(CancellationToken cancellationToken)
    {
        var all = await Queries.PictureAsync(cancellationToken);
        return IsAdmin
            ? all
            : all with
            {
                Users = [.. all.Users.Where(one => one.Name == UserName)],
                Audit = [],
                Tokens = [.. all.Tokens.Where(one => one.Owner == UserName)],
                Teams = [.. all.Teams.Where(one => one.Members.Any(member => member.Name == UserName))],
            };
    }

    private string TabAddress(string tab) => Navigation.GetUriWithQueryParameter("tab", tab == YouTab ? null : tab);

    private int? CountOf(string tab) =>
        (tab, Picture) switch
        {
            (TokensTab, { } picture) => picture.Tokens.Count(row => row.IsUsable(picture.ReadAt)),
            (UsersTab, { } picture) => picture.Users.Count,
            (TeamsTabName, { } picture) => picture.Teams.Count,
            (EnvironmentsTab, { } picture) => picture.Environments.Count,
            _ => null,
        };

    private Task ChangePasswordAsync() =>
        RunAsync(
            (actor, token) => Commands.ChangeOwnPasswordAsync(password.Current, password.Wanted, actor, token),
            "The password is changed. Other devices have to sign in again.",
            password.Clear
        );

    private Task CreateTokenAsync() =>
        RunAsync(
            (actor, cancellationToken) =>
                Commands.CreateTokenAsync(
                    token.Name,
                    token.Role,
                    token.Scopes,
                    token.Days == 0 ? null : TimeSpan.FromDays(token.Days),
                    actor,
                    cancellationToken
                ),
            $"Created the token for {token.Name}.",
            token.Clear
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
            await RunAsync((actor, token) => Commands.RevokeTokenAsync(row.Id, actor, token), $"Revoked the token for {row.Name}.");
    }

    private Task CreateUserAsync() =>
        RunAsync(
            (actor, token) => Commands.CreateUserAsync(user.Name, user.Password, user.Role, actor, token),
            $"Created {user.Name}.",
            user.Clear
        );

    private Task GiveRoleAsync(UserRow row, string? role) =>
        RunAsync((actor, token) => Commands.GiveRoleAsync(row.Id, role ?? "", actor, token), $"{row.Name} is now {role}.");

    private async Task RemoveAsync(UserRow row)
    {
        var question = new Question(
            $"Remove {row.Name}?",
            $"{row.Name} is signed out everywhere and cannot sign in again; the tokens of this user end too. What {row.Name} changed stays in the audit.",
            $"Remove {row.Name}",
            "Keep the user"
        );
        if (await Floats.ConfirmAsync(question))
            await RunAsync((actor, token) => Commands.DeleteUserAsync(row.Id, actor, token), $"Removed {row.Name}.");
    }

    private Task CreateEnvironmentAsync() =>
        RunAsync(
            (actor, token) => Commands.CreateEnvironmentAsync(environment.Name, actor, token),
            $"Created {environment.Name}.",
            () =>
            {
                environment.Name = "";
                View.NoteEnvironments();
            }
        );

    private Task SubmitTokenAsync() => SubmitAsync(CreateTokenAsync, (nameof(token), IsFilled(token.Name), "Enter who uses it."));

    private Task SubmitUserAsync() =>
        SubmitAsync(
            CreateUserAsync,
            (nameof(user), IsFilled(user.Name), "Enter a user name."),
            (nameof(user.Password), user.Password.Length >= Passwords.MinLength, TooShort)
        );

    private Task SubmitEnvironmentAsync() =>
        SubmitAsync(CreateEnvironmentAsync, (nameof(environment), IsFilled(environment.Name), "Enter a name."));

    private Task SubmitPasswordAsync() =>
        SubmitAsync(
            ChangePasswordAsync,
            (nameof(password.Current), password.Current.Length > 0, "Enter the current password."),
            (nameof(password.Wanted), password.Wanted.Length >= Passwords.MinLength, TooShort)
        );

    /// <summary>Does it once every field is right; else each one that is not says why, and the first has the focus.</summary>
    private async Task SubmitAsync(Func<Task> change, params (string Field, bool IsRight, string Words)[] fields)
    {
        errors = fields.Where(field => !field.IsRight).ToDictionary(field => field.Field, field => field.Words);
        if (errors.Count == 0)
        {
            await change();
            return;
        }
        // The fields are marked first.
        await Task.Yield();
        await Scripts.InvokeVoidAsync("archon.focus", "form [aria-invalid=true]");
    }

    private string Error(string field) => errors.GetValueOrDefault(field, "");

    private static string OnlyScopes(TokenRow row) => row.Scopes.Count > 0 ? $", only {string.Join(", ", row.Scopes)}" : "";

    private static bool IsFilled(string text) => !string.IsNullOrWhiteSpace(text);

    private async Task<bool> ChangeAsync(Func<Actor, CancellationToken, Task<AccessResult>> change, string done)
    {
        if (busy)
            return false;
        await RunAsync(change, done);
        return !noticeIsBad;
    }

    private async Task RunAsync(Func<Actor, CancellationToken, Task<AccessResult>> change, string done, Action? after = null)
    {
        if (busy)
            return;
        busy = true;
        madeToken = null;
        // Where a part of the page asked for it, only that part is drawn again by itself.
        StateHasChanged();
        try
        {
            var result = await change(await Me.GetAsync(Lifetime), Lifetime);
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
            StateHasChanged();
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
        public HashSet<string> Scopes { get; } = [];

        public void Toggle(string scope)
        {
            if (!Scopes.Add(scope))
                Scopes.Remove(scope);
        }

        public void Clear()
        {
            Name = "";
            Scopes.Clear();
        }
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
