using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

/// <summary>A program that is refused is given the reason, whatever refuses it; a browser gets a page.</summary>
[SystemTest]
public sealed class ProblemRepliesTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "monitoring/intelligence/anomalies", null, 401, "Sign in, or send an API token")]
    [InlineData("POST", "monitoring/intelligence/start_analysis", Roles.Viewer, 403, "may not do this")]
    [InlineData("GET", "monitoring/intelligence/nothing", Roles.Viewer, 404, "There is nothing at this address.")]
    [InlineData("GET", "monitoring/intelligence/analyses/none", Roles.Viewer, 404, "There is no such analysis.")]
    [InlineData("GET", "rules/export?file=none.yml", Roles.Viewer, 404, "The catalogue has no file none.yml.")]
    [InlineData("DELETE", "monitoring/intelligence/anomalies", Roles.Admin, 405, "The method DELETE is not possible here.")]
    [InlineData("GET", "monitoring/intelligence/anomalies?limit=0", Roles.Viewer, 400, "The parameter limit must be")]
    [InlineData("GET", "monitoring/intelligence/anomalies?limit=many", Roles.Viewer, 400, "A parameter cannot be read")]
    [InlineData("GET", "rules/export?environment=many", Roles.Viewer, 400, "A parameter or the body")]
    [InlineData("GET", "monitoring/%ff", Roles.Viewer, 400, "The address contains %00")]
    [InlineData("POST", "sign-out", Roles.Viewer, 400, "")]
    public async Task A_refusal_has_its_reason(string method, string address, string? role, int status, string reason)
    {
        using var client = role is null ? console.App.NewClient(accept: null) : await console.App.WithTokenAsync(role);
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(address, UriKind.Relative));
        // From elsewhere: trial mode lets in what is on this machine.
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");

        using var reply = await client.SendAsync(request, Token);

        Assert.Equal((HttpStatusCode)status, reply.StatusCode);
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        using var problem = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Token));
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        var detail = problem.RootElement.GetProperty("detail").GetString();
        Assert.NotEmpty(detail!);
        Assert.Contains(reason, detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_limited_learns_what_the_address_needs()
    {
        using var client = await console.App.WithTokenAsync(Roles.Viewer, "rules:read");

        using var reply = await client.GetAsync(new Uri("monitoring/intelligence/anomalies", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
        using var problem = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(Token));
        Assert.Equal(
            "This token is limited to rules:read. This address needs the scope monitoring:read.",
            problem.RootElement.GetProperty("detail").GetString()
        );
    }

    [Fact]
    public async Task A_browser_gets_a_page()
    {
        var client = await console.App.SignInAsync();
        client.DefaultRequestHeaders.Accept.Clear();
        client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("text/html"));

        using var reply = await client.GetAsync(new Uri("no/such/page", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.NotFound, reply.StatusCode);
        Assert.Equal("text/html", reply.Content.Headers.ContentType?.MediaType);
    }
}
