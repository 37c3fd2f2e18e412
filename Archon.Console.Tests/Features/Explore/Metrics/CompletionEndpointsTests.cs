using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Archon.Tests.Features.Explore.Metrics;

/// <summary>What the editor completes from, and nothing else of the server.</summary>
[SystemTest]
public sealed class CompletionEndpointsTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Names_come_in_the_form_of_Prometheus_by_GET_and_by_POST()
    {
        await using var prometheus = await FakeUpstream.StartAsync(AnswerAsync);
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri));
        var viewer = await app.SignInAsRoleAsync(Roles.Viewer);

        Assert.Equal("""["up"]""", await DataAsync(viewer, HttpMethod.Get, "label/__name__/values"));
        Assert.Equal("""["job","pod"]""", await DataAsync(viewer, HttpMethod.Get, "labels"));
        Assert.Equal(
            """["job","pod"]""",
            await DataAsync(
                viewer,
                HttpMethod.Post,
                "labels",
                ("match[]", "up{job=\"x\"}"),
                ("start", "2026-11-25T05:00:00.000Z"),
                ("end", "2026-11-25T06:00:00.000Z")
            )
        );
        Assert.Equal("""[{"__name__":"up","job":"x"}]""", await DataAsync(viewer, HttpMethod.Post, "series", ("match[]", "up")));
        Assert.Equal("""{"up":[{"type":"gauge","help":"Is it up?","unit":""}]}""", await DataAsync(viewer, HttpMethod.Get, "metadata"));
        var asked = prometheus.Requests.Last(one => one.Path == "/api/v1/labels");
        Assert.Equal(["up{job=\"x\"}"], asked.Query["match[]"]);
        Assert.Equal(["1795582800"], asked.Query["start"]);
    }

    [Fact]
    public async Task Nothing_else_of_the_server_is_reached_and_no_one_unknown_gets_in()
    {
        await using var prometheus = await FakeUpstream.StartAsync(AnswerAsync);
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri));
        var editor = await app.SignInAsRoleAsync(Roles.Editor);
        var stranger = app.NewClient(accept: null);
        string[] others =
        [
            "query?query=up",
            "query_range?query=up",
            "admin/tsdb/delete_series",
            "status/config",
            "status/flags",
            "targets",
            "rules",
            "alerts",
            "write",
            "parse_query?query=up",
            "label/a%2Fvalues/../../status/config",
            "../../-/reload",
            "",
        ];

        foreach (var path in others)
        {
            using var reply = await editor.GetAsync(At(path), Token);
            Assert.True(reply.StatusCode == HttpStatusCode.NotFound, $"{path} answered {(int)reply.StatusCode}.");
        }
        using var post = await editor.PostAsync(At("metadata"), null, Token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        foreach (var path in (string[])["labels", "series", "label/job/values", "metadata"])
        {
            using var reply = await stranger.GetAsync(At(path), Token);
            Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
        }
        Assert.DoesNotContain(
            prometheus.Requests,
            one => one.Path.Contains("config", StringComparison.Ordinal) || one.Path.Contains("delete", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task What_is_too_long_too_much_or_wrong_is_refused_in_words()
    {
        await using var prometheus = await FakeUpstream.StartAsync(AnswerAsync);
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Prometheus:BaseAddress", prometheus.Address.AbsoluteUri));
        var viewer = await app.SignInAsRoleAsync(Roles.Viewer);

        using var noMatch = await viewer.GetAsync(At("series"), Token);
        using var longOne = await SendAsync(viewer, HttpMethod.Post, "series", ("match[]", new string('x', 5000)));
        using var huge = await SendAsync(viewer, HttpMethod.Post, "series", ("match[]", new string('x', 500_000)));
        using var many = await viewer.GetAsync(At("labels?match[]=a&match[]=b&match[]=c&match[]=d&match[]=e"), Token);
        using var turned = await viewer.GetAsync(At("labels?start=2000&end=1000"), Token);
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 200; i++)
        {
            using var reply = await viewer.GetAsync(At("labels?start=2000&end=1000"), Token);
            statuses.Add(reply.StatusCode);
        }

        Assert.Equal(
            [
                HttpStatusCode.BadRequest,
                HttpStatusCode.BadRequest,
                HttpStatusCode.RequestEntityTooLarge,
                HttpStatusCode.BadRequest,
                HttpStatusCode.BadRequest,
            ],
            [noMatch.StatusCode, longOne.StatusCode, huge.StatusCode, many.StatusCode, turned.StatusCode]
        );
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(
            "no match[] parameter provided",
            (await noMatch.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("error").GetString()
        );
    }

    [Fact]
    public async Task A_server_that_is_away_is_reported_as_such()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database);
        var viewer = await app.SignInAsRoleAsync(Roles.Viewer);

        using var reply = await viewer.GetAsync(At("labels"), Token);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.Equal("error", (await reply.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("status").GetString());
    }

    private static Uri At(string path) => new($"rules/prometheus/1/api/v1/{path}", UriKind.Relative);

    private static async Task<string> DataAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        params (string Name, string Value)[] form
    )
    {
        using var reply = await SendAsync(client, method, path, form);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        return (await reply.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("data").GetRawText();
    }

    private static Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        params (string Name, string Value)[] form
    ) =>
        client.SendAsync(
            new HttpRequestMessage(method, At(path))
            {
                Content =
                    method == HttpMethod.Post
                        ? new FormUrlEncodedContent(form.Select(one => KeyValuePair.Create(one.Name, one.Value)))
                        : null,
            },
            Token
        );

    private static Task AnswerAsync(HttpContext context)
    {
        var data = context.Request.Path.Value switch
        {
            "/api/v1/labels" => """["job","pod"]""",
            "/api/v1/label/__name__/values" => """["up"]""",
            "/api/v1/series" => """[{"__name__":"up","job":"x"}]""",
            "/api/v1/metadata" => """{"up":[{"type":"gauge","help":"Is it up?","unit":""}]}""",
            _ => "[]",
        };
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"status":"success","data":{{data}}}""", context.RequestAborted);
    }
}
