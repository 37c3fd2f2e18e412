using Archon.Data;
using Archon.Data.Access;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

public static class AccessSetup
{
    public static ConsoleFeature Feature { get; } =
        new("Access", services => services.AddAccess(), endpoints => endpoints.MapAccess()) { IsCore = true };

    private const string CookieOrToken = "CookieOrToken";

    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddOptions<AccessOptions>().BindConfiguration("Archon:Access").ValidateOnStart();
        services.AddSingleton<IValidateOptions<AccessOptions>, AccessOptionsValidator>();
        services.AddSingleton(new NavItem("/settings", "Settings", "settings", ",", NavGroup.Account, 0));
        foreach (var (tab, words) in SettingsPage.AllTabs)
        {
            var policy = SettingsPage.OwnTabs.Contains((tab, words)) ? null : Permissions.ManageUsers;
            services.AddSingleton(
                new PaletteEntry("Setting", $"Settings: {words}", $"/settings?tab={tab}", "settings") { Policy = policy }
            );
        }
        services.AddSingleton<SocketOwners>();
        services.AddSingleton<TrialMode>();
        services.Configure<KestrelServerOptions>(kestrel => kestrel.UsePeerOwner());
        services.AddSingleton<AdminPasswordFile>();
        services.AddSingleton<AccessQueries>();
        services.AddSingleton<IEnvironmentSource>(provider => provider.GetRequiredService<AccessQueries>());
        services.AddSingleton<CommandGate>();
        services.AddSingleton<Actors>();
        services.AddScoped<CurrentActor>();
        services.AddSingleton<AccessCommands>();
        services.AddSingleton<TeamCommands>();
        services.AddSingleton<ProfileCommands>();
        services.AddSingleton<PermissionCommands>();
        services.AddHostedService<FirstAdmin>();
        services.AddSingleton<AdminReset>();
        services.AddSingleton<LiveCredentials>();
        services.AddSingleton<SessionCommands>();
        services.AddSingleton<IRetention, AuditRetention>();
        services.AddSingleton<IChangeHandler, SessionListener>();
        services.AddHostedService<SessionRecheck>();
        services.AddSingleton<SignInThrottle>();
        services.AddSingleton<KnownDevices>();
        services.AddScoped<SignInCommands>();
        services
            .AddOptions<ForwardedHeadersOptions>()
            .Configure<IOptions<AccessOptions>>((headers, access) => TrustedProxies.Apply(access.Value.TrustedProxies, headers));

        services.AddDataProtection().SetApplicationName("Archon Console").PersistKeysToDbContext<ArchonDbContext>();
        services
            .AddAuthentication(options =>
            {
                options.DefaultScheme = CookieOrToken;
                options.DefaultSignInScheme = IdentityConstants.ApplicationScheme;
            })
            .AddPolicyScheme(
                CookieOrToken,
                null,
                options =>
                    options.ForwardDefaultSelector = context =>
                        ApiTokenHandler.IsUsedBy(context.Request) ? ApiTokenHandler.SchemeName : IdentityConstants.ApplicationScheme
            )
            .AddScheme<AuthenticationSchemeOptions, ApiTokenHandler>(ApiTokenHandler.SchemeName, null)
            .AddIdentityCookies();
        services
            .AddIdentityCore<ArchonUser>(options =>
            {
                options.Password.RequiredLength = Passwords.MinLength;
                options.Password.RequireDigit = options.Password.RequireLowercase = false;
                options.Password.RequireUppercase = options.Password.RequireNonAlphanumeric = false;
                // Whoever knows a name could lock its owner out. SignInThrottle slows guessing down instead.
                options.Lockout.AllowedForNewUsers = false;
                options.User.AllowedUserNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._@+";
            })
            .AddRoles<ArchonRole>()
            .AddEntityFrameworkStores<ArchonDbContext>()
            .AddSignInManager()
            .AddDefaultTokenProviders();
        var cookies = services.AddOptions<CookieAuthenticationOptions>(IdentityConstants.ApplicationScheme);
        cookies.Configure<IOptions<AccessOptions>, LiveCredentials>(
            (cookie, access, credentials) =>
            {
                cookie.LoginPath = "/sign-in";
                cookie.LogoutPath = "/sign-out";
                cookie.AccessDeniedPath = "/denied";
                cookie.ReturnUrlParameter = "return";
                cookie.Cookie.Name = "archon";
                cookie.Cookie.HttpOnly = true;
                cookie.Cookie.SameSite = SameSiteMode.Lax; // Strict would sign people out who follow a link from a chat at 03:00
                cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
                cookie.ExpireTimeSpan = access.Value.SignInLasts;
                cookie.SlidingExpiration = true;
                cookie.Events.OnValidatePrincipal = context => ValidateAsync(context, credentials);
                // A script wants a status, not a page.
                cookie.Events.OnRedirectToLogin = context => AnswerAsync(context, StatusCodes.Status401Unauthorized);
                cookie.Events.OnRedirectToAccessDenied = context =>
                {
                    context.RedirectUri = QueryHelpers.AddQueryString(context.RedirectUri, "needs", Needed(context.HttpContext));
                    return AnswerAsync(context, StatusCodes.Status403Forbidden);
                };
            }
        );
        services.AddScoped<AuthenticationStateProvider, CircuitSession>();
        services.AddCascadingAuthenticationState();

        services.AddSingleton<IAuthorizationHandler, RoleOrTrialHandler>();
        services
            .AddAuthorizationBuilder()
            .SetDefaultPolicy(new AuthorizationPolicyBuilder().RequireRole(Roles.From(Roles.Viewer)).Build())
            .AddFallbackPolicy(Policies.Viewer, policy => policy.RequireRole(Roles.From(Roles.Viewer)));

        services.AddSingleton<PermissionMatrix>();
        services.AddSingleton<IChangeHandler>(provider => provider.GetRequiredService<PermissionMatrix>());
        services.AddSingleton<IAuthorizationHandler, PermissionHandler>();
        services.Configure<AuthorizationOptions>(options =>
        {
            foreach (var permission in Permission.All)
                options.AddPolicy(permission.Name, policy => policy.AddRequirements(new PermissionRequirement(permission)));
        });

        services.AddRateLimiter(limits => limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests);

        // It would read the keys at the very start, before any database can be there; they are read when first needed instead.
        foreach (var eager in services.Where(one => one.ImplementationType?.Name == "DataProtectionHostedService").ToList())
            services.Remove(eager);
        return services;
    }

    public static IEndpointRouteBuilder MapAccess(this IEndpointRouteBuilder endpoints)
    {
        // Not before: wrong settings are explained by the start, all at once.
        var services = endpoints.ServiceProvider;
        services
            .GetRequiredService<IHostApplicationLifetime>()
            .ApplicationStarted.Register(() => services.GetRequiredService<TrialMode>().Report());
        endpoints
            .MapPost(
                "/sign-out",
                async (
                    HttpContext context,
                    SignInManager<ArchonUser> signIn,
                    SessionCommands sessions,
                    [Microsoft.AspNetCore.Mvc.FromForm] string? _
                ) =>
                {
                    if (Credential.Of(context.User) is Credential.Session session)
                        await sessions.SignOutAsync(session, context.RequestAborted);
                    await signIn.SignOutAsync();
                    return Results.LocalRedirect("/sign-in?out=true");
                }
            )
            .ExcludeFromDescription();
        return endpoints;
    }

    /// <summary>The cookie only names the session; whether it goes on stands in the database.</summary>
    private static async Task ValidateAsync(CookieValidatePrincipalContext context, LiveCredentials credentials)
    {
        var state =
            context.Principal is { } user && Credential.Of(user) is { } credential
                ? await credentials.CheckAsync(credential, context.HttpContext.RequestAborted)
                : new CredentialState.Ended("Your session has ended.");
        if (state is CredentialState.Active)
            return;
        context.RejectPrincipal();
        context.HttpContext.Features.Set(state);
    }

    /// <summary>The role or permission that the page asks for; a page without a policy of its own is open to every viewer.</summary>
    private static string Needed(HttpContext context)
    {
        var asked = context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().LastOrDefault(one => one.Policy is not null);
        return (asked?.Policy ?? Policies.Viewer).ToLowerInvariant();
    }

    private static Task AnswerAsync(RedirectContext<CookieAuthenticationOptions> context, int status)
    {
        var request = context.Request;
        if (context.HttpContext.Features.Get<CredentialState>() is CredentialState.Unknown)
        {
            // The person may well be signed in: that cannot be found out now.
            if (!request.Path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase))
                throw new DatabaseAwayException("The database does not respond.");
            status = StatusCodes.Status503ServiceUnavailable;
        }
        var wantsPage =
            HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
        if (wantsPage && status != StatusCodes.Status503ServiceUnavailable)
            context.Response.Redirect(context.RedirectUri);
        else
            context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
