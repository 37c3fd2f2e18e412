using System.Text.RegularExpressions;
using Archon.Tests.Deploy;
using Archon.Ui.Dialogs;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>MudBlazor's files are sent with the pages that need them and with no others.</summary>
public sealed partial class MudBlazorTests
{
    private static readonly string[] Folders = ["Features", "Shell", "Ui"];
    private static readonly string[] Naming = ["/Ui/Forms/", "/Ui/Dialogs/"];
    private static readonly string[] Fields = ["TextField", "NumberField", "SelectField", "SuggestField"];

    [Fact]
    public void Pages_with_fields_are_sent_with_the_files_of_MudBlazor()
    {
        var markup = Markup();
        var drawing = Drawing(markup);

        Assert.Contains("DevUiPage", drawing);
        Assert.DoesNotContain(
            drawing,
            name => IsPage(markup[name]) && !markup[name].Contains("@attribute [UsesMudBlazor]", StringComparison.Ordinal)
        );
        // The check can fail: a page draws what the components on it draw.
        Assert.Contains("P", Drawing(new() { ["P"] = "@page \"/p\"\n<Part />", ["Part"] = "<TextField />" }));
    }

    [Fact]
    public void Overview_and_signing_in_do_without_them() =>
        Assert.DoesNotContain(
            typeof(Program).Assembly.GetTypes().Where(UsesMudBlazorAttribute.IsOn),
            page => page.Name is "OverviewPage" or "SignInPage"
        );

    [Fact]
    public void Only_the_folders_of_fields_and_dialogs_name_its_components() =>
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Root, "*.razor", SearchOption.AllDirectories).Where(path => !Naming.Any(path.Contains)),
            path => TheirElement().IsMatch(File.ReadAllText(path))
        );

    private static string Root => Path.Combine(DeployTests.Checkout(), "Archon.Console");

    private static Dictionary<string, string> Markup() =>
        Folders
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.razor", SearchOption.AllDirectories))
            .GroupBy(path => Path.GetFileNameWithoutExtension(path), StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => string.Join('\n', group.Select(File.ReadAllText)), StringComparer.Ordinal);

    /// <summary>Names of what has a field in it, itself or in a component. What fetches the files before it draws a field needs no page with
    /// them.</summary>
    private static HashSet<string> Drawing(Dictionary<string, string> markup)
    {
        var found = Fields.ToHashSet(StringComparer.Ordinal);
        while (true)
        {
            var more = markup.Where(one =>
                !found.Contains(one.Key)
                && !one.Value.Contains("@inject MudFiles", StringComparison.Ordinal)
                && Element().Matches(one.Value).Any(match => found.Contains(match.Groups[1].Value))
            );
            if (!more.Any())
                return [.. found.Except(Fields)];
            found.UnionWith(more.Select(one => one.Key).ToList());
        }
    }

    private static bool IsPage(string markup) => markup.Contains("@page \"", StringComparison.Ordinal);

    [GeneratedRegex("<([A-Z][A-Za-z]+)")]
    private static partial Regex Element();

    [GeneratedRegex("<Mud(?!Gate)[A-Z]")]
    private static partial Regex TheirElement();
}
