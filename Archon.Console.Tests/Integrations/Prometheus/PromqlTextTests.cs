using System.Text.RegularExpressions;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Prometheus;

[SystemTest]
public sealed class PromqlTextTests(SharedPrometheus prometheus)
{
    public static readonly TheoryData<string> Hostile =
    [
        "plain",
        "",
        " ",
        "a\"b",
        "a\\",
        "\\",
        "\\\"",
        "\"} or vector(1) #",
        "'",
        "`",
        "line\nend",
        "\r\n\t",
        "{{.Value}}",
        "$1",
        "ü☃🚀",
        "a\0b",
        "</script>",
        "%s",
        ".*",
        "a|b",
        "[x](y){2}^$?+",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_real_server_reads_a_quoted_text_back_as_it_was(string text)
    {
        var answer = await UpstreamClients.Prometheus(await prometheus.AddressAsync()).QueryAsync(PromqlText.Quote(text), null, Token);

        Assert.Equal(text, Assert.IsType<Fetch<QueryResult>.Ok>(answer).Value.Text);
    }

    [Theory, MemberData(nameof(Hostile))]
    public async Task A_matcher_never_ends_before_its_value_does(string text)
    {
        var query =
            $"label_replace(vector(1), \"kind\", \"odd\", \"\", \"\") and on() absent(up{{{PromqlText.Matcher("path", text)},nothing=\"here\"}})";

        var answer = await UpstreamClients.Prometheus(await prometheus.AddressAsync()).QueryAsync(query, null, Token);

        Assert.Equal("odd", Assert.Single(Assert.IsType<Fetch<QueryResult>.Ok>(answer).Value.Series).Labels["kind"]);
    }

    [Theory, MemberData(nameof(Hostile))]
    public void A_literal_matches_its_text_alone(string text)
    {
        var pattern = new Regex($"^(?:{PromqlText.Literal(text)})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));

        Assert.Matches(pattern, text);
        Assert.DoesNotMatch(pattern, text + "x");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a=\"b\",c")]
    [InlineData("1a")]
    [InlineData("job\n")]
    [InlineData("jöb")]
    public void A_name_that_no_label_has_is_refused(string name) => Assert.Throws<ArgumentException>(() => PromqlText.Matcher(name, "x"));
}
