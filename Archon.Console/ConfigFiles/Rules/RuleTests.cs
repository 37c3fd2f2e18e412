using System.Text;
using Archon.ConfigFiles.Yaml;

namespace Archon.ConfigFiles.Rules;

/// <summary>
/// Unit tests of a rule file in promtool's form. The catalogue keeps them without <c>rule_files</c>, for a file's place changes.
/// </summary>
public static class RuleTests
{
    private const string Ending = "_test.yml";
    private const string Field = "rule_files:";

    public static bool IsTestFile(string name) =>
        name.EndsWith(Ending, StringComparison.Ordinal) || name.EndsWith("_test.yaml", StringComparison.Ordinal);

    /// <summary>The name of a rule file's tests, such as <c>shop_test.yml</c> for <c>shop.yml</c>.</summary>
    public static string NameFor(string file) => Path.ChangeExtension(file, null) + Ending;

    /// <summary>The tests as promtool reads them beside their rule file.</summary>
    public static string Export(string file, string tests) =>
        $"{Field}\n  - {YamlScalarText.New(Path.GetFileName(file), 0, true, "\n")}\n\n{tests}";

    /// <summary>Without the list of files.</summary>
    public static string Import(string text)
    {
        var kept = new StringBuilder();
        var skipping = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith(Field, StringComparison.Ordinal))
                skipping = true;
            else if (skipping && line.Trim().Length > 0 && line[0] is not (' ' or '-' or '#'))
                skipping = false;
            if (!skipping)
                kept.Append(line).Append('\n');
        }
        var result = kept.ToString();
        // Splitting a text that ends in a line feed yields one line more than it has.
        return result.Length > 0 ? result[..^1] : result;
    }

    /// <summary>Why the text is none; null when it is YAML.</summary>
    public static string? Fault(string tests)
    {
        try
        {
            YamlTree.Read(tests);
            return null;
        }
        catch (RuleFileException odd)
        {
            return odd.Error.ToString();
        }
    }
}
