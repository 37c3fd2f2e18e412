using System.Reflection;
using Archon.Data;
using Archon.Data.Background;
using Microsoft.Extensions.Hosting;
using NetArchTest.Rules;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>Who may know whom. A rule that holds by accident is worth nothing, so each is shown to fail where it is broken.</summary>
public sealed class WhoMayKnowWhomTests
{
    private static readonly Assembly Console = typeof(Program).Assembly;
    private static readonly Assembly Data = typeof(ArchonDbContext).Assembly;

    [Fact]
    public void Analysis_touches_nothing_outside() =>
        Contains(
            Types
                .InAssembly(Console)
                .That()
                .ResideInNamespaceStartingWith("Archon.Analysis")
                .ShouldNot()
                .HaveDependencyOnAny(
                    "Microsoft.EntityFrameworkCore",
                    "Microsoft.AspNetCore",
                    "Microsoft.Extensions",
                    "System.Net",
                    "System.IO.File",
                    "System.IO.Directory",
                    "System.IO.Path",
                    "System.IO.Stream",
                    "Hangfire",
                    "Npgsql",
                    "MudBlazor"
                )
        );

    [Fact]
    public void Analysis_never_asks_what_time_it_is() =>
        Contains(
            Types
                .InAssembly(Console)
                .That()
                .ResideInNamespaceStartingWith("Archon.Analysis")
                .ShouldNot()
                .HaveDependencyOn("System.TimeProvider")
        );

    [Fact]
    public void Configuration_files_touch_nothing_outside() =>
        Contains(
            Types
                .InAssembly(Console)
                .That()
                .ResideInNamespaceStartingWith("Archon.ConfigFiles")
                .ShouldNot()
                .HaveDependencyOnAny(
                    "Microsoft.EntityFrameworkCore",
                    "Microsoft.AspNetCore",
                    "Microsoft.Extensions",
                    "System.Net",
                    "System.IO.File",
                    "Hangfire",
                    "Npgsql",
                    "MudBlazor"
                )
        );

    [Fact]
    public void Wire_types_never_leave_their_integration()
    {
        var leaked = Console
            .GetExportedTypes()
            .Where(type => type.Namespace?.StartsWith("Archon.Integrations.", StringComparison.Ordinal) == true)
            .Where(type => type.Name.EndsWith("Reply", StringComparison.Ordinal) || type.Name.EndsWith("Api", StringComparison.Ordinal));

        Assert.Empty(leaked);
    }

    /// <summary>Of each top folder those that it may refer to, besides itself. Features, Hosting and Cli have rules of their own.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Analysis"] = [],
        ["Data"] = [],
        ["ConfigFiles"] = ["Analysis", "Data"],
        ["Integrations"] = ["Analysis"],
        ["Jobs"] = ["Data"],
        ["Ui"] = ["Analysis", "Data", "Integrations"],
        ["Live"] = ["Data", "Ui"],
        ["Shell"] = ["Ui", "Live", "Data", "Integrations"],
        ["Features"] = ["Analysis", "Data", "ConfigFiles", "Integrations", "Jobs", "Ui", "Live", "Shell"],
    };

    [Fact]
    public void Folders_refer_only_to_those_that_they_may()
    {
        var source = SourceFolders.Read();

        Assert.True(source.Files > 400, $"{source.Files} files: not all were found.");
        Assert.Empty(Forbidden(source));
        Assert.Single(
            Forbidden(
                SourceFolders.Of(
                    ("Analysis/A.cs", "using Archon.Shell;\nclass A { const string Name = Frame.Name; }"),
                    ("Shell/Frame.cs", "public static class Frame;")
                )
            )
        );
        Assert.Single(
            Forbidden(
                SourceFolders.Of(
                    ("Shell/A.razor", "@attribute [Authorize(Policy = Archon.Features.Access.Policies.Viewer)]"),
                    ("Features/Access/Policies.cs", "public static class Policies;")
                )
            )
        );
        Assert.Single(
            Forbidden(SourceFolders.Of(("Ui/A.razor", "@using Archon.Features.Rules\n<RuleName />"), ("Features/Rules/RuleName.razor", "")))
        );
    }

    [Fact]
    public void Features_and_their_folders_do_not_refer_to_each_other_in_circles()
    {
        var references = SourceFolders.Read().References().Where(one => IsFeature(one.From) && IsFeature(one.To)).ToList();

        var circle =
            Circle(Grouped(references.Select(one => (FeatureOf(one.From), FeatureOf(one.To)))))
            ?? Circle(Grouped(references.Select(one => (one.From, one.To))));
        Assert.True(
            circle is null,
            $"{circle}\n{string.Join('\n', references.Distinct().Select(one => $"{one.File} refers to {one.To}"))}"
        );
        // The check can fail: two that refer to each other are a circle.
        Assert.NotNull(Circle(new() { ["A"] = ["B"], ["B"] = ["A"] }));
    }

    private static List<string> Forbidden(SourceFolders source) =>
        [
            .. source
                .References()
                .Where(one =>
                    Allowed.TryGetValue(Top(one.From), out var allowed) && Top(one.To) != Top(one.From) && !allowed.Contains(Top(one.To))
                )
                .Select(one => $"{one.File} refers to {one.To}")
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

    private static string Top(string folder) => folder.Split('.')[0];

    private static bool IsFeature(string folder) => folder.StartsWith("Features.", StringComparison.Ordinal);

    private static string FeatureOf(string folder) => folder.Split('.')[1];

    private static Dictionary<string, HashSet<string>> Grouped(IEnumerable<(string From, string To)> references) =>
        references
            .Where(one => one.From != one.To)
            .GroupBy(one => one.From, one => one.To)
            .ToDictionary(group => group.Key, group => group.ToHashSet(StringComparer.Ordinal));

    /// <summary>An exception that leaves a plain background service ends the process.</summary>
    [Fact]
    public void Background_services_are_supervised()
    {
        var unsupervised = Unsupervised([.. Console.GetTypes(), .. Data.GetTypes()]);

        Assert.Empty(unsupervised);
        Assert.Equal([typeof(PlainService), typeof(PlainLoop)], Unsupervised([typeof(PlainService), typeof(PlainLoop), typeof(string)]));
    }

    private static IEnumerable<Type> Unsupervised(IEnumerable<Type> types) =>
        types.Where(type =>
            typeof(IHostedService).IsAssignableFrom(type)
            && type is { IsClass: true }
            && type != typeof(SupervisedService)
            && !type.IsSubclassOf(typeof(SupervisedService))
        );

    private sealed class PlainService : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }

    private sealed class PlainLoop : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Of the rules about libraries: the same words find what is there elsewhere.</summary>
    [Fact]
    public void A_rule_about_a_library_can_fail() =>
        Assert.False(
            Types
                .InAssembly(Console)
                .That()
                .ResideInNamespaceStartingWith("Archon.Features")
                .ShouldNot()
                .HaveDependencyOnAny("Microsoft.EntityFrameworkCore", "System.TimeProvider")
                .GetResult()
                .IsSuccessful
        );

    private static string? Circle(Dictionary<string, HashSet<string>> knows)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var start in knows.Keys)
        {
            if (Walk(start, []) is { } circle)
                return circle;
        }
        return null;

        string? Walk(string feature, List<string> path)
        {
            if (path.Contains(feature))
                return string.Join(" -> ", [.. path.SkipWhile(one => one != feature), feature]);
            if (!done.Add(feature) || !knows.TryGetValue(feature, out var others))
                return null;
            return others.Select(other => Walk(other, [.. path, feature])).FirstOrDefault(found => found is not null);
        }
    }

    private static void Contains(ConditionList rule)
    {
        var result = rule.GetResult();
        Assert.True(result.IsSuccessful, string.Join("\n", result.FailingTypeNames ?? []));
    }
}
