using System.Globalization;
using System.Text;
using System.Text.Json;
using Archon.Analysis.Promql;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Archon.Ui.View;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Xunit;

namespace Archon.Tests.Fuzz;

/// <summary>What holds for every input, tried with some hundred each. The seed is fixed: a run that fails fails again.</summary>
public sealed class FuzzPropertyTests
{
    private const ulong Seed = 20261130;

    private static readonly Config Fixed = Config
        .QuickThrowOnFailure.WithQuietOnSuccess(true)
        .WithMaxTest(300)
        .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(Seed), FSharpOption<int>.None)));

    private static readonly Gen<string> Word = Gen.Elements(
        "up",
        "a",
        "http_requests_total",
        "job:x:rate5m",
        "node_load1",
        "le",
        "instance"
    );

    private static readonly Gen<string> Any = Gen.ArrayOf(
            Gen.Frequency(
                (6, Gen.Choose(32, 126)),
                (1, Gen.Choose(0, 31)),
                (1, Gen.Choose(0x80, 0xd7ff)),
                (1, Gen.Elements(0x202e, 0xfeff, 0x85, 0x2028, 0x7f))
            )
        )
        .Select(codes => string.Concat(codes.Select(code => (char)code)));

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Keys];

    [Theory, MemberData(nameof(Targets))]
    public void Pieces_of_inputs_in_any_order_are_taken_or_refused(string target)
    {
        var pieces = FuzzCorpus
            .Of(target)
            .Select(Encoding.UTF8.GetString)
            .Where(text => text.Length < 2_000)
            .SelectMany(text => text.Split([' ', '\n', ',', '('], 40))
            .Concat(["(", ")", "{", "}", "{{", "}}", "\"", "'", "\\", "\n", ":", "-", "|", "", "\0"])
            .Distinct()
            .ToArray();
        var input = Arb.From(Gen.ArrayOf(Gen.Elements(pieces)), Shorter);

        Check.One(
            Fixed,
            Prop.ForAll(
                input,
                parts =>
                {
                    foreach (var step in FuzzTargets.Of(target))
                        step.Do(Encoding.UTF8.GetBytes(string.Join(' ', parts)));
                }
            )
        );
    }

    [Fact]
    public void An_expression_that_is_printed_reads_as_the_same()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Sized(Vector).ToArbitrary(),
                text =>
                {
                    var parsed = PromqlParser.Parse(text, out var error) ?? throw new InvalidOperationException($"{text}: {error}");
                    var printed = parsed.ToString();
                    Assert.Equal(printed, PromqlParser.Parse(printed, out _)?.ToString());
                    Assert.Equal(PromqlParser.Canonical(text), PromqlParser.Canonical(printed));
                    Assert.NotEmpty(ExpressionWords.Of(text));
                }
            )
        );
    }

    [Fact]
    public void A_rule_of_any_words_comes_back_from_its_file()
    {
        var rule = Any.Two().SelectMany(words => Any.Two(), (one, other) => (one.Item1, one.Item2, other.Item1, other.Item2));

        Check.One(
            Fixed,
            Prop.ForAll(
                rule.ToArbitrary(),
                words =>
                {
                    var content = new RuleContent("Alert", true, "up == 0")
                    {
                        Labels = new Dictionary<string, string> { ["a"] = Plain(words.Item1), ["b"] = Plain(words.Item2) },
                        Annotations = new Dictionary<string, string> { ["c"] = Plain(words.Item3), ["d"] = Plain(words.Item4) },
                    };
                    // Only what YAML itself refuses may fail to be written.
                    if (RuleYaml.File(new GroupContent("g"), content) is { } file)
                        Assert.True(file.Rules.Single().Content.Says(content), file.Text);
                }
            )
        );

        static string Plain(string text) => text.Replace("{{", "{ {", StringComparison.Ordinal);
    }

    [Fact]
    public void A_draft_of_any_words_arrives_as_it_was_shared()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Any.Two().ToArbitrary(),
                words =>
                {
                    var draft = new WorkbenchDraft
                    {
                        Name = words.Item1,
                        Expression = words.Item2,
                        Reason = words.Item1,
                    };
                    if (draft.Share() is not { } link)
                        return;
                    var (arrived, fault) = WorkbenchDraft.Shared(link);
                    Assert.Equal((words.Item1, words.Item2, null), (arrived?.Name, arrived?.Expression, fault));
                }
            )
        );
    }

    [Fact]
    public void A_damaged_link_opens_a_draft_or_is_refused()
    {
        var damage = Gen.Choose(0, 200).Two();

        Check.One(
            Fixed,
            Prop.ForAll(
                damage.ToArbitrary(),
                places =>
                {
                    var link = FuzzCorpus.Draft("sum(rate(x_total[5m])) > 5").ToCharArray();
                    link[places.Item1 % link.Length] = (char)('0' + (places.Item2 % 64));
                    var (draft, fault) = WorkbenchDraft.Shared(new string(link));
                    Assert.Equal(draft is null, fault is not null);
                }
            )
        );
    }

    [Fact]
    public void A_range_of_any_numbers_is_a_moment_or_refused()
    {
        var text = Gen.Zip(
                Gen.Zip(Gen.Elements("", "-", "+"), Gen.Choose(0, 100_001)),
                Gen.Zip(Gen.Elements("s", "m", "h", "d", "w", "M", "y"), Gen.Elements("", "/d", "/w", "/M", "/y"))
            )
            .Select(parts =>
                parts.Item1.Item1.Length == 0
                    ? $"now{parts.Item2.Item2}"
                    : $"now{parts.Item1.Item1}{parts.Item1.Item2}{parts.Item2.Item1}{parts.Item2.Item2}"
            );
        var zones = (string[])["UTC", "Pacific/Kiritimati", "America/St_Johns"];
        DateTimeOffset[] nows =
        [
            DateTimeOffset.MinValue.AddHours(20),
            new(2026, 3, 29, 1, 30, 0, TimeSpan.Zero),
            DateTimeOffset.MaxValue.AddHours(-20),
        ];

        Check.One(
            Fixed,
            Prop.ForAll(
                text.ToArbitrary(),
                written =>
                {
                    foreach (var now in nows)
                    {
                        foreach (var zone in zones)
                        {
                            var hasStart = RangeText.TryParse(
                                written,
                                now,
                                TimeZoneInfo.FindSystemTimeZoneById(zone),
                                false,
                                out var start
                            );
                            var hasEnd = RangeText.TryParse(written, now, TimeZoneInfo.FindSystemTimeZoneById(zone), true, out var end);
                            if (hasStart && hasEnd)
                                Assert.True(start <= end, $"{written} in {zone} at {now}: {start} to {end}");
                        }
                    }
                }
            )
        );
    }

    [Fact]
    public void A_duration_that_is_printed_reads_as_the_same()
    {
        Check.One(
            Fixed,
            Prop.ForAll(
                Gen.Choose(0, int.MaxValue).Two().ToArbitrary(),
                parts =>
                {
                    var length = TimeSpan.FromMilliseconds(parts.Item1 * (long)(parts.Item2 % 1000));
                    Assert.True(PrometheusDuration.TryParse(PrometheusDuration.Format(length), out var again));
                    Assert.Equal(length, again);
                }
            )
        );
    }

    [Fact]
    public void A_matrix_of_any_labels_and_values_is_read_as_it_was_written()
    {
        var series = Gen.Zip(Any, Gen.Choose(int.MinValue, int.MaxValue).Select(number => number / 1024.0).ArrayOf());

        Check.One(
            Fixed,
            Prop.ForAll(
                series.ToArbitrary(),
                one =>
                {
                    var values = one
                        .Item2.Select((value, i) => new object[] { 1_700_000_000 + i, value.ToString("R", CultureInfo.InvariantCulture) })
                        .ToArray();
                    var reply = new
                    {
                        status = "success",
                        data = new
                        {
                            resultType = "matrix",
                            result = new[] { new { metric = new Dictionary<string, string> { ["l"] = one.Item1 }, values } },
                        },
                    };
                    var read = Read(JsonSerializer.SerializeToUtf8Bytes(reply));
                    Assert.Equal(one.Item1, read.Series.Single().Labels["l"]);
                    Assert.Equal(one.Item2, read.Series.Single().Values.ToArray());
                }
            )
        );
    }

    private static QueryResult Read(byte[] reply) =>
        MatrixReader
            .ReadAsync(new MemoryStream(reply), TestReplies.Limits(), TestContext.Current.CancellationToken)
            .AsTask()
            .GetAwaiter()
            .GetResult();

    /// <summary>Expressions that Prometheus takes, of a vector each.</summary>
    private static Gen<string> Vector(int size)
    {
        var selector = Gen.Zip(Word, Gen.Elements("", "{job=\"a\"}", "{job=~\"a.+\",b!=\"\"}", "{a!~\"x|y\"}"))
            .Zip(Gen.Elements("", " offset 5m", " @ 1609746000", " @ end()"), (one, shift) => one.Item1 + one.Item2 + shift);
        if (size <= 1)
            return selector;
        var inner = Vector(size / 3);
        var operators = Gen.Elements(
            "+",
            "-",
            "*",
            "/",
            "and",
            "or",
            "unless",
            ">",
            "<= bool",
            "== on (job)",
            "* on (job) group_left (b)",
            "^",
            "%",
            "atan2"
        );
        return Gen.OneOf(
            selector,
            inner.Select(one => $"({one})"),
            inner.Select(one => $"-{one}"),
            Gen.Zip(inner, operators).Zip(inner, (left, right) => $"{left.Item1} {left.Item2} {right}"),
            Gen.Zip(Gen.Elements("sum", "avg by (job)", "max without (b)", "topk by (a) (3,", "quantile(0.9,"), inner)
                .Select(one => one.Item1.EndsWith(',') ? $"{one.Item1} {one.Item2})" : $"{one.Item1} ({one.Item2})"),
            Gen.Zip(Gen.Elements("rate", "max_over_time", "deriv"), inner).Select(one => $"{one.Item1}(({one.Item2})[1h:5m])"),
            inner.Select(one => $"histogram_quantile(0.9, {one})"),
            inner.Select(one => $"label_replace({one}, \"a\", \"$1\", \"b\", \"(.*)\")"),
            inner.Select(one => $"clamp({one}, 0, 1e3)"),
            inner.Select(one => $"{one} > 0x1F")
        );
    }

    private static IEnumerable<string[]> Shorter(string[] parts) =>
        Enumerable.Range(0, parts.Length).Select(i => parts.Where((_, at) => at != i).ToArray());
}
