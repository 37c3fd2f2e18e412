using System.Reflection;
using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Data.Background;
using Microsoft.Extensions.Hosting;
using NetArchTest.Rules;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Who may know whom. A rule that holds by accident is worth nothing, so each is shown to fail where it is broken.</summary>
public sealed partial class WhoMayKnowWhomTests
{
    private static readonly Assembly Console = typeof(Program).Assembly;
    private static readonly Assembly Data = typeof(ArchonDbContext).Assembly;

    [Fact]
    public void Analysis_knows_nothing_of_ours_and_touches_nothing_outside() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Analysis").ShouldNot().HaveDependencyOnAny(
            "Archon.Data", "Archon.Integrations", "Archon.Features", "Archon.Shell", "Archon.Hosting",
            "Archon.ConfigFiles", "Archon.Cli", "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore", "Microsoft.Extensions", "System.Net", "System.IO.File",
            "System.IO.Directory", "System.IO.Path", "System.IO.Stream", "Hangfire", "Npgsql", "MudBlazor"));

    [Fact]
    public void Analysis_never_asks_what_time_it_is() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Analysis").ShouldNot().HaveDependencyOn("System.TimeProvider"));

    [Fact]
    public void Data_knows_nothing_of_ours() =>
        Holds(Types.InAssembly(Data).ShouldNot().HaveDependencyOnAny(
            "Archon.Analysis", "Archon.Integrations", "Archon.Features", "Archon.Shell", "Archon.Hosting"));

    [Fact]
    public void Configuration_files_know_the_analysis_and_the_kinds_of_the_catalogue_alone() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.ConfigFiles").ShouldNot().HaveDependencyOnAny(
            "Archon.Integrations", "Archon.Features", "Archon.Shell", "Archon.Hosting", "Archon.Cli",
            "Microsoft.EntityFrameworkCore", "Microsoft.AspNetCore", "Microsoft.Extensions", "System.Net", "System.IO.File", "Hangfire", "Npgsql", "MudBlazor"));

    [Fact]
    public void Integrations_know_the_analysis_alone() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Integrations").ShouldNot().HaveDependencyOnAny(
            "Archon.Data", "Archon.Features", "Archon.Shell", "Archon.Hosting"));

    [Fact]
    public void The_shell_knows_no_feature_and_no_hosting() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Shell").ShouldNot().HaveDependencyOnAny("Archon.Features", "Archon.Hosting"));

    [Fact]
    public void Features_know_nothing_of_the_hosting() =>
        Holds(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Features").ShouldNot().HaveDependencyOnAny("Archon.Hosting", "Archon.Cli"));

    [Fact]
    public void Wire_types_never_leave_their_integration()
    {
        var leaked = Console.GetExportedTypes().Where(type => type.Namespace?.StartsWith("Archon.Integrations.", StringComparison.Ordinal) == true)
            .Where(type => type.Name.EndsWith("Reply", StringComparison.Ordinal) || type.Name.EndsWith("Api", StringComparison.Ordinal));

        Assert.Empty(leaked);
    }

    [Fact]
    public void Features_do_not_know_each_other_in_circles()
    {
        var knows = FeatureTypes().GroupBy(FeatureOf).ToDictionary(
            group => group.Key,
            group => group.SelectMany(KnownFeatures).Where(other => other != group.Key && other != "Access").ToHashSet(StringComparer.Ordinal));

        Assert.Null(Circle(knows));
        // The check can fail: two that know each other are a circle.
        Assert.NotNull(Circle(new() { ["A"] = ["B"], ["B"] = ["A"] }));
    }

    /// <summary>An exception that leaves a plain background service ends the process.</summary>
    [Fact]
    public void Background_services_are_supervised()
    {
        var unsupervised = Unsupervised([.. Console.GetTypes(), .. Data.GetTypes()]);

        Assert.Empty(unsupervised);
        Assert.Equal([typeof(PlainService), typeof(PlainLoop)], Unsupervised([typeof(PlainService), typeof(PlainLoop), typeof(string)]));
    }

    private static IEnumerable<Type> Unsupervised(IEnumerable<Type> types) => types.Where(type =>
        typeof(IHostedService).IsAssignableFrom(type) && type is { IsClass: true } && type != typeof(SupervisedService) && !type.IsSubclassOf(typeof(SupervisedService)));

    private sealed class PlainService : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }

    private sealed class PlainLoop : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    [Fact]
    public void Each_rule_can_fail()
    {
        Assert.False(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Hosting").ShouldNot().HaveDependencyOn("Archon.Features").GetResult().IsSuccessful);
        Assert.False(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Features").ShouldNot().HaveDependencyOn("Archon.Data").GetResult().IsSuccessful);
        Assert.False(Types.InAssembly(Console).That().ResideInNamespaceStartingWith("Archon.Integrations").ShouldNot().HaveDependencyOn("Archon.Analysis").GetResult().IsSuccessful);
    }

    private static IEnumerable<Type> FeatureTypes() =>
        Console.GetTypes().Where(type => type.Namespace?.StartsWith("Archon.Features.", StringComparison.Ordinal) == true);

    private static string FeatureOf(Type type) => type.Namespace!.Split('.')[2];

    /// <summary>By constructors, fields, properties and methods: what a type is made of, not each line it runs.</summary>
    private static IEnumerable<string> KnownFeatures(Type type)
    {
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var known = type.GetConstructors(All).SelectMany(one => one.GetParameters().Select(parameter => parameter.ParameterType))
            .Concat(type.GetFields(All).Select(field => field.FieldType))
            .Concat(type.GetMethods(All).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)));
        return known.SelectMany(one => Feature().Matches(one.ToString()).Select(match => match.Groups[1].Value));
    }

    private static string? Circle(Dictionary<string, HashSet<string>> knows)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in knows.Keys)
        {
            if (Walk(start, []) is { } circle) return circle;
        }
        return null;

        string? Walk(string feature, List<string> path)
        {
            if (path.Contains(feature)) return string.Join(" -> ", [.. path.SkipWhile(one => one != feature), feature]);
            if (!done.Add(feature) || !knows.TryGetValue(feature, out var others)) return null;
            return others.Select(other => Walk(other, [.. path, feature])).FirstOrDefault(found => found is not null);
        }
    }

    private static void Holds(ConditionList rule)
    {
        var result = rule.GetResult();
        Assert.True(result.IsSuccessful, string.Join("\n", result.FailingTypeNames ?? []));
    }

    [GeneratedRegex(@"Archon\.Features\.(\w+)\.")]
    private static partial Regex Feature();
}
