using System.Reflection;
using System.Text.RegularExpressions;
using Archon.Tests.Deploy;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>The fast lane starts no program, so that it needs nothing but the build.</summary>
public sealed partial class TestLaneTests
{
    /// <summary>Types by which a test starts a program, or needs one.</summary>
    private static readonly HashSet<string> Starters =
    [
        "PostgresFixture",
        "TestDatabase",
        "Chromium",
        "RealPrometheus",
        "SharedPrometheus",
        "RealAlertmanager",
        "RealNginx",
        "OwnPostgres",
        "ConsoleProcess",
        "PublishedConsole",
        "ArchonApp",
        "RunningConsole",
        "PostgresVersions",
        "FuzzChild",
        "JobBench",
        "RuleBench",
        "ListeningPort",
        "StormProcess",
        "Process",
        "Tools",
        "PromtoolRunner",
    ];

    [Fact]
    public void What_starts_a_program_says_that_it_is_a_system_test()
    {
        var folder = Path.Combine(DeployTests.Checkout(), "Archon.Console.Tests");
        var fast = typeof(TestLaneTests)
            .Assembly.GetTypes()
            .Where(type => type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true)))
            .Where(type => !type.IsDefined(typeof(SystemTestAttribute)))
            .ToDictionary(type => type.Name);
        var found =
            from file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            let text = Strings().Replace(File.ReadAllText(file), "")
            from Match type in Class().Matches(text)
            where fast.ContainsKey(type.Groups[1].Value) && type.Groups[1].Value != nameof(TestLaneTests)
            from Match word in Word().Matches(type.Value)
            where Starters.Contains(word.Value)
            select $"{type.Groups[1].Value} uses {word.Value}";

        Assert.True(fast.Count > 50, $"{fast.Count} classes: not all were found.");
        Assert.Empty(found.Distinct());
    }

    [Fact]
    public void Every_explicit_test_is_a_bench_or_in_the_long_lane_whose_tests_are_all_explicit()
    {
        var tests =
            from type in typeof(TestLaneTests).Assembly.GetTypes()
            from method in type.GetMethods()
            let fact = method.GetCustomAttribute<FactAttribute>()
            where fact is not null
            select (Type: type, Method: method.Name, fact.Explicit, IsLong: type.IsDefined(typeof(LongTestAttribute)));

        var wrong =
            from test in tests
            let isBench = test.Type.Namespace == "Archon.Tests.Benchmarks"
            where test.Explicit ? isBench == test.IsLong : test.IsLong
            select $"{test.Type.Name}.{test.Method}";

        Assert.Empty(wrong);
    }

    [GeneratedRegex("""//.*|"(?:[^"\\\n]|\\.)*"|(?<=\.)\w+""")]
    private static partial Regex Strings();

    [GeneratedRegex(@"^(?:public|internal)[ \w]*\bclass (\w+)[\s\S]*?(?=^(?:public|internal|\[assembly)|\z)", RegexOptions.Multiline)]
    private static partial Regex Class();

    [GeneratedRegex(@"\b[A-Z]\w*")]
    private static partial Regex Word();
}
