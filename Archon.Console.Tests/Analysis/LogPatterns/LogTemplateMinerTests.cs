using System.Text;
using Archon.Analysis.LogPatterns;
using Xunit;

namespace Archon.Tests.Analysis.LogPatterns;

public sealed class LogTemplateMinerTests
{
    [Theory]
    [InlineData("took 12 ms", "took <duration>")]
    [InlineData("took 1h2m3.5s", "took <duration>")]
    [InlineData("read 12.5MiB of 90 KB", "read <size> of <size>")]
    [InlineData("at -17.5e or 3", "at <*> or <num>")]
    [InlineData("pointer 0xdeadBEEF", "pointer <hex>")]
    [InlineData("commit 3f9a77c1", "commit <hex>")]
    [InlineData("trace 0af7651916cd43dd8448eb211c80319c", "trace <hex>")]
    [InlineData("id 7d444840-9dc0-11d1-b245-5ffdce74fad2", "id <uuid>")]
    [InlineData("from 10.0.0.1:8080 to /10.0.0.2", "from <ip> to <ip>")]
    [InlineData("from fe80::1ff:fe23:4567:890a", "from <ip>")]
    [InlineData("open /var/log/app.log", "open <path>")]
    [InlineData(@"open C:\Users\me\x.txt now", "open <path> now")]
    [InlineData(@"open \\server\share\x now", "open <path> now")]
    [InlineData("see https://example.org/a?b=1", "see <url>=<num>")]
    [InlineData("mail to me@example.org.", "mail to <email>.")]
    [InlineData("user 'O''Brien' isn't \"known here\"", "user '<str>''<str>' isn't \"<str>\"")]
    [InlineData("node-17 of pool_3, blk_-4711", "node-<*> of pool_<*>, blk_<*>")]
    [InlineData("version v1.2.3-rc1", "version v<*>-rc<*>")]
    [InlineData("state=up owner=null", "state=up owner=<*>")]
    [InlineData("2026-03-02T06:07:08.123+01:00 begin", "<time> begin")]
    [InlineData("[Mon Mar 02 06:07:08 2026] begin", "[<time>] begin")]
    [InlineData("Mar  2 06:07:08 host begin", "<time> host begin")]
    [InlineData("\"GET /a/b?c HTTP/1.1\" 503 17", "\"GET <path>\" 5xx <num>")]
    [InlineData("\e[31mfailed\e[0m \e]0;title\aagain", "failed again")]
    [InlineData("残り=3個 наличие ７", "残り=<*> наличие <*>")]
    public void What_varies_is_masked_by_its_form(string line, string template) => Assert.Equal(template, TemplateOf(line));

    [Theory]
    [InlineData("""{"level":"error","ts":1772431628.5,"msg":"lost 3 peers","peer":"x"}""", "level=error lost <num> peers")]
    [InlineData(
        """{"time":"2026-03-02T06:07:08Z","severity":"WARN","message":"slow","error":{"type":"T","message":"gave up"}}""",
        "level=warning slow error= gave up"
    )]
    [InlineData(
        """{"timestamp":"2026-03-02T06:07:08Z","labels":{"app":"a"},"line":"level=info msg=\"took 3 s\" a=1"}""",
        "level=info took <duration>"
    )]
    [InlineData("""{"log":"{\"level\":30,\"msg\":\"up\"}\n","stream":"stdout","time":"2026-03-02T06:07:08Z"}""", "level=info up")]
    [InlineData("""{"@t":"2026-03-02T06:07:08Z","@mt":"Order {Id} placed","@m":"Order 7 placed"}""", "Order {Id} placed")]
    [InlineData(
        "ts=2026-03-02T06:07:08Z level=error msg=\"no route\" err=\"dial 10.0.0.1: refused\"",
        "level=error no route error= dial <ip>: refused"
    )]
    public void Of_structured_lines_the_level_the_message_and_the_error_count(string line, string template) =>
        Assert.Equal(template, TemplateOf(line));

    [Theory]
    [InlineData("""{"msg":"cut off in the mid""")]
    [InlineData("""{"a":1,"b":[{"c":"d"}]}""")]
    [InlineData("""{"msg":"\ud800 half"}""")]
    [InlineData("{not json}")]
    [InlineData("{")]
    [InlineData("=")]
    [InlineData("\"")]
    [InlineData("[[[[")]
    [InlineData("\ud800")]
    [InlineData("a=b=c==d msg=")]
    [InlineData("9999-99-99 99:99:99 31/Feb/2026:00:00:00 +9999")]
    public void Odd_lines_are_lines_too(string line) => Assert.NotNull(new LogTemplateMiner(new LogMinerSettings()).Add(line));

    [Theory]
    [InlineData("")]
    [InlineData(" \t\u00a0\u3000")]
    [InlineData("\0\0")]
    [InlineData("\e[")]
    [InlineData("\e")]
    public void A_line_without_a_word_has_no_template(string line) => Assert.Null(new LogTemplateMiner(new LogMinerSettings()).Add(line));

    [Fact]
    public void Any_characters_at_all_are_taken()
    {
        var random = new Random(1);
        var miner = new LogTemplateMiner(
            new LogMinerSettings
            {
                MostTemplates = 64,
                LongestLine = 300,
                MostWords = 16,
            }
        );
        var alphabet = "{}[]()\"'=:,;\\/.-_@#%+ \te\e\n\r\ud83d\ude00\0abcMar019\u0660\ufffd«»";
        var line = new StringBuilder();

        for (var i = 0; i < 50_000; i++)
        {
            line.Clear();
            for (var length = random.Next(400); length > 0; length--)
            {
                line.Append(random.Next(20) == 0 ? (char)random.Next(char.MaxValue) : alphabet[random.Next(alphabet.Length)]);
            }
            miner.Add(line.ToString());
            Assert.InRange(miner.Count, 0, 64);
        }

        Assert.True(miner.Forgotten > 0);
        Assert.Equal(miner.Window.Count, miner.LinesForgotten + miner.Templates.Sum(template => template.Count));
    }

    [Fact]
    public void A_line_of_a_million_characters_costs_no_more_than_its_beginning()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());

        var template = miner.Add("failed: " + new string('x', 1_000_000));
        var words = miner.Add(string.Concat(Enumerable.Repeat("word ", 200_000)));

        Assert.Equal("failed: <*>", template!.Text);
        Assert.InRange(words!.Text.Length, 1, 1000);
        Assert.InRange(template.Example.Length, 1, 500);
    }

    [Fact]
    public void Two_states_stay_two_templates_and_many_names_become_one()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        foreach (var user in new[] { "anna", "boris", "chen", "dana", "emil", "fatma", "georg" })
        {
            miner.Add($"session opened for user {user} on console");
            miner.Add($"session closed for user {user} on console");
        }

        Assert.Equal(
            ["session opened for user <*> on console", "session closed for user <*> on console"],
            miner.Templates.Select(template => template.Text)
        );
        Assert.All(miner.Templates, template => Assert.Equal(7, template.Count));
    }

    [Fact]
    public void Lines_of_different_levels_never_share_a_template()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());

        miner.Add("2026-03-02 06:07:08 INFO cache a: reload done");
        miner.Add("2026-03-02 06:07:08 ERROR cache a: reload done");

        Assert.Equal([LineLevel.Info, LineLevel.Error], miner.Templates.Select(template => template.Level));
    }

    [Fact]
    public void The_lines_of_a_stack_trace_go_with_its_first()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        foreach (
            var line in new[]
            {
                "2026-03-02 06:07:08 ERROR Request 17 failed",
                "java.lang.IllegalStateException: closed",
                "\tat com.example.A.b(A.java:12)",
                "\tat com.example.C.d(C.java:7)",
                "Caused by: java.io.IOException: broken pipe",
                "\t... 12 more",
                "",
                "2026-03-02 06:07:09 ERROR Request 18 failed",
            }
        )
        {
            miner.Add(line);
        }

        Assert.Equal(3, miner.Count);
        Assert.Equal(3, miner.Continuations);
        Assert.Equal(2, miner.Templates[0].Count);
    }

    [Fact]
    public void Of_a_text_of_several_lines_the_first_counts()
    {
        Assert.Equal("failed badly", TemplateOf("failed badly\r\n  at A.b()\r\n  at C.d()"));
    }

    [Fact]
    public void The_one_that_was_not_seen_for_longest_is_forgotten()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings { MostTemplates = 16 });
        string Line(int number) => string.Join(' ', Enumerable.Repeat("word", number + 1));

        for (var i = 0; i < 16; i++)
            miner.Add(Line(i));
        miner.Add(Line(0));
        miner.Add(Line(16));

        Assert.Equal(16, miner.Count);
        Assert.Equal(1, miner.Forgotten);
        Assert.Equal(1, miner.LinesForgotten);
        Assert.Contains(miner.Templates, template => template.Text == Line(0));
        Assert.DoesNotContain(miner.Templates, template => template.Text == Line(1));
        Assert.Equal(1, miner.Add(Line(1))!.Count);
    }

    [Fact]
    public void The_same_lines_give_the_same_templates()
    {
        var lines = LabelledLogs.All.Values.SelectMany(format => format.Select(line => line.Line)).ToList();

        Assert.Equal(Mine(lines), Mine(lines));
        Assert.Equal(lines.Count, Mine(lines).Sum(template => template.Count));

        static List<(string Text, long Count, long? First)> Mine(List<string> lines)
        {
            var miner = new LogTemplateMiner(new LogMinerSettings());
            foreach (var line in lines)
                miner.Add(line);
            return [.. miner.Templates.Select(template => (template.Text, template.Count, template.FirstSeen))];
        }
    }

    [Fact]
    public void First_and_last_seen_are_the_earliest_and_the_latest_whatever_order_they_came_in()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());

        miner.Add("2026-03-02T08:00:00Z tick", period: LogPeriod.Window);
        miner.Add("2026-03-02T07:00:00Z tick", period: LogPeriod.Baseline);
        var template = miner.Add("2026-03-02T06:00:00Z tick", period: LogPeriod.Window)!;

        Assert.Equal(new DateTimeOffset(2026, 3, 2, 6, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), template.FirstSeen);
        Assert.Equal(new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds(), template.LastSeen);
        Assert.Equal(2, template.Window.Count);
    }

    [Fact]
    public void A_known_line_allocates_nothing()
    {
        var miner = new LogTemplateMiner(new LogMinerSettings());
        miner.Add("2026-03-02T08:00:00Z INFO served /a/b in 12 ms to 10.0.0.1");
        miner.Add("2026-03-02T08:00:01Z INFO served /a/c in 13 ms to 10.0.0.2");

        miner.Add("2026-03-02T08:00:02Z INFO served /a/d in 14 ms to 10.0.0.3", unixMs: 5);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            miner.Add("2026-03-02T08:00:02Z INFO served /a/d in 14 ms to 10.0.0.3", unixMs: 5);

        // A sample of the times is all that grows.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 33_000);
    }

    [Theory]
    [InlineData(15, 96, 8192, 5)]
    [InlineData(16, 7, 8192, 5)]
    [InlineData(16, 129, 8192, 5)]
    [InlineData(16, 96, 127, 5)]
    [InlineData(16, 96, 8192, 1)]
    public void Settings_outside_of_their_range_are_refused(int templates, int words, int characters, int variable)
    {
        var settings = new LogMinerSettings
        {
            MostTemplates = templates,
            MostWords = words,
            LongestLine = characters,
            WordsOfVariable = variable,
        };

        Assert.Throws<ArgumentOutOfRangeException>(() => new LogTemplateMiner(settings));
    }

    private static string TemplateOf(string line) => new LogTemplateMiner(new LogMinerSettings()).Add(line)!.Text;
}
