using System.Net;
using System.Reflection;
using System.Text.RegularExpressions;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Shell;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>Whoever adds an endpoint and forgets who may use it finds out here.</summary>
[SystemTest]
public sealed partial class DefaultDenyTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    // What a person needs to sign in, and an orchestrator to look after the process. Files are known by what they are.
    private static readonly string[] OpenToAll = ["/sign-in", "/denied", "/failed", "/monitoring/health/live", "/monitoring/health/ready"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_endpoint_refuses_who_has_not_signed_in()
    {
        var stranger = console.App.NewClient(accept: null);
        var endpoints = Guarded();

        Assert.True(endpoints.Count > 20, $"{endpoints.Count} endpoints: the list is not all there is.");
        foreach (var (method, path) in endpoints)
        {
            using var reply = await SendAsync(stranger, method, path);
            Assert.True(
                reply.StatusCode == HttpStatusCode.Unauthorized,
                $"{method} {path} answered {(int)reply.StatusCode} to a stranger."
            );
        }
    }

    [Fact]
    public async Task Every_endpoint_refuses_a_user_whom_no_one_gave_a_role()
    {
        var noone = await SignInWithoutRoleAsync();

        // Signing out needs no role.
        foreach (var (method, path) in Guarded().Where(one => one.Path != "/sign-out"))
        {
            using var reply = await SendAsync(noone, method, path);
            Assert.True(
                reply.StatusCode == HttpStatusCode.Forbidden
                    || (reply.StatusCode == HttpStatusCode.Redirect && reply.Headers.Location!.AbsolutePath == "/denied"),
                $"{method} {path} answered {(int)reply.StatusCode} to a user without a role."
            );
        }
    }

    [Fact]
    public async Task A_stranger_with_a_browser_is_sent_to_sign_in_and_back()
    {
        using var reply = await console.App.NewClient().GetAsync(new Uri("services?range=now-6h", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        Assert.Equal("/sign-in?return=%2Fservices%3Frange%3Dnow-6h", reply.Headers.Location!.PathAndQuery);
    }

    [Fact]
    public async Task An_address_where_nothing_is_reports_a_stranger_nothing()
    {
        using var reply = await console.App.NewClient(accept: null).GetAsync(new Uri("no/such/thing", UriKind.Relative), Token);

        Assert.Contains(reply.StatusCode, (HttpStatusCode[])[HttpStatusCode.NotFound, HttpStatusCode.Unauthorized]);
        Assert.DoesNotContain("Archon", await reply.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_page_says_itself_who_may_see_it()
    {
        // What a page asks for that names no policy.
        var policy = await console.App.Services.GetRequiredService<IAuthorizationPolicyProvider>().GetDefaultPolicyAsync();
        var role = Assert.IsType<Microsoft.AspNetCore.Authorization.Infrastructure.RolesAuthorizationRequirement>(
            Assert.Single(policy.Requirements)
        );
        Assert.Equal(Roles.From(Roles.Viewer).Order(), role.AllowedRoles.Order());

        // Going from page to page inside an open tab is no request: there the attribute is all that guards a page.
        var pages = typeof(NavItem).Assembly.GetTypes().Where(type => type.GetCustomAttributes<RouteAttribute>().Any()).ToList();

        Assert.NotEmpty(pages);
        Assert.All(
            pages,
            page =>
                Assert.True(
                    page.GetCustomAttributes<AuthorizeAttribute>().Any() || page.GetCustomAttributes<AllowAnonymousAttribute>().Any(),
                    $"{page.Name} does not say who may see it."
                )
        );
    }

    private List<(string Method, string Path)> Guarded() =>
        [
            .. from endpoint in console.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null
            let path = "/" + Parameter().Replace(endpoint.RoutePattern.RawText!.TrimStart('/'), "x")
            where !OpenToAll.Contains(path) && !IsAnonymousFile(endpoint, path)
            from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods
                ? methods
                : ["GET", "POST"]
            where method != "HEAD" && method != "OPTIONS"
            orderby path
            select (method, path),
        ];

    // Blazor's own script, which the sign-in page loads too.
    private static bool IsAnonymousFile(RouteEndpoint endpoint, string path) =>
        path.StartsWith("/_framework/", StringComparison.Ordinal) && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        // From elsewhere, so that the trial mode of this machine does not hide an endpoint that lets everyone in.
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
    }

    private async Task<HttpClient> SignInWithoutRoleAsync()
    {
        await using var scope = console.App.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
        Assert.True((await users.CreateAsync(new ArchonUser { UserName = "nobody" }, ArchonApp.AdminPassword)).Succeeded);
        return await console.App.SignInAsync("nobody");
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
