using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class ApiTokenTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private AccessCommands Commands => console.App.Services.GetRequiredService<AccessCommands>();

    [Fact]
    public async Task The_database_knows_a_token_by_its_hash_alone()
    {
        var token = await MakeAsync(Roles.Viewer);

        await using var connection = new NpgsqlConnection(console.Database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var all = new NpgsqlCommand("SELECT string_agg(row_to_json(t)::text, ' ') FROM api_tokens t", connection);
        var stored = (string)(await all.ExecuteScalarAsync(Token))!;
        Assert.DoesNotContain(token[12..], stored, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token))), stored, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_opens_what_its_role_opens_and_notes_that_it_was_used()
    {
        var token = await MakeAsync(Roles.Viewer);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(HttpMethod.Get, "monitoring/intelligence/anomalies", token));
        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(HttpMethod.Post, "monitoring/intelligence/start_analysis", token));
        Assert.Equal(
            HttpStatusCode.Accepted,
            await AskAsync(HttpMethod.Post, "monitoring/intelligence/start_analysis", await MakeAsync(Roles.Responder))
        );
        Assert.NotNull((await RowAsync(token)).LastUsedAt);
    }

    [Theory]
    [InlineData("arc_0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("arc_")]
    [InlineData("arc_' OR 1=1 --")]
    public async Task A_token_that_no_one_made_opens_nothing(string token) =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));

    [Fact]
    public async Task A_bad_token_is_refused_even_beside_a_good_cookie()
    {
        var person = await console.App.SignInAsync();
        person.DefaultRequestHeaders.Authorization = new("Bearer", "arc_nonsense");

        using var reply = await person.GetAsync(new Uri("settings", UriKind.Relative), Token);

        Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
    }

    [Fact]
    public async Task A_token_that_ran_out_opens_nothing()
    {
        var token = await MakeAsync(Roles.Admin);
        await ChangeAsync(token, row => row.ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(-1));

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));
    }

    [Fact]
    public async Task A_revoked_token_opens_nothing()
    {
        var token = await MakeAsync(Roles.Admin);
        await Commands.RevokeTokenAsync((await RowAsync(token)).Id, TestActor.Admin, Token);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));
    }

    [Fact]
    public async Task Tokens_of_a_user_go_with_the_user()
    {
        await Commands.CreateUserAsync("leaver", ArchonApp.AdminPassword, Roles.Viewer, TestActor.Admin, Token);
        var token = Assert
            .IsType<AccessResult.TokenMade>(
                await Commands.CreateTokenAsync("script", Roles.Viewer, [], null, await console.App.ActorAsync("leaver"), Token)
            )
            .Token;
        var id = (await RowAsync(token)).OwnerId!.Value;
        Assert.Equal(HttpStatusCode.OK, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));

        await Commands.DeleteUserAsync(id, TestActor.Admin, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));
    }

    [Fact]
    public async Task A_token_never_outranks_its_owner()
    {
        await Commands.CreateUserAsync("modest", ArchonApp.AdminPassword, Roles.Responder, TestActor.Admin, Token);
        Assert.IsType<AccessResult.Invalid>(
            await Commands.CreateTokenAsync("script", Roles.Admin, [], null, await console.App.ActorAsync("modest"), Token)
        );
        var token = Assert
            .IsType<AccessResult.TokenMade>(
                await Commands.CreateTokenAsync("script", Roles.Responder, [], null, await console.App.ActorAsync("modest"), Token)
            )
            .Token;
        Assert.Equal(HttpStatusCode.Accepted, await AskAsync(HttpMethod.Post, "monitoring/intelligence/start_analysis", token));

        await Commands.GiveRoleAsync((await RowAsync(token)).OwnerId!.Value, Roles.Viewer, TestActor.Admin, Token);

        Assert.Equal(HttpStatusCode.Forbidden, await AskAsync(HttpMethod.Post, "monitoring/intelligence/start_analysis", token));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(HttpMethod.Get, "monitoring/metrics", token));
    }

    [Fact]
    public async Task A_started_analysis_is_reported_by_the_id_of_its_job()
    {
        var client = await console.App.WithTokenAsync(Roles.Responder);

        using var reply = await client.PostAsync(new Uri("monitoring/intelligence/start_analysis", UriKind.Relative), null, Token);

        var body = await reply.Content.ReadFromJsonAsync<JsonElement>(Token);
        await using var connection = new NpgsqlConnection(console.Database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var job = new NpgsqlCommand("SELECT count(*) FROM hangfire.job WHERE id = @id", connection);
        job.Parameters.AddWithValue(
            "id",
            long.Parse(body.GetProperty("jobId").GetString()!, System.Globalization.CultureInfo.InvariantCulture)
        );
        Assert.Equal(1L, await job.ExecuteScalarAsync(Token));
    }

    private async Task<string> MakeAsync(string role) =>
        Assert
            .IsType<AccessResult.TokenMade>(
                await Commands.CreateTokenAsync(
                    "script",
                    role,
                    [],
                    TimeSpan.FromDays(1),
                    await console.App.ActorAsync(FirstAdmin.UserName),
                    Token
                )
            )
            .Token;

    private async Task<ApiToken> RowAsync(string token)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        return await db.ApiTokens.AsNoTracking().SingleAsync(one => one.Hash == hash, Token);
    }

    private async Task ChangeAsync(string token, Action<ApiToken> change)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        change(await db.ApiTokens.SingleAsync(one => one.Hash == hash, Token));
        await db.SaveChangesAsync(Token);
    }

    private async Task<HttpStatusCode> AskAsync(HttpMethod method, string path, string token)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + token);
        // From elsewhere: on this machine itself nobody would need a token.
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        using var reply = await console.App.NewClient(accept: null).SendAsync(request, Token);
        return reply.StatusCode;
    }
}
