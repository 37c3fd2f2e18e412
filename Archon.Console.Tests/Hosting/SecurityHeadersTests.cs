using System.Text.RegularExpressions;
using Archon.Hosting;
using Archon.Shell;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Hosting;

[SystemTest]
public sealed partial class SecurityHeadersTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_feature_adds_what_its_pages_load_and_nothing_else()
    {
        var policy = SecurityHeaders.Policy([new("frame-src", "https://grafana.example.org"), new("object-src", "https://a.example.org")]);

        Assert.Contains("; frame-src 'self' https://grafana.example.org", policy, StringComparison.Ordinal);
        Assert.Contains("; object-src https://a.example.org;", policy, StringComparison.Ordinal);
        Assert.StartsWith("default-src 'self'; script-src 'self' 'sha256-", policy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sign-in")]
    [InlineData("monitoring/health/live")]
    [InlineData("monitoring/metrics")]
    [InlineData("no/such/thing")]
    [InlineData("mark.svg")]
    [InlineData("")]
    public async Task Every_answer_forbids_what_no_page_of_ours_does(string path)
    {
        using var reply = await console.App.NewClient().GetAsync(new Uri(path, UriKind.Relative), Token);

        var policy = Assert.Single(reply.Headers.GetValues("Content-Security-Policy"));
        var directives = policy.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("default-src 'self'", directives);
        Assert.Contains($"script-src 'self' {FirstScript.Source}", directives);
        Assert.Contains("object-src 'none'", directives);
        Assert.Contains("base-uri 'self'", directives);
        Assert.Contains("form-action 'self'", directives);
        Assert.Contains("frame-ancestors 'none'", directives);
        Assert.Equal("nosniff", Assert.Single(reply.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(reply.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("same-origin", Assert.Single(reply.Headers.GetValues("Referrer-Policy")));
        Assert.False(reply.Headers.Contains("Server"), "The server names itself.");
    }

    [Fact]
    public async Task No_page_has_a_script_that_its_own_policy_would_refuse()
    {
        var person = await console.App.SignInAsync();
        foreach (var path in (string[])["sign-in", "", "services", "anomalies", "status", "settings"])
        {
            var page = await person.GetStringAsync(new Uri(path, UriKind.Relative), Token);

            // Import maps and the state of components are data, whatever their element is called.
            Assert.DoesNotContain(
                Script().Matches(page.Replace(FirstScript.Element.Value, "", StringComparison.Ordinal)),
                script =>
                    !script.Value.Contains("src=", StringComparison.Ordinal) && !script.Value.Contains("json", StringComparison.Ordinal)
            );
            Assert.DoesNotMatch(Handler(), page);
        }
    }

    [Fact]
    public async Task Cookies_are_out_of_reach_of_scripts_and_of_other_sites()
    {
        var client = console.App.NewClient();

        using var reply = await ArchonApp.PostSignInAsync(client, "admin", ArchonApp.AdminPassword);

        var cookie = Assert.Single(reply.Headers.GetValues("Set-Cookie"), one => one.StartsWith("archon=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("expires", cookie, StringComparison.OrdinalIgnoreCase); // nobody asked to be remembered
    }

    [Fact]
    public async Task Behind_a_proxy_with_https_cookies_go_over_https_only_and_browsers_are_reported_to_stay_there()
    {
        await using var app = await ArchonApp.StartAsync(console.Database, ("Archon:Access:TrustedProxies", "127.0.0.1"));
        var client = app.NewClient();
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        client.DefaultRequestHeaders.Host = "archon.example";

        using var reply = await client.GetAsync(new Uri("sign-in", UriKind.Relative), Token);

        Assert.All(reply.Headers.GetValues("Set-Cookie"), cookie => Assert.Contains("secure", cookie, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("max-age=31536000", Assert.Single(reply.Headers.GetValues("Strict-Transport-Security")), StringComparison.Ordinal);
    }

    [GeneratedRegex("<script[^>]*>", RegexOptions.IgnoreCase)]
    private static partial Regex Script();

    [GeneratedRegex("<[a-z][^>]*\\son[a-z]+\\s*=", RegexOptions.IgnoreCase)]
    private static partial Regex Handler();
}
