using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Tests.Deploy;
using Xunit;

namespace Archon.Tests.ConfigFiles.Rules;

/// <summary>Rule files as people write them, with everything YAML allows.</summary>
internal static class RuleCorpus
{
    public static readonly string Folder = Path.Combine(DeployTests.Checkout(), "Archon.Console.Tests", "ConfigFiles", "Rules", "Corpus");

    /// <summary>Files that every Prometheus since 2.42 takes.</summary>
    public static TheoryData<string> Names =>
        [.. Directory.EnumerateFiles(Folder, "*.yml").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    /// <summary>Also those that only Prometheus 3 takes.</summary>
    public static TheoryData<string> AllNames =>
        [
            .. Directory
                .EnumerateFiles(Folder, "*.yml", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Folder, file))
                .Order(StringComparer.Ordinal),
        ];

    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder, name), new UTF8Encoding(false, true));

    public static RuleFile Read(string text)
    {
        var file = RuleFile.Read(text, out var errors);
        Assert.True(file is not null, string.Join("\n", errors));
        return file;
    }
}
