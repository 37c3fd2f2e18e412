using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Loki;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Loki;

public sealed class LokiClientTests
{
    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1795425230);
    private static readonly TimeRange Range = new(At, At.AddSeconds(41));
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(10);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lines_come_by_stream_with_times_to_the_nanosecond_and_as_they_were_written()
    {
        var result = await RangeAsync("query-range-streams");

        Assert.Empty(result.Series);
        var errors = result.Streams.Single(stream => stream.Labels["pod"] == "demo-1" && stream.Labels["detected_level"] == "error");
        var line = Assert.Single(errors.Lines);
        Assert.Equal(1795425236000000000, line.UnixNanoseconds);
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1795425236), line.At);
        Assert.Equal("level=error msg=\"db: connection refused\" user=u2 duration=1.5s status=500", line.Text);
        var odd = result.Streams.Single(stream => stream.Labels["pod"] == "demo-1" && stream.Labels["detected_level"] == "unknown").Lines;
        Assert.Equal(["", "\u001b[31mred\u001b[0m ansi", "multi\nline\tstack\n  at X.Y()"], odd.Take(3).Select(one => one.Text));
    }

    [Fact]
    public async Task Metadata_of_a_line_is_read_also_where_it_comes_in_two_groups()
    {
        var line = (await RangeAsync("query-range-categorize-labels")).Streams[0].Lines[0];

        Assert.Equal(("5b8aa5a2d2c872e8321cf37308d69df3", "500"), (line.Metadata["trace_id"], line.Metadata["status"]));
    }

    [Fact]
    public async Task A_metric_query_gives_series_whether_matrix_vector_or_scalar()
    {
        var matrix = await RangeAsync("query-range-matrix");
        var vector = await QueryAsync("query-vector");
        var scalar = await QueryAsync("query-scalar");

        Assert.Equal(["demo-1", "demo-2"], matrix.Series.Select(series => series.Labels["pod"]));
        Assert.Equal([1795425240000, 1795425250000, 1795425260000], matrix.Series[0].Times.ToArray());
        Assert.Equal([2.0, 2, 2], matrix.Series[0].Values.ToArray());
        Assert.Equal(10183, vector.Series.Single(series => series.Labels["level"] == "info").Values.Span[0]);
        Assert.Equal(1795425291102, vector.Series[0].Times.Span[0]);
        Assert.Equal((1795425231000, 2.0), (scalar.Series[0].Times.Span[0], scalar.Series[0].Values.Span[0]));
    }

    [Fact]
    public async Task What_is_asked_arrives_with_nanoseconds_limit_and_direction()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("query-range-streams"));

        Value(
            await Client(fake).QueryRangeAsync("{app=\"a&b\"} |= `x+y`", Range, TimeSpan.FromMilliseconds(2500), 20, isForward: true, Token)
        );

        var query = Assert.Single(fake.Requests).Query;
        Assert.Equal("{app=\"a&b\"} |= `x+y`", query["query"].Single());
        Assert.Equal(("1795425230000000000", "1795425271000000000"), (query["start"].Single(), query["end"].Single()));
        Assert.Equal(("2.5s", "20", "forward"), (query["step"].Single(), query["limit"].Single(), query["direction"].Single()));
    }

    [Fact]
    public async Task Labels_values_and_series_are_listed_also_when_there_are_none()
    {
        Assert.Contains("service", await AskAsync("labels", client => client.LabelNamesAsync(null, Token)));
        Assert.Empty(await AskAsync("labels-empty", client => client.LabelNamesAsync(Range, Token)));
        Assert.Equal(
            ["error", "info", "warn"],
            await AskAsync("label-values", client => client.LabelValuesAsync("level", null, null, Token))
        );
        await using var fake = await FakeUpstream.SayAsync(
            200,
            "application/json",
            """{"status":"success","data":[{"app":"demo","pod":"demo-1"},{"app":"demo","pod":"demo-2"}]}"""
        );
        var series = Value(await Client(fake).SeriesAsync(["{app=\"demo\"}", "{app=\"x\"}"], Range, Token));
        Assert.Equal(["demo-1", "demo-2"], series.Select(one => one["pod"]));
        Assert.Equal(["{app=\"demo\"}", "{app=\"x\"}"], fake.Requests[0].Query["match[]"]);
    }

    [Fact]
    public async Task Statistics_volume_patterns_and_fields_are_read()
    {
        Assert.Equal(
            new LogStatistics(30, 102, 17518592, 102168),
            await AskAsync("index-stats", client => client.StatsAsync("{}", Range, Token))
        );
        var volume = Assert.Single(await AskAsync("index-volume-range", client => client.VolumeAsync("{}", Range, Step, ["job"], Token)));
        Assert.Equal(("rig-services", 7607957.0, 1795420799999), (volume.Labels["job"], volume.Values.Span[0], volume.Times.Span[0]));
        var pattern = (await AskAsync("patterns", client => client.PatternsAsync("{}", Range, Step, Token)))[0];
        Assert.StartsWith("level=info msg=\"request served\" trace_id=<_>", pattern.Pattern, StringComparison.Ordinal);
        Assert.Equal((1795424700000, 25, 10), (pattern.Times[0], pattern.Counts[0], pattern.Counts.Count));
        var fields = await AskAsync("detected-fields", client => client.DetectedFieldsAsync("{}", Range, Token));
        Assert.Equal(
            ("float", 97, "json,logfmt"),
            fields
                .Where(field => field.Name == "duration_ms")
                .Select(field => (field.Type, (int)field.Cardinality, string.Join(',', field.Parsers)))
                .Single()
        );
        Assert.Empty(fields.Single(field => field.Name == "detected_level").Parsers);
        Assert.Empty(await AskAsync("detected-fields-empty", client => client.DetectedFieldsAsync("{}", Range, Token)));
    }

    [Fact]
    public async Task A_part_that_the_server_leaves_out_is_named_with_its_setting()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("patterns-disabled"));

        var patterns = Assert.IsType<Fetch<IReadOnlyList<LogPattern>>.Rejected>(await Client(fake).PatternsAsync("{}", Range, Step, Token));
        var volume = Assert.IsType<Fetch<IReadOnlyList<MetricSeries>>.Rejected>(
            await Client(fake).VolumeAsync("{}", Range, Step, null, Token)
        );

        Assert.Contains("pattern_ingester.enabled", patterns.Reason, StringComparison.Ordinal);
        Assert.Contains("limits_config.volume_enabled", volume.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_that_is_wrong_is_rejected_in_the_servers_own_words_whatever_status_it_gives()
    {
        Assert.Equal("parse error at line 1, col 16: syntax error: unexpected |", await RejectedAsync("query-bad-syntax"));
        Assert.Equal("[interval] value exceeds limit: [13h] > [12h]", await RejectedAsync("query-range-interval-too-long"));
    }

    [Theory]
    [InlineData("query-too-many-outstanding", "asked too often (429): too many outstanding requests")]
    [InlineData("tenant-missing-query", "did not accept the credentials (401)")]
    [InlineData("not-found", "not as Loki (404)")]
    [InlineData("ready-starting-1", "starting, overloaded or ran out of time (503)")]
    public async Task A_server_that_cannot_answer_now_is_unavailable_not_calm(string reply, string words)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(reply));

        var answer = Assert.IsType<Fetch<LogResult>.Unavailable>(await Client(fake).QueryRangeAsync("{}", Range, null, null, false, Token));

        Assert.Contains(words, answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_server_says_what_it_is_and_whether_it_is_ready()
    {
        Assert.Equal("3.4.6", (await AskAsync("buildinfo", client => client.BuildInfoAsync(Token))).Version);
        Assert.True(await AskAsync("ready", client => client.ReadyAsync(Token)));
        await using var starting = await FakeUpstream.ReplayAsync(Reply("ready-starting-1"));
        Assert.IsType<Fetch<bool>.Unavailable>(await Client(starting).ReadyAsync(Token));
    }

    [Fact]
    public async Task Pushed_lines_arrive_with_their_labels_and_a_refusal_is_reported()
    {
        LogStream[] streams =
        [
            new(
                new SeriesLabels([new("app", "a\"b"), new("env", "test")]),
                [
                    new LogLine(1795425236000000001, "first\n☃", new Dictionary<string, string>()),
                    new LogLine(1795425236000000002, "second", new Dictionary<string, string>()),
                ]
            ),
        ];
        await using var fake = await FakeUpstream.ReplayAsync(Reply("push-204"));

        Assert.True(Value(await Client(fake).PushAsync(streams, Token)));

        var request = Assert.Single(fake.Requests);
        Assert.Equal(("POST", "/loki/api/v1/push", "application/json"), (request.Method, request.Path, request.Headers["Content-Type"]));
        using var body = JsonDocument.Parse(request.Body);
        var stream = body.RootElement.GetProperty("streams")[0];
        Assert.Equal("a\"b", stream.GetProperty("stream").GetProperty("app").GetString());
        Assert.Equal(["1795425236000000001", "first\n☃"], stream.GetProperty("values")[0].EnumerateArray().Select(one => one.GetString()));
        await using var refusing = await FakeUpstream.ReplayAsync(Reply("push-too-old"));
        Assert.Contains(
            "timestamp too old",
            Assert.IsType<Fetch<bool>.Rejected>(await Client(refusing).PushAsync(streams, Token)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_tail_brings_lines_as_they_come_until_the_server_ends_it()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("tail-websocket"));
        var lines = new List<string>();

        var ended = await Assert.ThrowsAsync<LokiTailException>(async () =>
        {
            await foreach (var batch in Client(fake).TailAsync("{app=\"tail\"}", At, 2, Token))
                lines.AddRange(batch.Streams.SelectMany(stream => stream.Lines).Select(line => line.Text));
        });

        Assert.Equal(
            [
                "before connect 1 level=info",
                "before connect 2 level=info",
                "live 1 level=error",
                "live other pod",
                "late line, older than what was sent",
                "live 2",
            ],
            lines
        );
        Assert.Equal("Loki ended the tail.", ended.Message);
        Assert.Equal(("{app=\"tail\"}", "2"), (fake.Requests[0].Query["query"].Single(), fake.Requests[0].Query["limit"].Single()));
    }

    [Fact]
    public async Task A_tail_ends_when_its_reader_goes_and_the_server_is_reported()
    {
        var gone = new TaskCompletionSource();
        await using var fake = await FakeUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(
                Encoding.UTF8.GetBytes("""{"streams":[{"stream":{"app":"a"},"values":[["1","x"]]}]}"""),
                WebSocketMessageType.Text,
                true,
                context.RequestAborted
            );
            try
            {
                await socket.ReceiveAsync(new byte[64], context.RequestAborted);
            }
            catch (Exception closed) when (closed is WebSocketException or OperationCanceledException)
            {
                // the reader hung up
            }
            gone.TrySetResult();
        });
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in Client(fake).TailAsync("{app=\"a\"}", At, 10, leave.Token))
                await leave.CancelAsync();
        });

        await gone.Task.WaitAsync(Waits.Limit, Token);
    }

    [Fact]
    public async Task Lines_that_a_slow_reader_missed_are_counted()
    {
        await using var fake = await FakeUpstream.StartAsync(async context =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.SendAsync(
                Encoding.UTF8.GetBytes(
                    """{"streams":[{"stream":{"app":"a"},"values":[["1","x"]]}],"dropped_entries":[{"timestamp":"2","labels":{"app":"a"}},{"timestamp":"3","labels":{"app":"a"}}]}"""
                ),
                WebSocketMessageType.Text,
                true,
                context.RequestAborted
            );
            await socket.ReceiveAsync(new byte[64], context.RequestAborted);
        });

        await foreach (var batch in Client(fake).TailAsync("{app=\"a\"}", At, 10, Token))
        {
            Assert.Equal(2, batch.Dropped);
            break;
        }
    }

    [Fact]
    public async Task A_tail_that_cannot_be_says_why()
    {
        Assert.Equal("only log selector is supported", await TailFailureAsync("tail-websocket-metric-query"));
        Assert.Equal("Loki refused the query of the tail.", await TailFailureAsync("tail-websocket-bad-query"));
        var noone = UpstreamClients.Loki(NoServer.Address);
        Assert.Contains(
            "cannot be reached",
            (await Assert.ThrowsAsync<LokiTailException>(() => FirstAsync(noone))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_tail_carries_the_tenant_and_the_credentials()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("tail-websocket"));
        var services = UpstreamClients.Build(
            ("Loki:BaseAddress", fake.Address.AbsoluteUri),
            ("Loki:Tenant", "team-a"),
            ("Loki:BearerToken", "t0ken")
        );
        await using var _ = services;

        await FirstAsync((LokiClient)services.GetService(typeof(LokiClient))!);

        Assert.Equal(("team-a", "Bearer t0ken"), (fake.Requests[0].Headers["X-Scope-OrgID"], fake.Requests[0].Headers["Authorization"]));
    }

    private static async Task<string> TailFailureAsync(string name)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(name));
        return (await Assert.ThrowsAsync<LokiTailException>(() => FirstAsync(Client(fake)))).Message;
    }

    private static async Task FirstAsync(LokiClient client)
    {
        await foreach (var _ in client.TailAsync("{app=\"a\"}", At, 10, Token))
            return;
    }

    private static RecordedReply Reply(string name) => RecordedReply.Read($"Loki/3.4.6/{name}");

    private static LokiClient Client(FakeUpstream fake) => UpstreamClients.Loki(fake.Address);

    private static T Value<T>(Fetch<T> answer) => Assert.IsType<Fetch<T>.Ok>(answer).Value;

    private static async Task<T> AskAsync<T>(string name, Func<LokiClient, Task<Fetch<T>>> ask)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(name));
        return Value(await ask(Client(fake)));
    }

    private static Task<LogResult> RangeAsync(string name) =>
        AskAsync(name, client => client.QueryRangeAsync("{}", Range, Step, 100, false, Token));

    private static Task<LogResult> QueryAsync(string name) => AskAsync(name, client => client.QueryAsync("1", At, Token));

    private static async Task<string> RejectedAsync(string name)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(name));
        return Assert.IsType<Fetch<LogResult>.Rejected>(await Client(fake).QueryRangeAsync("{}", Range, Step, null, false, Token)).Reason;
    }
}
