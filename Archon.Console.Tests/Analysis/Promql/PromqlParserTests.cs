using Archon.Analysis;
using Archon.Analysis.Promql;
using Archon.Integrations;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Analysis.Promql;

[SystemTest]
public sealed class PromqlParserTests(SharedPrometheus server)
{
    /// <summary>What every server since 2.42 takes.</summary>
    private static readonly string[] Valid =
    [
        "1",
        "-1",
        "+1.5e-3",
        "0x1F",
        "010",
        "1e100",
        "Inf",
        "-inf",
        "NaN",
        "\"text\"",
        "'it\\'s'",
        "`raw \\n`",
        "\"\\u00e9\\x41\\101\\t\"",
        "up",
        "up{}",
        "up{job=\"a\"}",
        "up{job=\"a\",instance!=\"b\",x=~\"c|d\",y!~\"e.*\",}",
        "{__name__=\"up\"}",
        "{__name__=~\"up|down\",job=\"a\"}",
        "job:up:sum",
        ":odd",
        "up # comment\n== 0",
        "sum",
        "sum{a=\"b\"}",
        "by",
        "offset",
        "and",
        "up[5m]",
        "up{a=\"b\"}[1h30m]",
        "up[1y2w3d4h5m6s7ms]",
        "up offset 5m",
        "up offset -5m",
        "up[5m] offset 1h",
        "up @ 1609746000",
        "up @ 1609746000.123 offset 5m",
        "up offset 5m @ 1609746000",
        "up[5m] @ end()",
        "up @ start()",
        "up[1h:]",
        "up[1h:5m]",
        "rate(up[5m])[1h:1m] offset 1d",
        "rate(up[5m])[1h:1m] @ 100",
        "sum(up)",
        "sum by (job) (up)",
        "sum(up) by (job)",
        "sum without (a, b,) (up)",
        "sum by () (up)",
        "SUM BY (JOB) (up)",
        "topk(5, up)",
        "bottomk by (job) (3, up)",
        "quantile(0.9, up)",
        "count_values(\"v\", up)",
        "stddev(up)",
        "stdvar(up)",
        "group(up)",
        "sum by (on, by, sum, offset, and) (up)",
        "1 + 2 * 3 - 4 / 5 % 6 ^ 7 ^ 8",
        "-1 ^ 2",
        "2 ^ -1",
        "-up * 2",
        "-up ^ 2",
        "- - up",
        "a + b",
        "a - on (x) b",
        "a * ignoring (x, y) b",
        "a / on (x) group_left b",
        "a / on (x) group_left (y) b",
        "a / ignoring (x) group_right (y, z) b",
        "a == b",
        "a != bool b",
        "a > 1 < 2",
        "1 == bool 1",
        "a and b",
        "a or b unless c",
        "a and on (x) b",
        "a atan2 b",
        "a ATAN2 b",
        "a AND b OR c",
        "(a)",
        "((a + b)) * (c)",
        "a + b > c and d or e",
        "a or b and c",
        "a > b == c",
        "a - b - c",
        "a ^ b ^ c",
        "a % b * c",
        "time()",
        "pi()",
        "vector(1)",
        "scalar(a)",
        "abs(a)",
        "absent(a{x=\"y\"})",
        "absent_over_time(a[5m])",
        "avg_over_time(a[5m])",
        "ceil(a)",
        "changes(a[5m])",
        "clamp(a, 1, 2)",
        "clamp_max(a, 1)",
        "clamp_min(a, 1)",
        "day_of_month()",
        "day_of_month(a)",
        "day_of_week(a)",
        "days_in_month(a)",
        "delta(a[5m])",
        "deriv(a[5m])",
        "exp(a)",
        "floor(a)",
        "histogram_quantile(0.9, a)",
        "holt_winters(a[5m], 0.5, 0.5)",
        "hour()",
        "idelta(a[5m])",
        "increase(a[5m])",
        "irate(a[5m])",
        "label_join(a, \"x\", \",\", \"y\", \"z\")",
        "label_join(a, \"x\", \",\")",
        "label_replace(a, \"x\", \"$1\", \"y\", \"(.*)\")",
        "ln(a)",
        "log2(a)",
        "log10(a)",
        "max_over_time(a[5m])",
        "minute(a)",
        "month(a)",
        "predict_linear(a[5m], 3600)",
        "quantile_over_time(0.9, a[5m])",
        "rate(a[5m])",
        "resets(a[5m])",
        "round(a)",
        "round(a, 0.1)",
        "sgn(a)",
        "sort(a)",
        "sort_desc(a)",
        "sqrt(a)",
        "timestamp(a)",
        "year()",
        "present_over_time(a[5m])",
        "last_over_time(a[5m])",
        "sin(a) + cosh(a)",
        "deg(a)",
        "max_over_time(rate(a[5m])[1h:])",
        "sum(rate(a{code=~\"5..\"}[5m])) by (job) / sum(rate(a[5m])) by (job) > 0.05",
        "foo{a=\"\\\"\\\\\"}",
        "foo{a='b',c=`d`}",
        "foo{by=\"x\",sum=\"y\"}",
        "a{x=~\"(?i)B.*\"}",
        "a{x=~\"[[:alpha:]]+\\\\d{2,3}?\"}",
        "a{x=~\"(?P<n>a|b)\"}",
        "avg without (a) (b) + count(c) * 2",
        "1 < bool 2 + 3",
        "sum(a) + on () group_left sum(b)",
        "-(a)",
        "-1 - -1",
        "a{x=\"1\"} offset 1w",
        "  up\t==\r\n0  ",
    ];

    /// <summary>What every server refuses, with the words in which all of them do.</summary>
    private static readonly string[] Invalid =
    [
        "1 +",
        "+",
        "a b",
        "(a",
        "a)",
        "a[5m",
        "a{x=\"y\"",
        "a{x}",
        "a{x=}",
        "a{x=y}",
        "a{\"x}",
        "a{=\"x\"}",
        "a{x=\"y\" z=\"w\"}",
        "a{x=\"y\",,}",
        "{}",
        "{x=\"\"}",
        "{x=~\".*\"}",
        "{x!=\"y\"}",
        "a{__name__=\"b\"}",
        "sum()",
        "sum(a, b)",
        "topk(a)",
        "topk(a, b)",
        "topk(\"1\", b)",
        "count_values(1, a)",
        "sum(1)",
        "sum(a[5m])",
        "rate(a)",
        "rate(1)",
        "rate(a[5m], 1)",
        "rate()",
        "abs(a[5m])",
        "abs(\"x\")",
        "clamp(a, b, c)",
        "nothing(a)",
        "round(a, 1, 2)",
        "label_replace(a)",
        "day_of_month(a, b)",
        "1 == 1",
        "1 and 1",
        "a and 1",
        "1 or a",
        "a + bool b",
        "a and bool b",
        "\"x\" + 1",
        "a[5m] + 1",
        "a + a[5m]",
        "-\"x\"",
        "-a[5m]",
        "a and on (x) group_left b",
        "a + on (x) group_left (x) b",
        "1 + on (x) 2",
        "a + on (x) 1",
        "a + group_left b",
        "a offset",
        "a offset 5m offset 5m",
        "1 offset 5m",
        "sum(a) offset 5m",
        "a @ 1 @ 2",
        "a @ x",
        "sum(a) @ 1",
        "a offset 5m[5m]",
        "a @ 1 [5m]",
        "sum(a)[5m]",
        "a[5m][5m]",
        "1[5m:]",
        "a[5m][5m:]",
        "a{x=~\"(\"}",
        "a{x=~\"*\"}",
        "a{x=~\"[z-a]\"}",
        "a{x=~\"(?=b)\"}",
        "a{x=~\"a**\"}",
        "a{x=~\"\\\\8\"}",
        "\"open",
        "'open",
        "`open",
        "\"\\q\"",
        "a == = b",
        "a =~ b",
        "a ! b",
        "$a",
        "a ; b",
        "sum by job (a)",
        "sum by (1) (a)",
        "sum by (a b) (c)",
        "f(a,)",
        "abs(a,)",
        "a and",
        "a bool b",
        "1s2",
        "5mm",
        "1h5",
        "0xg",
        "a[0s]",
        "a[-5m]",
        "a[]",
        "a[5m:0s]",
        "a unless group_right b",
        "quantile(\"0.9\", a)",
        "time(1)",
        "pi(1)",
        "scalar(1)",
        "vector(a)",
        "",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_Prometheus_takes_what_we_take_and_reads_the_same_from_what_we_print()
    {
        var prometheus = UpstreamClients.Prometheus(await server.AddressAsync());
        var newer = ((await prometheus.BuildInfoAsync(Token) as Fetch<ServerVersion>.Ok)?.Value.Version.StartsWith('2')) != true;

        foreach (var text in Valid.Where(text => !newer || !text.Contains("holt_winters", StringComparison.Ordinal)))
        {
            var ours = PromqlParser.Parse(text, out var error);
            Assert.True(ours is not null, $"{text}: {error}");
            var theirs = Assert.IsType<Fetch<string>.Ok>(await prometheus.FormatQueryAsync(text, Token)).Value;

            Assert.Equal(theirs, Assert.IsType<Fetch<string>.Ok>(await prometheus.FormatQueryAsync(ours.ToString(), Token)).Value);
            Assert.Equal(ours.ToString(), PromqlParser.Parse(ours.ToString(), out _)?.ToString());
        }
        // The server's words changed over time for a few; that it refuses did not.
        var sameWords = 0;
        foreach (var text in Invalid.Where(text => text.Length > 0))
        {
            Assert.Null(PromqlParser.Parse(text, out var error));
            var refusal = Assert.IsType<Fetch<string>.Rejected>(await prometheus.FormatQueryAsync(text, Token)).Reason;
            if (refusal.EndsWith(error!.ToString(), StringComparison.Ordinal))
                sameWords++;
        }
        Assert.True(sameWords >= Invalid.Length * 3 / 4, $"{sameWords} of {Invalid.Length} are refused in the same words");
    }

    [Theory]
    [InlineData("foo{\"x\"=\"y\"}", "foo{x=\"y\"}")]
    [InlineData("{\"http.requests\", \"a.b\"=\"c\"}", "{\"a.b\"=\"c\",__name__=\"http.requests\"}")]
    [InlineData("sum by (\"a.b\", c) (d)", "sum by (\"a.b\", c) (d)")]
    [InlineData("limitk(2, a)", "limitk(2, a)")]
    [InlineData("a + fill(0) b", "a + fill (0) b")]
    [InlineData("a + on (x) group_left fill_left(1) fill_right(-2) b", "a + on (x) group_left () fill_left (1) fill_right (-2) b")]
    [InlineData("rate(a[2 * 5m])", "rate(a[2 * 5m])")]
    [InlineData("a[step() + 1m:5m] offset max_of(1m, step())", "a[step() + 1m:5m] offset max_of(1m, step())")]
    [InlineData("increase(a[5m] anchored)", "increase(a[5m] anchored)")]
    [InlineData("a[300]", "a[5m]")]
    [InlineData("time() - a > 10m", "time() - a > 10m")]
    public void What_only_newer_servers_take_is_read_as_well(string text, string printed)
    {
        var parsed = PromqlParser.Parse(text, out var error);

        Assert.True(parsed is not null, error?.ToString());
        Assert.Equal(printed, parsed.ToString());
    }

    [Theory]
    [InlineData("a + b * c", "a + [b * c]")]
    [InlineData("a * b + c", "[a * b] + c")]
    [InlineData("a - b - c", "[a - b] - c")]
    [InlineData("a ^ b ^ c", "a ^ [b ^ c]")]
    [InlineData("a or b and c", "a or [b and c]")]
    [InlineData("a and b > c + d", "a and [b > [c + d]]")]
    [InlineData("-a ^ b", "-[a ^ b]")]
    [InlineData("-a * b", "-a * b")]
    public void Operators_bind_as_in_Prometheus(string text, string bracketed)
    {
        Assert.Equal(bracketed, Bracketed(PromqlParser.Parse(text, out _)!, isOuter: true));

        static string Bracketed(PromqlExpression node, bool isOuter) =>
            node switch
            {
                PromqlBinary binary => isOuter ? Inner(binary) : $"[{Inner(binary)}]",
                PromqlUnary unary => unary.Operator + Bracketed(unary.Inner, false),
                _ => node.ToString(),
            };

        static string Inner(PromqlBinary binary) => $"{Bracketed(binary.Left, false)} {binary.Operator} {Bracketed(binary.Right, false)}";
    }

    [Fact]
    public void A_fault_is_reported_with_its_line_and_column()
    {
        Assert.Null(PromqlParser.Parse("up ==\n  rate(a)", out var error));

        Assert.Equal("2:8: parse error: expected type range vector in call to function \"rate\", got instant vector", error!.ToString());
    }

    [Fact]
    public void Nesting_without_end_is_refused_rather_than_followed()
    {
        Assert.Null(PromqlParser.Parse(new string('(', 9_000) + "a" + new string(')', 9_000), out var error));

        Assert.Equal((InputLimits.PromqlDepth, "the expression is nested deeper than 200 levels"), (error!.Limit, error.Message));
    }

    [Theory]
    [InlineData("2^", "2")]
    [InlineData("-", "a")]
    [InlineData("abs(", "a")]
    public void Whatever_nests_counts_as_nesting(string repeated, string last)
    {
        Assert.Null(PromqlParser.Parse(string.Concat(Enumerable.Repeat(repeated, 300)) + last, out var error));

        Assert.Equal(InputLimits.PromqlDepth, error!.Limit);
    }

    [Fact]
    public void A_chain_of_operators_is_not_nesting()
    {
        var text = string.Concat(Enumerable.Repeat("up + ", 3_500)) + "up";

        var parsed = PromqlParser.Parse(text, out var error);

        Assert.True(parsed is not null, error?.ToString());
        Assert.Equal(text, parsed.ToString());
        Assert.Equal(3_501, parsed.All().OfType<PromqlSelector>().Count());
    }

    [Fact]
    public void An_expression_beyond_the_limit_is_reported_from_one_that_is_wrong()
    {
        Assert.Null(PromqlParser.Parse(new string(' ', 20_000) + "a", out var large));
        Assert.Null(PromqlParser.Parse("a b", out var wrong));

        Assert.Equal("the expression is longer than 20,000 characters", large!.Limit!.Sentence);
        Assert.Null(wrong!.Limit);
    }

    [Theory]
    [InlineData("(a{100}){11}", "invalid repeat count: `{11}`")]
    [InlineData("((a{10}b){10}c){11}", "invalid repeat count: `{11}`")]
    [InlineData("(a|b{2}|(c{300})){4}", "invalid repeat count: `{4}`")]
    [InlineData("(a{100}){10}", null)]
    [InlineData("(a{1000})*", null)]
    [InlineData("(a{1000}){1}", null)]
    [InlineData("(a{1000}){0}(b{1000})", null)]
    [InlineData("a{100}b{100}", null)]
    public void Repetitions_within_each_other_are_multiplied_as_in_Go(string pattern, string? fault) =>
        Assert.Equal(fault, Re2.Fault(pattern));

    [Theory]
    [InlineData(
        "(.{1000}){1}(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})(.{1000})",
        "needs more states"
    )]
    [InlineData("((((", null)]
    public void A_pattern_that_the_engine_refuses_is_beyond_a_limit(string pattern, string? words)
    {
        var refusal = Record.Exception(() => Re2.Matches(pattern, "abc"));

        if (words is null)
            Assert.IsType<FormatException>(refusal);
        else
            Assert.Contains(words, Assert.IsType<InputLimitException>(refusal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_of_too_many_different_characters_is_not_compiled() =>
        Assert.Same(
            InputLimits.RegexKinds,
            Assert.Throws<InputLimitException>(() => Re2.Fault(string.Concat(Enumerable.Range(0x4e00, 65).Select(one => (char)one)))).Limit
        );

    [Theory]
    [InlineData("a.*", "abc", true)]
    [InlineData("b", "abc", false)]
    [InlineData("a|abc", "abc", true)]
    [InlineData("(?i)ABC", "abc", true)]
    [InlineData("a.c", "a\nc", true)]
    [InlineData("[[:digit:]]+", "42", true)]
    [InlineData(@"\Qa.b\E", "a.b", true)]
    [InlineData(@"\Qa.b\E", "axb", false)]
    [InlineData(@"\d{2}", "42", true)]
    [InlineData(@"\d{2}", "4२", false)]
    [InlineData("a$", "a\n", false)]
    [InlineData("(?P<x>a)b", "ab", true)]
    [InlineData("x #y", "x #y", true)]
    [InlineData("[^a-c]", "d", true)]
    [InlineData("[]a]", "]", true)]
    public void Regular_expressions_are_those_of_Go(string pattern, string text, bool matches) =>
        Assert.Equal(matches, Re2.Matches(pattern, text));

    [Theory]
    [InlineData("(.*):.*", "$1", "host:80", "host")]
    [InlineData("(?P<h>.*):.*", "${h}-x$$", "host:80", "host-x$")]
    [InlineData("o", "$1x", "foo", "f")]
    [InlineData("o", "${0}x", "foo", "foxox")]
    public void Replacements_are_those_of_Go(string pattern, string replacement, string text, string result) =>
        Assert.Equal(result, Re2.Replace(pattern, replacement, text, InputLimits.TemplateText));

    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("1y", 31_536_000)]
    [InlineData("1w1d", 691_200)]
    [InlineData("0", 0)]
    [InlineData("1500ms", 1.5)]
    public void Durations_are_read(string text, double seconds)
    {
        Assert.True(PrometheusDuration.TryParse(text, out var length));
        Assert.Equal(seconds, length.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("5m1h")]
    [InlineData("1m1m")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("1.5h")]
    [InlineData("300y")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(PrometheusDuration.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(90, "1m30s")]
    [InlineData(604_800, "1w")]
    [InlineData(694_800, "8d1h")]
    [InlineData(0.25, "250ms")]
    [InlineData(31_536_000, "1y")]
    public void Durations_are_printed_as_Prometheus_does(double seconds, string text) =>
        Assert.Equal(text, PrometheusDuration.Format(TimeSpan.FromSeconds(seconds)));
}
