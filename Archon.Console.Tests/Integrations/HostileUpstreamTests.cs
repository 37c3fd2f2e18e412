using System.Diagnostics;
using System.Text;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Archon.Integrations.Replies;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Integrations;

/// <summary>Whatever a server sends, the console reads a bounded part of it, says which limit ended the reply, and gives the memory back.</summary>
public sealed class HostileUpstreamTests
{
    private const string Matrix = """{"status":"success","data":{"resultType":"matrix","result":[""";
    private static readonly TimeRange Range = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddHours(1));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Small limits, so that they are met soon: 4 MB a matrix, 2 MB a list, 1 MB the rest, 8 MB in all.</summary>
    private static readonly (string Name, string Value)[] SmallLimits =
    [
        ("Archon:Replies:MatrixMegabytes", "4"),
        ("Archon:Replies:ListMegabytes", "2"),
        ("Archon:Replies:DocumentMegabytes", "1"),
        ("Archon:Replies:InFlightMegabytes", "8"),
        ("Archon:Replies:Items", "1000"),
    ];

    public static TheoryData<string, string, string, string> Endless =>
        new()
        {
            // The call, how its reply begins, what then repeats without an end, and what is said.
            {
                "query",
                Matrix + """{"metric":{},"values":[[1,"1"]""",
                ",[1700000000.123,\"0.25\"]",
                "Rejected: The reply of Prometheus to /api/v1/query is larger than 4 MB. Query less, or raise Archon:Replies:MatrixMegabytes."
            },
            {
                "query",
                Matrix + """{"metric":{},"values":[[1,"1"]""",
                " ",
                "Rejected: The reply of Prometheus to /api/v1/query is larger than 4 MB."
            },
            {
                "query",
                Matrix + """{"metric":{}}""",
                ",{\"metric\":{\"a\":\"b\"},\"value\":[1,\"2\"]}",
                "Rejected: The reply of Prometheus to /api/v1/query has more than 1,000 series. Query less, or raise Archon:Replies:Items."
            },
            {
                "query",
                Matrix + "{\"metric\":{\"a\":\"",
                "x",
                "Rejected: The reply of Prometheus to /api/v1/query has a single value larger than 1 MB."
            },
            {
                "query",
                Matrix + "{\"metric\":{\"a\":1",
                ",\"a\":1",
                "Rejected: The reply of Prometheus to /api/v1/query has a single value larger than 1 MB."
            },
            { "query", Matrix, "[", "Unavailable: http" },
            { "query", "", "{\"", "Unavailable: http" },
            {
                "query",
                "{\"status\":\"success\",\"unknown\":[1",
                ",1",
                "Rejected: The reply of Prometheus to /api/v1/query is larger than 4 MB."
            },
            {
                "range",
                Matrix + """{"metric":{},"values":[[1,"1"]""",
                ",[1700000000.123,\"0.25\"]",
                "Rejected: The reply of Prometheus to /api/v1/query_range is larger than 4 MB."
            },
            {
                "range",
                Matrix + """{"metric":{},"histograms":[[1,{"count":"1","sum":"1"}]""",
                ",[2,{\"count\":\"1\",\"sum\":\"1\"}]",
                "Rejected: The reply of Prometheus to /api/v1/query_range is larger than 4 MB."
            },
            {
                "series",
                """{"status":"success","data":[{"a":"b"}""",
                ",{\"a\":\"b\"}",
                "Unavailable: The reply of Prometheus to /api/v1/series has more than 1,000 series. If that is expected, raise Archon:Replies:Items."
            },
            {
                "alerts",
                """{"status":"success","data":{"alerts":[{"labels":{"a":"b"}}""",
                ",{\"annotations\":{\"a\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}}",
                "Unavailable: The reply of Prometheus to /api/v1/alerts has more than 1,000 alerts."
            },
            {
                "alerts",
                """{"status":"success","data":{"alerts":[""",
                " ",
                "Unavailable: The reply of Prometheus to /api/v1/alerts is larger than 2 MB. If that is expected, raise Archon:Replies:ListMegabytes."
            },
            {
                "rules",
                """{"status":"success","data":{"groups":[{"name":"g","rules":[{"name":"r"}""",
                ",{\"name\":\"r\"}",
                "Unavailable: The reply of Prometheus to /api/v1/rules has a single value larger than 1 MB. If that is expected, raise Archon:Replies:DocumentMegabytes."
            },
            {
                "rules",
                """{"status":"success","data":{"groups":[{"name":"g","rules":[]}""",
                ",{\"name\":\"g\",\"rules\":[{\"name\":\"r\"},{\"name\":\"r\"}]}",
                "Unavailable: The reply of Prometheus to /api/v1/rules has more than 1,000 rules."
            },
            {
                "targets",
                """{"status":"success","data":{"activeTargets":[{}""",
                ",{}",
                "Unavailable: The reply of Prometheus to /api/v1/targets has more than 1,000 targets."
            },
            {
                "metadata",
                """{"status":"success","data":{"m":[{"type":"gauge"}""",
                ",{\"type\":\"gauge\"}",
                "Unavailable: The reply of Prometheus to /api/v1/metadata is larger than 1 MB. If that is expected, raise Archon:Replies:DocumentMegabytes."
            },
            {
                "labels",
                """{"status":"success","data":["a" """,
                ",\"a\"",
                "Unavailable: The reply of Prometheus to /api/v1/labels is larger than 1 MB."
            },
            {
                "buildinfo",
                """{"status":"success","data":{"version":" """,
                "x",
                "Unavailable: The reply of Prometheus to /api/v1/status/buildinfo is larger than 1 MB."
            },
            {
                "am status",
                """{"config":{"original":" """,
                "x",
                "Unavailable: The reply of Alertmanager to /api/v2/status is larger than 1 MB."
            },
            {
                "am alerts",
                "[{\"labels\":{}}",
                ",{\"labels\":{}}",
                "Unavailable: The reply of Alertmanager to /api/v2/alerts has more than 1,000 alerts."
            },
            {
                "am alerts",
                "[{\"labels\":{\"a\":\"",
                "\\u0000",
                "Unavailable: The reply of Alertmanager to /api/v2/alerts has a single value larger than 1 MB."
            },
            {
                "am groups",
                "[{\"alerts\":[{}]}",
                ",{\"alerts\":[{},{},{}]}",
                "Unavailable: The reply of Alertmanager to /api/v2/alerts/groups has more than 1,000 alerts."
            },
            {
                "am silences",
                "[{\"id\":\"1\"}",
                ",{\"id\":\"1\"}",
                "Unavailable: The reply of Alertmanager to /api/v2/silences has more than 1,000 silences."
            },
            {
                "am silence",
                "{\"id\":\"1\",\"comment\":\"",
                "x",
                "Unavailable: The reply of Alertmanager to /api/v2/silence/1 is larger than 1 MB."
            },
            {
                "am receivers",
                "[{\"name\":\"a\"}",
                ",{\"name\":\"a\"}",
                "Unavailable: The reply of Alertmanager to /api/v2/receivers is larger than 1 MB."
            },
            {
                "loki query",
                """{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1","a"]""",
                ",[\"1\",\"a\"]",
                "Rejected: The reply of Loki to /loki/api/v1/query_range has more than 1,000 log lines."
            },
            {
                "loki query",
                """{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1"," """,
                "a",
                "Rejected: The reply of Loki to /loki/api/v1/query_range has a single value larger than 1 MB."
            },
            {
                "loki query",
                """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"]""",
                ",[1700000000.123,\"0.25\"]",
                "Rejected: The reply of Loki to /loki/api/v1/query_range is larger than 4 MB."
            },
            {
                "loki series",
                """{"status":"success","data":[{"a":"b"}""",
                ",{\"a\":\"b\"}",
                "Unavailable: The reply of Loki to /loki/api/v1/series has more than 1,000 series."
            },
            {
                "loki labels",
                """{"status":"success","data":["a" """,
                ",\"a\"",
                "Unavailable: The reply of Loki to /loki/api/v1/labels is larger than 1 MB."
            },
            {
                "loki buildinfo",
                "{\"version\":\"",
                "x",
                "Unavailable: The reply of Loki to /loki/api/v1/status/buildinfo is larger than 1 MB."
            },
            { "ruler namespaces", "ns:\n", "- name: g\n", "Unavailable: The reply of the rule server to / is larger than 1 MB." },
            {
                "ruler rules",
                """{"status":"success","data":{"groups":[{"name":"g","rules":[]}""",
                ",{\"name\":\"g\",\"rules\":[]}",
                "Unavailable: The reply of the rule server to / has more than 1,000 rules."
            },
            { "ruler reload", "", "ok ", "Unavailable: The reply of the rule server to / is larger than 1 MB." },
        };

    [Theory, MemberData(nameof(Endless))]
    public async Task A_reply_without_an_end_is_refused_with_its_limit(string call, string beginning, string repeated, string words)
    {
        await using var hostile = await HostileUpstream.EndlessAsync(beginning, repeated);
        await using var services = Build(hostile.Address, SmallLimits);

        var answer = await AskAsync(services, call, hostile.Address).WaitAsync(Waits.Limit, Token);

        Assert.StartsWith(words, answer, StringComparison.Ordinal);
        Assert.Equal(0, services.GetRequiredService<ReplyReading>().Budget.Drawn);
    }

    [Theory]
    [InlineData("query", Matrix + "{\"metric\":{},\"values\":[[1,\"1\"]", ",[1700000000.123,\"0.25\"]", "is larger than 4 MB")]
    [InlineData("am status", "{\"config\":{\"original\":\"", "x", "is larger than 1 MB")]
    [InlineData("loki labels", "{\"status\":\"success\",\"data\":[\"a\"", ",\"a\"", "is larger than 1 MB")]
    public async Task A_packed_reply_counts_as_what_it_unpacks_to(string call, string beginning, string repeated, string words)
    {
        await using var hostile = await HostileUpstream.PackedAsync(beginning, repeated, megabytes: 64);
        await using var services = Build(hostile.Address, SmallLimits);

        Assert.Contains(words, await AskAsync(services, call, hostile.Address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reply_that_announces_too_much_is_not_read_at_all()
    {
        await using var hostile = await FakeUpstream.StartAsync(async context =>
        {
            context.Response.ContentLength = 5_000_000_000;
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        });
        await using var services = Build(hostile.Address, SmallLimits);

        Assert.Contains("is larger than 4 MB", await AskAsync(services, "query", hostile.Address), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("query", "Prometheus")]
    [InlineData("am alerts", "Alertmanager")]
    [InlineData("loki query", "Loki")]
    public async Task A_reply_that_drips_ends_after_its_time(string call, string source)
    {
        await using var hostile = await HostileUpstream.DrippingAsync(TimeSpan.FromMilliseconds(50));
        await using var services = Build(hostile.Address, [.. SmallLimits, ($"{source}:QueryTimeout", "00:00:01")]);

        Assert.Equal($"Unavailable: {source} did not finish its reply within 3 s.", await AskAsync(services, call, hostile.Address));
        Assert.Equal(0, services.GetRequiredService<ReplyReading>().Budget.Drawn);
    }

    [Fact]
    public async Task Headers_without_an_end_are_refused()
    {
        await using var hostile = HostileUpstream.Headers();
        await using var services = Build(hostile.Address, SmallLimits);

        Assert.Matches("^Unavailable: http://.* sent more than 64 kB of headers", await AskAsync(services, "query", hostile.Address));
    }

    [Theory]
    [InlineData("LabelValueLength", "{\"job\":\"0123456789A\"}", "has a value of label job longer than 10 characters")]
    [InlineData("LabelNameLength", "{\"job_job_job\":\"0\"}", "has a label name longer than 10 characters")]
    [InlineData(
        "Labels",
        "{\"a\":\"0\",\"b\":\"0\",\"c\":\"0\",\"d\":\"0\",\"e\":\"0\",\"f\":\"0\",\"g\":\"0\",\"h\":\"0\",\"i\":\"0\",\"j\":\"0\",\"k\":\"0\"}",
        "has a series or an item with more than 10 labels"
    )]
    public async Task Labels_that_are_too_long_or_too_many_are_refused_in_every_reply(string setting, string labels, string words)
    {
        await using var hostile = await FakeUpstream.StartAsync(context =>
            context.Response.WriteAsync(
                context.Request.Path.Value switch
                {
                    "/api/v1/query" => Matrix + $$$"""{"metric":{{{labels}}},"value":[1,"2"]}]}}""",
                    "/api/v1/series" => $$"""{"status":"success","data":[{{labels}}]}""",
                    "/api/v1/alerts" => $$$"""{"status":"success","data":{"alerts":[{"labels":{{{labels}}}}]}}""",
                    "/api/v1/rules" =>
                        $$$"""{"status":"success","data":{"groups":[{"name":"g","rules":[{"name":"r","labels":{{{labels}}}}]}]}}""",
                    "/api/v1/targets" => $$$"""{"status":"success","data":{"activeTargets":[{"labels":{{{labels}}}}]}}""",
                    "/api/v2/alerts" => $$"""[{"labels":{{labels}}}]""",
                    "/api/v2/alerts/groups" => $$"""[{"labels":{{labels}}}]""",
                    _ => $$$"""{"status":"success","data":{"resultType":"streams","result":[{"stream":{{{labels}}},"values":[]}]}}""",
                },
                context.RequestAborted
            )
        );
        await using var services = Build(hostile.Address, [.. SmallLimits, ($"Archon:Replies:{setting}", "10")]);

        foreach (var call in (string[])["query", "series", "alerts", "rules", "targets", "am alerts", "am groups", "loki query"])
        {
            var answer = await AskAsync(services, call, hostile.Address);
            Assert.True(answer.Contains(words, StringComparison.Ordinal), $"{call}: {answer}");
            Assert.Contains($"Archon:Replies:{setting}", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("query", Matrix + "{\"metric\":{},\"values\":[[1,\"1\"]", ",[1700000000.123,\"0.25\"]")]
    [InlineData("query", Matrix + "{\"metric\":{},\"values\":[[1,\"1\"]", ",[17000000001e-1,\"0.25\"]")]
    [InlineData(
        "query",
        Matrix + "{\"metric\":{},\"histograms\":[[1,{\"count\":\"1\",\"sum\":\"1\"}]",
        ",[2,{\"count\":\"1\",\"sum\":\"1\"}]"
    )]
    [InlineData("loki query", Matrix + "{\"metric\":{},\"values\":[[1,\"1\"]", ",[1700000000.123,\"0.25\"]")]
    public async Task A_series_with_too_many_samples_is_refused(string call, string beginning, string repeated)
    {
        await using var hostile = await HostileUpstream.EndlessAsync(beginning, repeated);
        await using var services = Build(hostile.Address, [.. SmallLimits, ("Archon:Replies:Samples", "100")]);

        Assert.Contains(
            "has a series with more than 100 samples. Query less, or raise Archon:Replies:Samples.",
            await AskAsync(services, call, hostile.Address),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Slices_of_a_long_range_have_one_limit_together()
    {
        // 30 days each 30 s are eight slices of 11,000 points; each has 1.3 MB as text and 0.7 MB as numbers for four series.
        var samples = string.Join(',', Enumerable.Range(0, 11_000).Select(i => $"[{1_700_000_000 + i},\"0.25\"]"));
        var reply =
            Matrix
            + string.Join(',', Enumerable.Range(0, 4).Select(i => $$$"""{"metric":{"a":"{{{i}}}"},"values":[{{{samples}}}]}"""))
            + "]}}";
        await using var fake = await FakeUpstream.StartAsync(context => context.Response.WriteAsync(reply, context.RequestAborted));
        await using var services = Build(fake.Address, SmallLimits);

        var answer = await services
            .GetRequiredService<PrometheusClient>()
            .QueryRangeAsync(
                "up",
                new TimeRange(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(30)),
                TimeSpan.FromSeconds(30),
                Token
            );

        Assert.Contains("is larger than 4 MB", Assert.IsType<Fetch<MatrixResult>.Rejected>(answer).Reason, StringComparison.Ordinal);
        Assert.InRange(fake.Requests.Count, 2, 7);
    }

    [Fact]
    public async Task A_reply_waits_for_others_that_use_all_the_memory()
    {
        await using var upstream = await FakeUpstream.StartAsync(context =>
            context.Response.WriteAsync(Matrix + "]}}", context.RequestAborted)
        );
        await using var services = Build(upstream.Address, SmallLimits);
        var budget = services.GetRequiredService<ReplyReading>().Budget;
        var others = budget.Open(8 << 20);
        await others.DrawAsync(8 << 20, Token);

        var patient = services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token);
        Assert.False(patient.IsCompleted);
        others.Dispose();

        Assert.IsType<Fetch<QueryResult>.Ok>(await patient);
        Assert.Equal(0, budget.Drawn);
    }

    [Fact]
    public async Task A_reply_that_waits_too_long_for_memory_says_so()
    {
        await using var upstream = await FakeUpstream.StartAsync(context =>
            context.Response.WriteAsync(Matrix + "]}}", context.RequestAborted)
        );
        await using var services = Build(upstream.Address, [.. SmallLimits, ("Prometheus:QueryTimeout", "00:00:01")]);
        var budget = services.GetRequiredService<ReplyReading>().Budget;
        using var others = budget.Open(8 << 20);
        await others.DrawAsync(8 << 20, Token);

        var impatient = await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token);

        Assert.Equal(
            "Other replies use all the memory for replies, and none became free in 3 s. Ask for less at once, or raise Archon:Replies:InFlightMegabytes.",
            Assert.IsType<Fetch<QueryResult>.Unavailable>(impatient).Reason
        );
    }

    [Fact]
    public async Task A_caller_who_leaves_while_a_reply_drips_is_obeyed()
    {
        await using var hostile = await HostileUpstream.DrippingAsync(TimeSpan.FromMilliseconds(50));
        await using var services = Build(hostile.Address, SmallLimits);
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var asked = services.GetRequiredService<AlertmanagerClient>().StatusAsync(leaves.Token);
        while (services.GetRequiredService<ReplyReading>().Budget.Drawn == 0)
            await Task.Delay(5, Token);
        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Equal(0, services.GetRequiredService<ReplyReading>().Budget.Drawn);
    }

    [Fact]
    public async Task A_message_of_the_tail_without_an_end_is_refused()
    {
        await using var hostile = await FakeUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var piece = Encoding.UTF8.GetBytes(new string('x', 64 * 1024));
            try
            {
                while (true)
                    await socket.SendAsync(
                        piece.AsMemory(),
                        System.Net.WebSockets.WebSocketMessageType.Text,
                        endOfMessage: false,
                        context.RequestAborted
                    );
            }
            catch (Exception ended) when (ended is OperationCanceledException or System.Net.WebSockets.WebSocketException)
            {
                // The reader left.
            }
        });
        await using var services = Build(hostile.Address, SmallLimits);

        var refused = await Assert.ThrowsAsync<LokiTailException>(async () =>
        {
            await foreach (var batch in services.GetRequiredService<LokiClient>().TailAsync("{}", DateTimeOffset.UtcNow, 1, Token))
                Assert.Null(batch);
        });

        Assert.Equal(
            "The reply of Loki to /loki/api/v1/tail is larger than 1 MB. If that is expected, raise Archon:Replies:DocumentMegabytes.",
            refused.Message
        );
    }

    [Theory]
    [InlineData("MatrixMegabytes", "0")]
    [InlineData("Items", "-1")]
    [InlineData("InFlightMegabytes", "100")]
    public void A_limit_that_cannot_be_is_refused_by_name(string setting, string value)
    {
        using var services = UpstreamClients.Build(($"Archon:Replies:{setting}", value));

        var refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<ReplyOptions>>().Value);

        Assert.Contains($"Archon:Replies:{setting}: ", refused.Message, StringComparison.Ordinal);
    }

    /// <param name="settings">Of one that is given twice the last counts.</param>
    private static ServiceProvider Build(Uri address, params (string Name, string Value)[] settings) =>
        UpstreamClients.Build([
            .. ((string[])["Prometheus", "Alertmanager", "Loki"]).Select(name => ($"{name}:BaseAddress", address.AbsoluteUri)),
            .. settings.GroupBy(setting => setting.Name).Select(group => group.Last()),
        ]);

    private static async Task<string> AskAsync(ServiceProvider services, string call, Uri address)
    {
        var prometheus = services.GetRequiredService<PrometheusClient>();
        var alertmanager = services.GetRequiredService<AlertmanagerClient>();
        var loki = services.GetRequiredService<LokiClient>();
        var ruler = services.GetRequiredService<RuleServerClient>();
        return call switch
        {
            "query" => Words(await prometheus.QueryAsync("up", null, Token)),
            "range" => Words(await prometheus.QueryRangeAsync("up", Range, TimeSpan.FromMinutes(1), Token)),
            "series" => Words(await prometheus.SeriesAsync(["up"], Range, Token)),
            "alerts" => Words(await prometheus.AlertsAsync(Token)),
            "rules" => Words(await prometheus.RulesAsync(Token)),
            "targets" => Words(await prometheus.TargetsAsync(Token)),
            "metadata" => Words(await prometheus.MetadataAsync(null, Token)),
            "labels" => Words(await prometheus.LabelNamesAsync(null, null, Token)),
            "buildinfo" => Words(await prometheus.BuildInfoAsync(Token)),
            "am status" => Words(await alertmanager.StatusAsync(Token)),
            "am alerts" => Words(await alertmanager.AlertsAsync(null, null, Token)),
            "am groups" => Words(await alertmanager.GroupsAsync(null, null, Token)),
            "am silences" => Words(await alertmanager.SilencesAsync(null, Token)),
            "am silence" => Words(await alertmanager.SilenceAsync("1", Token)),
            "am receivers" => Words(await alertmanager.ReceiversAsync(Token)),
            "loki query" => Words(await loki.QueryRangeAsync("{}", Range, null, null, isForward: true, Token)),
            "loki series" => Words(await loki.SeriesAsync(["{}"], Range, Token)),
            "loki labels" => Words(await loki.LabelNamesAsync(null, Token)),
            "loki buildinfo" => Words(await loki.BuildInfoAsync(Token)),
            "ruler namespaces" => Words(await ruler.NamespacesAsync(address, Token)),
            "ruler rules" => Words(await ruler.RunningAsync(address, Token)),
            "ruler reload" => Words(await ruler.ReloadAsync(address, Token)),
            _ => throw new UnreachableException(),
        };
    }

    private static string Words<T>(Fetch<T> answer) =>
        answer switch
        {
            Fetch<T>.Rejected { Reason: var reason } => $"Rejected: {reason}",
            Fetch<T>.Unavailable { Reason: var reason } => $"Unavailable: {reason}",
            _ => "Ok",
        };
}
