using System.Text;
using System.Web;
using Archon.Analysis.AlertTemplates;
using Archon.Analysis.Promql;
using Archon.Analysis.Routing;
using Archon.ConfigFiles.Alertmanager;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Coverage;
using Archon.Features.Rules.Editor;
using Archon.Features.Rules.FromAnomaly;
using Archon.Features.Services;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Integrations.Replies;
using Archon.Tests.Kit;
using Archon.Ui.Editor;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using PromqlText = Archon.Integrations.Prometheus.PromqlText;

namespace Archon.Tests.Fuzz;

/// <summary>One thing that is done with an input.</summary>
/// <param name="Do">Throws where it fails otherwise than by a clean refusal.</param>
internal sealed record FuzzStep(string Name, Action<byte[]> Do)
{
    /// <summary>Bytes that may be allocated for an input of any length.</summary>
    public int Fixed { get; init; } = 2_000_000;

    /// <summary>Bytes that may be allocated for each byte of the input, above <see cref="Fixed"/>.</summary>
    public int PerByte { get; init; } = 100;
}

/// <summary>What takes inputs from outside, by name. Each step is measured on its own.</summary>
internal static class FuzzTargets
{
    // The states of the engine without backtracking, which are bounded and do not grow with the expression.
    private const int RegexFixed = 16_000_000;
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly Dictionary<string, string> Labels = new() { ["job"] = "api", ["instance"] = "a:9090" };
    private static readonly string[] Zones = ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/New_York"];

    public static IReadOnlyDictionary<string, IReadOnlyList<FuzzStep>> All { get; } =
        new Dictionary<string, IReadOnlyList<FuzzStep>>
        {
            ["promql"] =
            [
                Step("parse", text => PromqlParser.Parse(text, out _)),
                Step("print", Print),
                Step("explain", text => ExpressionWords.Of(text)),
                // The rule is written as a file and read back before it is checked.
                Step("lint", text => Lint(new RuleContent("Alert", true, text))) with
                {
                    PerByte = 200,
                },
                Step(
                    "colour",
                    text =>
                        Require(string.Concat(PromqlTokens.Split(text).Select(piece => piece.Text)) == text, "the pieces are not the text")
                ),
                Step("condition", text => AlertCondition.Of(text)?.With(text, 0.5)),
                Step("unit", text => ExpressionUnit.Of(text)),
                Step("needs", text => RuleTestFile.Needs(text)),
                // Each selector gets two matchers: what comes out is ten times as long.
                Step("narrow", text => NarrowedExpression.To(text, Labels)) with
                {
                    PerByte = 1_000,
                },
                Step("season", text => SeasonalExpression.Times(text, ">", 2)),
                Step("cover", Cover),
                Step("requirements", text => _ = PromqlParser.Parse(text, out _) is { } parsed ? PromqlRequirements.Of(parsed).Count : 0),
            ],
            ["logql"] =
            [
                Step("compare", text => Require(ServedRules.SameLogql(text, text), "it is not the same as itself")),
                Step("file", text => RuleYaml.File(new GroupContent("g"), new RuleContent("Alert", true, text), RuleLanguage.Logql)) with
                {
                    PerByte = 200,
                },
                Step(
                    "colour",
                    text =>
                        Require(string.Concat(PromqlTokens.Split(text).Select(piece => piece.Text)) == text, "the pieces are not the text")
                ),
            ],
            ["template"] =
            [
                Step("parse", text => AlertTemplate.Parse(text, out _)),
                Step("expand", text => AlertTemplate.ExpandOrReport(text, new AlertTemplateData(Labels, 0.5, Now))),
                Step(
                    "lint",
                    text =>
                        Lint(
                            new RuleContent("Alert", true, "up == 0")
                            {
                                Annotations = new Dictionary<string, string> { ["summary"] = text },
                            }
                        )
                ),
            ],
            ["regex"] =
            [
                Step("match", text => Refused(() => Re2.Matches(text, "api-42.example.org"))) with
                {
                    Fixed = RegexFixed,
                },
                Step("find", text => Refused(() => Re2.Finds(text, "api-42.example.org api-43.example.org"))) with
                {
                    Fixed = RegexFixed,
                },
                Step(
                    "replace",
                    text => Refused(() => Re2.Replace(text, "$1-$0", "api-42.example.org", Archon.Analysis.InputLimits.TemplateText))
                ) with
                {
                    Fixed = RegexFixed,
                },
                Step("empty", text => Refused(() => Re2.Matches(text, ""))) with
                {
                    Fixed = RegexFixed,
                },
            ],
            ["yaml"] =
            [
                // A rule may be a few bytes, by an alias, and have half a dozen findings; each of ten thousand groups an error of its own.
                new("rules", Rules) { PerByte = 400 },
                Step(
                    "lint",
                    text => _ = RuleFile.Read(text, out _) is { } file ? RuleLinter.Lint([new NamedRuleFile("a.yml", file)]).Count : 0
                ) with
                {
                    PerByte = 2_000,
                },
                Step("routes", Routes),
                // The reader builds a level of nesting, two bytes, before it can refuse the depth.
                Step("receivers", text => ReceiverReader.Read(text)) with
                {
                    PerByte = 200,
                },
                Step("tests", text => RuleTestFile.Split(text)),
            ],
            ["matrix"] = [new("read", Matrix)],
            ["draft"] =
            [
                Step("open", text => WorkbenchDraft.Shared(text)),
                Step("explain", text => ExpressionWords.Of(WorkbenchDraft.Shared(text).Draft?.Expression ?? "")),
                Step("check", text => Lint(WorkbenchDraft.Shared(text).Draft?.Content ?? new RuleContent("A", true, "up"))),
            ],
            ["range"] =
            [
                Step("time", Times),
                Step("length", text => RangeText.TryLength(text, out _)),
                Step("duration", text => _ = PrometheusDuration.TryParse(text, out var length) ? PrometheusDuration.Format(length) : ""),
            ],
            ["address"] = [Step("view", Address)],
            ["names"] = [Step("quote", Names), Step("literal", Literal) with { Fixed = RegexFixed }],
        };

    /// <summary>A target that breaks on demand: a check that cannot fail checks nothing.</summary>
    public const string Check = "check";
    public const string Overflow = "overflow";
    public const string Busy = "busy";
    public const string Greedy = "greedy";
    public const string Faulty = "faulty";

    public static IReadOnlyList<FuzzStep> Of(string target) => target == Check ? [Step("break", Break)] : All[target];

    private static void Break(string text)
    {
        switch (text)
        {
            case Overflow:
                Deeper(0);
                break;
            case Busy:
                for (var end = FuzzChild.ThreadCpu() + TimeSpan.FromSeconds(1.1); FuzzChild.ThreadCpu() < end; ) { }
                break;
            case Greedy:
                GC.KeepAlive(new byte[5_000_000]);
                break;
            case Faulty:
                throw new InvalidOperationException("It is faulty.");
        }

        static int Deeper(int depth) => 1 + Deeper(depth + 1);
    }

    private static FuzzStep Step(string name, Action<string> action) => new(name, bytes => action(Encoding.UTF8.GetString(bytes)));

    private static FuzzStep Step<T>(string name, Func<string, T> function) =>
        Step(
            name,
            text =>
            {
                function(text);
            }
        );

    private static void Require(bool contains, string otherwise)
    {
        if (!contains)
            throw new InvalidOperationException(otherwise);
    }

    private static void Refused<T>(Func<T> match)
    {
        try
        {
            match();
        }
        catch (Exception refusal) when (refusal is FormatException or Archon.Analysis.InputLimitException)
        {
            // clean
        }
    }

    private static void Print(string text)
    {
        if (PromqlParser.Parse(text, out _) is not { } parsed)
            return;
        var printed = parsed.ToString();
        // As in Prometheus, "+Inf" is printed with its sign, which then reads as one more operator before it.
        if (printed.Contains("Inf", StringComparison.Ordinal))
            return;
        if (PromqlParser.Parse(printed, out var error) is { } again)
            Require(again.ToString() == printed, $"printed again it is {again}");
        else
            Require(error!.Limit is not null, $"what is printed is refused: {error}: {printed}");
    }

    private static void Lint(RuleContent content)
    {
        if (RuleYaml.File(new GroupContent("g"), content) is { } file)
            RuleLinter.Lint([new NamedRuleFile("a.yml", file)]);
    }

    private static void Cover(string text)
    {
        var watch = new CoverageWatch(1, "errors", WatchSignal.Errors, "rate(http_requests_total{status=~\"5..\"}[5m])");
        IReadOnlyDictionary<string, IReadOnlySet<string>> values = new Dictionary<string, IReadOnlySet<string>>
        {
            ["job"] = new HashSet<string> { "api" },
        };
        var service = new CoverageService(
            1,
            "api",
            Labels,
            new Dictionary<int, IReadOnlyDictionary<string, IReadOnlySet<string>>> { [1] = values }
        );
        RuleCoverage.Of([new CoverageRule(1, "Alert", true, text), new CoverageRule(2, "job:x:rate", false, text)], [watch], [service]);
    }

    private static void Rules(byte[] bytes)
    {
        if (RuleFile.Read(bytes, out var errors) is { } file)
            Require(file.ToBytes().AsSpan().SequenceEqual(bytes), "it does not come back to the byte");
        else
            Require(errors.Count > 0, "it is refused without a reason");
    }

    private static void Routes(string text)
    {
        if (RouteReader.Read(text).Root is not { } root)
            return;
        Refused(() => RouteTree.Stops(root, Labels));
    }

    private static void Matrix(byte[] bytes)
    {
        try
        {
            MatrixReader.ReadAsync(new MemoryStream(bytes), TestReplies.Limits(), default).AsTask().GetAwaiter().GetResult();
        }
        catch (Exception refusal) when (refusal is System.Text.Json.JsonException or ReplyTooLargeException)
        {
            // clean
        }
    }

    private static void Times(string text)
    {
        foreach (var zone in Zones)
        {
            foreach (var isEnd in (bool[])[false, true])
            {
                _ = RangeText.TryParse(text, Now, TimeZoneInfo.FindSystemTimeZoneById(zone), isEnd, out _);
            }
        }
    }

    private static void Address(string text)
    {
        using var view = new ViewState(
            new ConfiguredEnvironment(1),
            TimeProvider.System,
            new OneAddress(
                $"http://localhost/anomalies?{HttpUtility.UrlEncode(text).Replace("%3d", "=", StringComparison.Ordinal).Replace("%26", "&", StringComparison.Ordinal)}"
            )
        );
        _ = view.Range;
        _ = view.RangeWords;
    }

    private static void Names(string text)
    {
        var quoted = PromqlText.Quote(text);
        var selector = PromqlParser.Parse($"{{a={quoted},{quoted}=\"x\"}}", out var error) as PromqlSelector;
        if (error?.Limit is not null || text.Length == 0)
            return;
        Require(selector is not null, $"refused: {error}");
        Require(selector!.Matchers[0].Value == text && selector.Matchers[1].Label == text, "the name has changed");
        _ = PromqlNames.IsPlainLabel(text) || PromqlNames.IsPlainMetric(text);
    }

    private static void Literal(string text) =>
        Refused(() =>
        {
            Require(Re2.Matches(PromqlText.Literal(text), text), "the literal does not match its text");
            return 0;
        });

    private sealed class OneAddress : NavigationManager
    {
        public OneAddress(string uri) => Initialize("http://localhost/", uri);

        protected override void NavigateToCore(string uri, NavigationOptions options) => Uri = ToAbsoluteUri(uri).ToString();
    }
}
