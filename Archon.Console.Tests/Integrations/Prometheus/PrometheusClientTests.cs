using System.Globalization;
using System.Text;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Archon.Tests.Integrations.Prometheus;

[SystemTest]
public sealed class PrometheusClientTests
{
    public static readonly TheoryData<string> Versions = ["2.42.0", "3.5.3"];

    private static readonly DateTimeOffset At = DateTimeOffset.FromUnixTimeSeconds(1795421340);
    private static readonly TimeRange Range = new(At, At.AddMinutes(3));
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(30);
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Versions))]
    public async Task A_matrix_becomes_series_with_their_labels_and_times(string version)
    {
        var matrix = await MatrixAsync(version, "query-range");

        Assert.NotEmpty(matrix.Series);
        Assert.All(
            matrix.Series,
            series =>
            {
                Assert.True(series.Count > 1);
                Assert.NotEmpty(series.Labels["job"]);
                Assert.All(series.Times.ToArray(), time => Assert.Equal(0, time % 1000));
            }
        );
        Assert.Empty(matrix.Histograms);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_gap_stays_a_gap(string version)
    {
        var series = (await MatrixAsync(version, "query-range-gap")).Series[0];

        var steps = series.Times.ToArray().Zip(series.Times.ToArray().Skip(1), (one, next) => next - one).ToList();

        Assert.True(steps.Max() > steps.Min(), "What the server left out was filled in.");
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task NaN_and_the_infinities_are_read_as_such(string version)
    {
        var series = Assert.Single((await MatrixAsync(version, "query-range-nan")).Series);

        Assert.Equal(
            [
                double.NaN,
                double.PositiveInfinity,
                double.NegativeInfinity,
                0.1,
                double.NaN,
                double.PositiveInfinity,
                double.NegativeInfinity,
            ],
            series.Values.ToArray()
        );
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Native_histograms_are_read_with_their_buckets_beside_plain_series(string version)
    {
        var matrix = await MatrixAsync(version, "query-range-mixed");

        Assert.Contains(matrix.Series, series => series.Labels["kind"] == "float" && series.Values.ToArray()[0] == 5);
        var histogram = matrix.Histograms.Single(one => one.Labels["kind"] == "hist");
        Assert.Equal(1795421340000, histogram.Times[0]);
        Assert.Equal(12, histogram.Histograms[0].Count);
        Assert.Equal(31.5, histogram.Histograms[0].Sum);
        Assert.Equal(
            [new HistogramBucket(3, -0.001, 0.001, 2), new(0, 0.5, 1, 4), new(0, 1, 2, 3), new(0, 2, 4, 3)],
            histogram.Histograms[0].Buckets
        );
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task An_instant_query_gives_vector_scalar_string_or_matrix(string version)
    {
        Assert.Equal("vector", (await QueryAsync(version, "query-vector")).Kind);
        Assert.Equal("a \"string\" ☃", (await QueryAsync(version, "query-string")).Text);
        var scalar = Assert.Single((await QueryAsync(version, "query-scalar-nan")).Series);
        Assert.Equal([double.NaN], scalar.Values.ToArray());
        Assert.Equal("matrix", (await QueryAsync(version, "query-matrix-range-selector")).Kind);
        Assert.Single((await QueryAsync(version, "query-native-histogram")).Histograms);
        Assert.Empty((await QueryAsync(version, "query-empty")).Series);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Labels_keep_quotes_backslashes_line_ends_and_letters(string version)
    {
        var labels = (await QueryAsync(version, "query-labels-escaped")).Series[0].Labels;

        Assert.Equal("a \"quoted\" b\nline2", labels["text"]);
        Assert.Equal(@"C:\dir", labels["path"]);
        Assert.Equal("zażółć ☃", labels["utf8"]);
    }

    [Fact]
    public async Task Warnings_and_remarks_of_the_server_are_passed_on()
    {
        var result = await QueryAsync("3.5.3", "query-info-and-warning");

        Assert.NotEmpty(result.Warnings);
        Assert.NotEmpty(result.Infos);
        Assert.Empty((await QueryAsync("2.42.0", "query-info-and-warning")).Warnings);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task What_a_query_cost_is_reported_when_asked_for(string version)
    {
        var statistics = (await QueryAsync(version, "query-stats")).Statistics;

        Assert.NotNull(statistics);
        Assert.True(statistics.TotalSamples > 0 && statistics.PeakSamples > 0 && statistics.TotalSeconds > 0);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_query_that_is_wrong_is_rejected_in_the_servers_own_words(string version)
    {
        Assert.Contains("unclosed left parenthesis", await RejectedAsync(version, "query-range-bad-query"), StringComparison.Ordinal);
        Assert.Contains("many-to-many matching not allowed", await RejectedAsync(version, "query-many-to-many"), StringComparison.Ordinal);
        Assert.Contains("11,000 points", await RejectedAsync(version, "query-range-too-many-points"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_server_that_cannot_answer_now_is_unavailable_not_calm(string version)
    {
        Assert.Contains("query timed out", await UnavailableAsync(version, "query-timeout"), StringComparison.Ordinal);
        Assert.Contains("starting", await UnavailableAsync(version, "starting-query"), StringComparison.Ordinal);
        Assert.Contains("not as Prometheus", await UnavailableAsync(version, "not-found-api"), StringComparison.Ordinal);
        await using var starting = await FakeUpstream.ReplayAsync(Reply(version, "starting-ready"));
        Assert.IsType<Fetch<bool>.Unavailable>(await Client(starting).ReadyAsync(Token));
        await using var ready = await FakeUpstream.ReplayAsync(Reply(version, "ready"));
        Assert.True(Value(await Client(ready).ReadyAsync(Token)));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Labels_values_and_series_are_listed_also_when_there_are_none(string version)
    {
        Assert.Contains("__name__", await AskAsync(version, "labels", client => client.LabelNamesAsync(null, null, Token)));
        Assert.Empty(await AskAsync(version, "labels-empty", client => client.LabelNamesAsync(["up"], Range, Token)));
        Assert.Contains("svc-a", await AskAsync(version, "label-values", client => client.LabelValuesAsync("service", null, null, Token)));
        Assert.NotEmpty(await AskAsync(version, "series", client => client.SeriesAsync(["up"], Range, Token)));
        Assert.Empty(await AskAsync(version, "series-empty", client => client.SeriesAsync(["up"], Range, Token)));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Targets_report_up_down_with_the_reason_and_not_yet_scraped(string version)
    {
        var targets = await AskAsync(version, "targets", client => client.TargetsAsync(Token));

        var up = targets.Single(target => target.ScrapePool == "demo");
        Assert.Equal(("up", null), (up.Health, up.LastError));
        Assert.Equal(2026, up.LastScrape!.Value.Year);
        Assert.Contains("connection refused", targets.Single(target => target.ScrapePool == "refused").LastError, StringComparison.Ordinal);
        var never = targets.Single(target => target.ScrapePool == "notyet");
        Assert.Equal(("unknown", null), (never.Health, never.LastScrape));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task A_rule_that_fails_is_reported_apart_from_one_that_is_calm(string version)
    {
        var rules = (await AskAsync(version, "rules", client => client.RulesAsync(Token))).SelectMany(group => group.Rules).ToList();

        var broken = rules.Single(rule => rule.Name == "BrokenAlert");
        Assert.Equal(("inactive", "err"), (broken.State, broken.Health));
        Assert.Contains("many-to-many", broken.LastError, StringComparison.Ordinal);
        var pending = rules.Single(rule => rule.Name == "HotPending");
        Assert.Equal((true, "pending", TimeSpan.FromHours(1)), (pending.IsAlerting, pending.State, pending.For));
        Assert.NotEmpty(pending.Alerts);
        var never = rules.Single(rule => rule.Name == "NotEvaluatedYet");
        Assert.Equal(("unknown", null), (never.Health, never.LastEvaluation));
        Assert.False(rules.Single(rule => rule.Name == "demo:requests:rate1m").IsAlerting);
        Assert.Equal(TimeSpan.FromHours(1), rules.Single(rule => rule.Name == "KeepFiring").KeepFiringFor);
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task Alerts_metadata_exemplars_and_the_servers_own_state_are_read(string version)
    {
        Assert.Contains(
            await AskAsync(version, "alerts", client => client.AlertsAsync(Token)),
            alert => alert.State == "firing" && alert.Labels["alertname"] == "AlwaysFiring" && alert.Value == 1
        );
        Assert.Equal(
            new MetricMetadata("demo_up", "gauge", "1 when the service answers.", ""),
            Assert.Single(await AskAsync(version, "metadata-metric", client => client.MetadataAsync("demo_up", Token)))
        );
        var exemplar = (await AskAsync(version, "query-exemplars", client => client.ExemplarsAsync("x", Range, Token)))[0];
        Assert.Equal((32, 0.31), (exemplar.TraceId!.Length, exemplar.Value));
        Assert.StartsWith(
            version,
            (await AskAsync(version, "status-buildinfo", client => client.BuildInfoAsync(Token))).Version,
            StringComparison.Ordinal
        );
        Assert.NotEmpty(await AskAsync(version, "format-query", client => client.FormatQueryAsync("x", Token)));
        Assert.NotEmpty(await AskAsync(version, "status-flags", client => client.FlagsAsync(Token)));
    }

    [Theory, MemberData(nameof(Versions))]
    public async Task The_runtime_joins_what_two_addresses_report(string version)
    {
        await using var fake = await FakeUpstream.StartAsync(context =>
            Reply(version, context.Request.Path.Value!.EndsWith("tsdb", StringComparison.Ordinal) ? "status-tsdb" : "status-runtimeinfo")
                .AnswerAsync(context)
        );

        var runtime = Value(await Client(fake).RuntimeAsync(Token));

        Assert.True(runtime.IsConfigGood && runtime.SeriesInHead > 0);
        Assert.Equal("15d", runtime.StorageRetention);
    }

    [Fact]
    public async Task A_range_over_the_servers_limit_goes_in_slices_on_the_same_steps_and_comes_back_whole()
    {
        await using var fake = await FakeUpstream.StartAsync(AnswerStepsAsync);
        var range = new TimeRange(At, At.AddSeconds(25_000));

        var series = Assert.Single(Value(await Client(fake).QueryRangeAsync("up", range, TimeSpan.FromSeconds(1), Token)).Series);

        Assert.Equal(3, fake.Requests.Count);
        Assert.Equal(25_001, series.Count);
        Assert.Equal(Enumerable.Range(0, 25_001).Select(i => At.AddSeconds(i).ToUnixTimeMilliseconds()), series.Times.ToArray());
    }

    [Fact]
    public async Task One_slice_that_fails_fails_the_range()
    {
        var asked = 0;
        await using var fake = await FakeUpstream.StartAsync(context =>
            Interlocked.Increment(ref asked) == 1 ? AnswerStepsAsync(context) : Reply("3.5.3", "query-range-bad-query").AnswerAsync(context)
        );

        var answer = await Client(fake).QueryRangeAsync("up", new TimeRange(At, At.AddSeconds(25_000)), TimeSpan.FromSeconds(1), Token);

        Assert.IsType<Fetch<MatrixResult>.Rejected>(answer);
    }

    [Fact]
    public async Task A_query_arrives_as_it_was_written_be_it_long_or_strange()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("3.5.3", "query-empty"));
        const string Strange = "up{path=\"a+b&c=d%20ü☃\\\\\"}";
        var longOne = string.Join(" or ", Enumerable.Repeat(Strange, 200));

        Assert.IsType<Fetch<QueryResult>.Ok>(await Client(fake).QueryAsync(Strange, At, Token));
        Assert.IsType<Fetch<QueryResult>.Ok>(await Client(fake).QueryAsync(longOne, At, Token));

        Assert.Equal(
            ("GET", Strange, "1795421340"),
            (fake.Requests[0].Method, fake.Requests[0].Query["query"].Single(), fake.Requests[0].Query["time"].Single())
        );
        Assert.Equal("POST", fake.Requests[1].Method);
        Assert.Equal(longOne, Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(fake.Requests[1].Body)["query"].Single());
    }

    [Fact]
    public async Task A_label_named_in_UTF8_arrives_in_one_piece()
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply("3.5.3", "labels-empty"));

        await Client(fake).LabelValuesAsync("a/b ü", ["{job=\"x\"}", "up"], Range, Token);

        Assert.Equal("/api/v1/label/a%2Fb%20%C3%BC/values", fake.Requests[0].Path);
        Assert.Equal(["{job=\"x\"}", "up"], fake.Requests[0].Query["match[]"]);
    }

    [Fact]
    public async Task The_real_program_answers_every_question()
    {
        await using var server = await RealPrometheus.StartAsync(
            "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: gone, static_configs: [{targets: ['127.0.0.1:1']}]}]\nrule_files: [rules.yml]\n",
            Token,
            folder =>
                File.WriteAllTextAsync(
                    Path.Combine(folder, "rules.yml"),
                    "groups: [{name: g, interval: 1s, rules: [{alert: Gone, expr: up == 0, for: 1s, labels: {severity: info}}, {record: 'job:up', expr: sum by (job) (up)}]}]",
                    Token
                )
        );
        var client = UpstreamClients.Prometheus(server.Address);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Waits.Limit);
        while (!Value(await client.AlertsAsync(limit.Token)).Any(alert => alert.State == "firing"))
            await Task.Delay(100, limit.Token);
        var now = DateTimeOffset.UtcNow;
        var range = new TimeRange(now.AddMinutes(-1), now);

        Assert.Equal(
            ("down", "gone"),
            (Value(await client.TargetsAsync(Token)).Single().Health, Value(await client.TargetsAsync(Token)).Single().Job)
        );
        Assert.Equal(["Gone", "job:up"], Value(await client.RulesAsync(Token)).Single().Rules.Select(rule => rule.Name));
        Assert.Contains("up", Value(await client.LabelValuesAsync("__name__", null, range, Token)));
        Assert.Contains("job", Value(await client.LabelNamesAsync(["up"], range, Token)));
        Assert.Equal("gone", Assert.Single(Value(await client.SeriesAsync(["up"], range, Token)))["job"]);
        Assert.Empty(Value(await client.MetadataAsync("nothing", Token)));
        Assert.Empty(Value(await client.ExemplarsAsync("up", range, Token)));
        Assert.Equal("sum by (job) (up)", Value(await client.FormatQueryAsync("sum(up)by(job)", Token)));
        Assert.NotEmpty(Value(await client.FlagsAsync(Token)));
        Assert.True(Value(await client.RuntimeAsync(Token)).IsConfigGood);
        Assert.True(Value(await client.ReadyAsync(Token)));
        Assert.NotEmpty(Value(await client.BuildInfoAsync(Token)).Version);
        Assert.True(Value(await client.QueryAsync("up", null, Token, withStatistics: true)).Statistics!.TotalSamples > 0);
        Assert.Equal(
            25_001,
            Assert
                .Single(
                    Value(
                        await client.QueryRangeAsync(
                            "vector(1)",
                            new TimeRange(now.AddSeconds(-25_000), now),
                            TimeSpan.FromSeconds(1),
                            Token
                        )
                    ).Series
                )
                .Count
        );
    }

    private static async Task AnswerStepsAsync(HttpContext context)
    {
        var (start, end, step) = (Number("start"), Number("end"), Number("step"));
        Assert.True(((end - start) / step) + 1 <= 11_000, "More points than a server gives.");
        var body = new StringBuilder("""{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[""");
        for (var at = start; at <= end; at += step)
            body.Append(at > start ? "," : "").Append(CultureInfo.InvariantCulture, $"[{at},\"1\"]");
        await context.Response.WriteAsync(body.Append("]}]}}").ToString());

        long Number(string name) => long.Parse(context.Request.Query[name]!, CultureInfo.InvariantCulture);
    }

    private static RecordedReply Reply(string version, string name) => RecordedReply.Read($"Prometheus/{version}/{name}");

    private static PrometheusClient Client(FakeUpstream fake) => UpstreamClients.Prometheus(fake.Address);

    private static T Value<T>(Fetch<T> answer) => Assert.IsType<Fetch<T>.Ok>(answer).Value;

    private static async Task<T> AskAsync<T>(string version, string name, Func<PrometheusClient, Task<Fetch<T>>> ask)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, name));
        return Value(await ask(Client(fake)));
    }

    private static Task<MatrixResult> MatrixAsync(string version, string name) =>
        AskAsync(version, name, client => client.QueryRangeAsync("x", Range, Step, Token));

    private static Task<QueryResult> QueryAsync(string version, string name) =>
        AskAsync(version, name, client => client.QueryAsync("x", At, Token, withStatistics: true));

    private static async Task<string> RejectedAsync(string version, string name)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, name));
        return Assert.IsType<Fetch<MatrixResult>.Rejected>(await Client(fake).QueryRangeAsync("x", Range, Step, Token)).Reason;
    }

    private static async Task<string> UnavailableAsync(string version, string name)
    {
        await using var fake = await FakeUpstream.ReplayAsync(Reply(version, name));
        return Assert.IsType<Fetch<MatrixResult>.Unavailable>(await Client(fake).QueryRangeAsync("x", Range, Step, Token)).Reason;
    }
}
