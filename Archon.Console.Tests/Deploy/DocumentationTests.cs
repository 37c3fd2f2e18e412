using System.Globalization;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Archon.Data;
using Archon.Features.Access;
using Archon.Features.Forecasts;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Archon.Features.Scanning;
using Archon.Integrations;
using Archon.Integrations.Replies;
using Archon.Jobs;
using Archon.Live;
using Archon.Shell;
using Archon.Tests.Kit;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace Archon.Tests.Deploy;

/// <summary>What the documents name exists: files, headings, commands, settings with their defaults, endpoints.</summary>
[SystemTest]
public sealed partial class DocumentationTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private const int LongestLine = 140;

    private static readonly string Root = DeployTests.Checkout();
    private static readonly string[] Headings = ["Date", "Status", "Context", "Decision", "Alternatives", "Consequences"];

    /// <summary>The options that are bound, by their sections.</summary>
    private static readonly (string Section, object Options)[] Bound =
    [
        ("Archon", new FeatureOptions()),
        ("Archon", new JobsOptions()),
        ("Archon", new WatchOptions()),
        ("Archon", new StateOptions()),
        ("Archon:Access", new AccessOptions()),
        ("Archon:Database", new DatabaseOptions()),
        ("Archon:Forecasts", new ForecastOptions()),
        ("Archon:Rules", new RuleOptions()),
        ("Archon:Rules", new PromtoolOptions()),
        (ReplyOptions.Section, new ReplyOptions()),
        ("ConnectionStrings", new LiveOptions()),
        ("Prometheus", new PrometheusOptions()),
        ("Alertmanager", new AlertmanagerOptions()),
        ("Loki", new LokiOptions()),
    ];

    [Fact]
    public void Links_lead_to_files_and_headings_that_exist()
    {
        var broken = Documents().SelectMany(document => BrokenLinks(document, File.ReadAllText(document))).ToList();

        Assert.Empty(broken);
        var readme = Path.Combine(Root, "README.md");
        Assert.Single(BrokenLinks(readme, "See [this](docs/nothing.md)."));
        Assert.Single(BrokenLinks(readme, "See [this](docs/operations.md#nothing)."));
        Assert.Empty(BrokenLinks(readme, "See [this](docs/operations.md#configuration) and [that](https://example.org/)."));
    }

    [Fact]
    public void The_readme_has_at_most_100_lines() => Assert.InRange(File.ReadAllLines(Path.Combine(Root, "README.md")).Length, 10, 100);

    [Fact]
    public void Commands_are_those_of_the_script()
    {
        var named = Documents().SelectMany(CommandsOf).ToHashSet();

        Assert.Contains("up", named);
        Assert.Subset(CommandsOfScript(), named);
    }

    [Fact]
    public void Every_command_of_the_script_is_described() => Assert.Subset(CommandsOf(Operations).ToHashSet(), CommandsOfScript());

    [Fact]
    public void Settings_of_the_table_exist()
    {
        var unknown = Settings().Select(setting => setting.Name).Where(name => !IsKnown(name)).ToList();

        Assert.Empty(unknown);
        Assert.False(IsKnown("Archon:ScanIntervall"));
        Assert.False(IsKnown("ARCHON_NOTHING"));
    }

    [Fact]
    public void Every_setting_is_in_the_table()
    {
        var listed = Settings().Select(setting => setting.Name).ToHashSet();
        var bound = Bound.SelectMany(one => Properties(one.Options).Select(property => $"{one.Section}:{property.Name}")).ToHashSet();

        Assert.True(bound.Count > 40, $"{bound.Count} settings: not all were found.");
        Assert.Subset(listed, bound);
    }

    [Fact]
    public void Defaults_of_the_table_are_those_of_the_program()
    {
        var shipped = Shipped();
        var different = new List<string>();
        foreach (var (name, documented) in Settings())
        {
            var program = shipped[name] ?? DefaultOf(name);
            // Made at the start: the folder of the checkout or the current one.
            if (name == "Archon:Database:Folder")
                program = ".archon";
            if (string.IsNullOrEmpty(program))
                program = "none";
            if (documented != program)
                different.Add($"{name}: {documented} in the table, {program} in the program");
        }

        Assert.Empty(different);
    }

    [Fact]
    public async Task The_OpenAPI_document_describes_the_endpoints_that_the_table_has()
    {
        var client = await console.App.WithTokenAsync(Roles.Viewer);
        var token = TestContext.Current.CancellationToken;

        var document = await client.GetFromJsonAsync<JsonElement>(new Uri("openapi/v1.json", UriKind.Relative), token);

        var described =
            from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            select $"{method.Name.ToUpperInvariant()} {path.Name}";
        var listed = Endpoint().Matches(File.ReadAllText(Operations)).Select(match => match.Groups[1].Value);
        Assert.Equal(listed.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Decisions_are_numbered_and_complete()
    {
        var files = Directory.GetFiles(Path.Combine(Root, "docs", "decisions"), "*.md").Order(StringComparer.Ordinal).ToList();

        Assert.True(files.Count > 10, $"{files.Count} decisions: not all were found.");
        for (var number = 0; number < files.Count; number++)
        {
            var name = Path.GetFileName(files[number]);
            Assert.StartsWith($"{number:0000}-", name, StringComparison.Ordinal);
            var text = File.ReadAllText(files[number]);
            var headings = SecondHeading().Matches(text).Select(match => match.Groups[1].Value);
            Assert.True(Headings.SequenceEqual(headings), $"{name} has other headings.");
            if (number > 0)
                Assert.True(DateSection().IsMatch(text), $"{name} has no date.");
        }
    }

    [Fact]
    public void No_line_is_too_long()
    {
        var tooLong =
            from document in Documents()
            from line in File.ReadLines(document)
            where line.Length > LongestLine && !line.StartsWith('|')
            select $"{Path.GetRelativePath(Root, document)}: {line}";

        Assert.Empty(tooLong);
    }

    private static string Operations => Path.Combine(Root, "docs", "operations.md");

    private static List<string> Documents()
    {
        var documents = new List<string>(
            ((string[])["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]).Select(name => Path.Combine(Root, name))
        );
        documents.AddRange(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories));
        return documents;
    }

    private static IEnumerable<string> BrokenLinks(string document, string text)
    {
        foreach (Match match in Link().Matches(CodeBlock().Replace(text, "")))
        {
            var address = match.Groups[1].Value;
            if (address.Contains("://", StringComparison.Ordinal))
                continue;
            var (path, heading) = address.Split('#', 2) is [var before, var after] ? (before, after) : (address, null);
            var file = path.Length == 0 ? document : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document)!, path));
            if (!Path.Exists(file) || (heading is not null && !HeadingsOf(file).Contains(heading)))
            {
                yield return $"{Path.GetRelativePath(Root, document)} links to {address}";
            }
        }
    }

    /// <summary>The names by which headings are linked to: in lower case, spaces as hyphens, other signs left out.</summary>
    private static HashSet<string> HeadingsOf(string file) =>
        AnyHeading()
            .Matches(CodeBlock().Replace(File.ReadAllText(file), ""))
            .Select(match => NoName().Replace(match.Groups[1].Value.ToLowerInvariant(), "").Replace(' ', '-'))
            .ToHashSet();

    private static IEnumerable<string> CommandsOf(string document) =>
        Command().Matches(File.ReadAllText(document)).Select(match => match.Groups[1].Value);

    private static HashSet<string> CommandsOfScript()
    {
        var script = File.ReadAllText(Path.Combine(Root, "archon"));
        var main = script[script.IndexOf("\nmain() {", StringComparison.Ordinal)..];
        return CaseOfMain()
            .Matches(main)
            .SelectMany(match => match.Groups[1].Value.Split('|', StringSplitOptions.TrimEntries))
            .Where(word => word[0] != '-')
            .ToHashSet();
    }

    /// <summary>Every name of the table of settings with its default, <c>none</c> where it has none.</summary>
    private static List<(string Name, string Default)> Settings()
    {
        var rows = File.ReadAllLines(Operations)
            .SkipWhile(line => !line.StartsWith("| setting |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .ToList();
        Assert.True(rows.Count > 40, $"{rows.Count} rows: the table was not found.");
        return [.. rows.SelectMany(cells => Quoted().Matches(cells[1]).Select(match => (match.Groups[1].Value, cells[2].Trim('`'))))];
    }

    private static bool IsKnown(string name) => PropertyOf(name) is not null || Shipped()[name] is not null || IsReadByName(name);

    /// <summary>The connection string, and variables of the environment.</summary>
    private static bool IsReadByName(string name)
    {
        if (name == "ConnectionStrings:Archon")
            return IsInSource("GetConnectionString(\"Archon\")");
        if (name.Contains(':'))
            return false;
        return IsInSource($"\"{name}\"")
            || File.ReadAllText(Path.Combine(Root, "archon")).Contains($"${{{name}:-", StringComparison.Ordinal);
    }

    private static bool IsInSource(string text) => Sources().Any(source => source.Contains(text, StringComparison.Ordinal));

    private static IConfiguration Shipped() => new ConfigurationBuilder().AddJsonFile(Path.Combine(Root, "appsettings.json")).Build();

    private static IEnumerable<string> Sources() =>
        ((string[])["Archon.Console", "Archon.Console.Data"])
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !Built().IsMatch(Path.GetRelativePath(Root, file)))
            .Select(File.ReadAllText);

    private static (object Options, PropertyInfo Property)? PropertyOf(string name)
    {
        var (section, last) = name.LastIndexOf(':') is var at and >= 0 ? (name[..at], name[(at + 1)..]) : ("", name);
        foreach (var (_, options) in Bound.Where(one => one.Section == section))
        {
            if (Properties(options).FirstOrDefault(property => property.Name == last) is { } property)
                return (options, property);
        }
        return null;
    }

    private static IEnumerable<PropertyInfo> Properties(object options) =>
        options.GetType().GetProperties().Where(property => property.SetMethod is { IsPublic: true });

    /// <summary>As it is written in a configuration; null where there is none.</summary>
    private static string? DefaultOf(string name) =>
        PropertyOf(name) is not { } found
            ? null
            : found.Property.GetValue(found.Options) switch
            {
                bool value => value ? "true" : "false",
                string[] values => string.Join(", ", values),
                var value => Convert.ToString(value, CultureInfo.InvariantCulture),
            };

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```[\s\S]*?^```", RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex AnyHeading();

    [GeneratedRegex(@"^## (.+)$", RegexOptions.Multiline)]
    private static partial Regex SecondHeading();

    [GeneratedRegex(@"^## Date\n\n\d{4}-\d{2}-\d{2}\n", RegexOptions.Multiline)]
    private static partial Regex DateSection();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoName();

    [GeneratedRegex(@"\./archon ([a-z]+)")]
    private static partial Regex Command();

    [GeneratedRegex(@"^    ([a-z][a-z |-]*)\) ", RegexOptions.Multiline)]
    private static partial Regex CaseOfMain();

    [GeneratedRegex(@"^\| `((?:GET|POST) /(?:monitoring|rules)/[\w/{}]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Endpoint();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(^|/)(obj|bin|node_modules)/")]
    private static partial Regex Built();
}
