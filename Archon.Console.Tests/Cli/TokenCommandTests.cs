using System.Diagnostics;
using System.Net;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Cli;

/// <summary>Commands that change the access of a running console from its machine.</summary>
[SystemTest]
public sealed class TokenCommandTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_is_printed_alone_does_what_its_scopes_say_and_ends_when_it_is_revoked()
    {
        var made = await RunAsync("token", "create", "--name", "ci job", "--role", "viewer", "--scope", "monitoring:read", "--days", "90");
        Assert.Equal(0, made.Code);
        Assert.Matches("^arc_[0-9a-f]{64}\n$", made.Output);
        var client = console.App.NewClient(accept: null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", made.Output.Trim());
        // From elsewhere: on this machine itself nobody would need a token.
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");

        Assert.Equal(HttpStatusCode.OK, await AskAsync(client, "monitoring/metrics"));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(client, "rules/export"));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(client, "settings"));
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
        {
            var row = await db.ApiTokens.SingleAsync(one => one.Name == "ci job", Token);
            Assert.Equal((Roles.Viewer, null), (row.Role, row.OwnerId));
            Assert.Equal([TokenScopes.ReadMonitoring], row.Scopes);
            Assert.Equal(90, (row.ExpiresAt! - row.CreatedAt).Value.TotalDays);
        }

        Assert.Equal((0, "Revoked ci job.\n"), await RunAsync("token", "revoke", "ci job"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(client, "monitoring/metrics"));
        Assert.Equal(1, (await RunAsync("token", "revoke", "ci job")).Code);
        Assert.Matches("^[1-9][0-9]* entries are as they were written.\n$", (await RunAsync("audit", "verify")).Output);
    }

    [Fact]
    public async Task A_wrong_scope_or_role_is_named_with_those_there_are_and_nothing_is_printed()
    {
        foreach (
            var arguments in (string[][])
                [
                    ["--role", "viewer", "--scope", "everything"],
                    ["--role", "emperor"],
                    ["--role", "viewer", "--days", "0"],
                ]
        )
        {
            var (code, output) = await RunAsync(["token", "create", "--name", "wrong", .. arguments]);
            Assert.Equal((1, ""), (code, output));
        }
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        Assert.False(await db.ApiTokens.AnyAsync(one => one.Name == "wrong", Token));
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string path)
    {
        using var reply = await client.GetAsync(new Uri(path, UriKind.Relative), Token);
        return reply.StatusCode;
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Archon.Console.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Archon"] = console.Database.ConnectionString;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        await error;
        return (process.ExitCode, output);
    }
}
