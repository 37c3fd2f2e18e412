using System.Threading.RateLimiting;
using Archon.Data;
using Archon.Data.Access;
using Archon.Shell;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

public static class AccessSetup
{
    public const string SignInLimit = "sign-in";
    private const string CookieOrToken = "CookieOrToken";

    public static IServiceCollection AddAccess(this IServiceCollection services)
    {
        services.AddOptions<AccessOptions>().BindConfiguration("Archon:Access").ValidateOnStart();
        services.AddSingleton<IValidateOptions<AccessOptions>, AccessOptionsValidator>();
        services.AddSingleton<TrialMode>();
        services.AddSingleton<AdminPasswordFile>();
        services.AddSingleton<AccessQueries>();
        services.AddSingleton<IEnvironmentSource>(provider => provider.GetRequiredService<AccessQueries>());
        services.AddSingleton<AccessCommands>();
        services.AddHostedService<FirstAdmin>();
        services.AddSingleton<AdminReset>();

        services.AddDataProtection().SetApplicationName("Archon Console").PersistKeysToDbContext<ArchonDbContext>();
        services.AddAuthentication(options =>
            {
                options.DefaultScheme = CookieOrToken;
                options.DefaultSignInScheme = IdentityConstants.ApplicationScheme;
            })
            .AddPolicyScheme(CookieOrToken, null, options => options.ForwardDefaultSelector = context =>
                ApiTokenHandler.IsUsedBy(context.Request) ? ApiTokenHandler.SchemeName : IdentityConstants.ApplicationScheme)
            .AddScheme<AuthenticationSchemeOptions, ApiTokenHandler>(ApiTokenHandler.SchemeName, null)
            .AddIdentityCookies();
        services.AddIdentityCore<ArchonUser>(options =>
            {
                // Length is what counts (NIST SP 800-63B); rules about characters make passwords worse.
                options.Password.RequiredLength = 12;
                options.Password.RequireDigit = options.Password.RequireLowercase = false;
                options.Password.RequireUppercase = options.Password.RequireNonAlphanumeric = false;
                options.Lockout.MaxFailedAccessAttempts = 5;
                options.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5);
                options.Lockout.AllowedForNewUsers = true;
                options.User.AllowedUserNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._@+";
            })
            .AddRoles<ArchonRole>()
            .AddEntityFrameworkStores<ArchonDbContext>()
            .AddSignInManager()
            .AddDefaultTokenProviders();
        services.AddOptions<CookieAuthenticationOptions>(IdentityConstants.ApplicationScheme).Configure<IOptions<AccessOptions>>((cookie, access) =>
        {
            cookie.LoginPath = "/sign-in";
            cookie.LogoutPath = "/sign-out";
            cookie.AccessDeniedPath = "/denied";
            cookie.ReturnUrlParameter = "return";
            cookie.Cookie.Name = "archon";
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Lax;   // Strict would sign people out who follow a link from a chat at 03:00
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = access.Value.SignInLasts;
            cookie.SlidingExpiration = true;
            // A script wants a status, not a page.
            cookie.Events.OnRedirectToLogin = context => AnswerAsync(context, StatusCodes.Status401Unauthorized);
            cookie.Events.OnRedirectToAccessDenied = context => AnswerAsync(context, StatusCodes.Status403Forbidden);
        });
        services.Configure<SecurityStampValidatorOptions>(options => options.ValidationInterval = TimeSpan.FromMinutes(1));
        services.AddScoped<AuthenticationStateProvider, CircuitRevalidation>();
        services.AddCascadingAuthenticationState();

        services.AddSingleton<IAuthorizationHandler, RoleOrTrialHandler>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Responder, policy => policy.RequireRole(Roles.From(Roles.Responder)))
            .AddPolicy(Policies.Editor, policy => policy.RequireRole(Roles.From(Roles.Editor)))
            .AddPolicy(Policies.Admin, policy => policy.RequireRole(Roles.From(Roles.Admin)))
            .AddFallbackPolicy(Policies.Viewer, policy => policy.RequireRole(Roles.From(Roles.Viewer)));

        services.AddOptions<RateLimiterOptions>().Configure<IOptions<AccessOptions>>((limits, access) =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.OnRejected = (rejected, cancellationToken) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "60";
                return new ValueTask(rejected.HttpContext.Response.WriteAsync("Too many attempts to sign in from this address. Go back and try again in a minute.", cancellationToken));
            };
            limits.AddPolicy(SignInLimit, context => HttpMethods.IsPost(context.Request.Method)
                ? RateLimitPartition.GetFixedWindowLimiter(
                    context.Connection.RemoteIpAddress?.ToString() ?? "",
                    _ => new FixedWindowRateLimiterOptions { PermitLimit = access.Value.SignInsPerMinute, Window = TimeSpan.FromMinutes(1) })
                : RateLimitPartition.GetNoLimiter(""));
        });
        services.AddRateLimiter(_ => { });

        // It would read the keys at the very start, before any database can be there; they are read when first needed instead.
        foreach (var eager in services.Where(one => one.ImplementationType?.Name == "DataProtectionHostedService").ToList()) services.Remove(eager);
        return services;
    }

    public static IEndpointRouteBuilder MapAccess(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/sign-out", async (SignInManager<ArchonUser> signIn, [Microsoft.AspNetCore.Mvc.FromForm] string? _) =>
        {
            await signIn.SignOutAsync();
            return Results.LocalRedirect("/sign-in?out=1");
        }).ExcludeFromDescription();
        return endpoints;
    }

    private static Task AnswerAsync(RedirectContext<CookieAuthenticationOptions> context, int status)
    {
        var request = context.Request;
        var wantsPage = HttpMethods.IsGet(request.Method) && request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);
        if (wantsPage) context.Response.Redirect(context.RedirectUri);
        else context.Response.StatusCode = status;
        return Task.CompletedTask;
    }
}
