using System.Text.RegularExpressions;
using Archon.Tests.Deploy;

namespace Archon.Tests.Architecture;

/// <summary>Which folder of the console's source refers to which, read from the source itself: markup and constants count too.</summary>
/// <remarks>
/// A file refers to a folder when it names a type that is declared there, and can see it: by a using directive, by its own namespace, by
/// <c>_Imports.razor</c>, or by the full name.
/// </remarks>
internal sealed partial class SourceFolders
{
    private const string Root = "Archon";

    private readonly List<SourceFile> files;
    private readonly List<string> namespaces;
    private readonly Dictionary<string, HashSet<string>> namespacesOf = new(StringComparer.Ordinal);

    private SourceFolders(List<SourceFile> files)
    {
        this.files = files;
        namespaces = [.. files.Select(one => one.Namespace).Distinct()];
        foreach (var (name, space) in files.SelectMany(file => file.Declared.Select(name => (name, file.Namespace))))
        {
            if (!namespacesOf.TryGetValue(name, out var spaces))
                namespacesOf[name] = spaces = new(StringComparer.Ordinal);
            spaces.Add(space);
        }
    }

    /// <summary>The source of the console and of its data.</summary>
    public static SourceFolders Read()
    {
        var files = new List<SourceFile>();
        foreach (var (project, prefix) in ((string, string)[])[("Archon.Console", Root), ("Archon.Console.Data", $"{Root}.Data")])
        {
            var folder = Path.Combine(DeployTests.Checkout(), project);
            var imports =
                Path.Combine(folder, "_Imports.razor") is var path && File.Exists(path) ? SourceFile.Usings(File.ReadAllText(path)) : [];
            files.AddRange(
                Directory
                    .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                    .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".razor", StringComparison.Ordinal))
                    .Where(file => !Generated().IsMatch(Path.GetRelativePath(folder, file)))
                    .Select(file => SourceFile.Of(Path.GetRelativePath(folder, file), prefix, File.ReadAllText(file), imports))
            );
        }
        return new SourceFolders(files);
    }

    /// <summary>The texts of the console's <c>.razor</c> files.</summary>
    public static IEnumerable<string> Markup() =>
        Read().files.Where(file => file.Path.EndsWith(".razor", StringComparison.Ordinal)).Select(file => file.Text);

    public static SourceFolders Of(params (string Path, string Text)[] sources) =>
        new([.. sources.Select(source => SourceFile.Of(source.Path, Root, source.Text, []))]);

    public int Files => files.Count;

    /// <summary>Folders as namespaces without their root, such as <c>Features.Rules.Apply</c>.</summary>
    public IEnumerable<(string File, string From, string To)> References() =>
        from file in files
        let seen = from name in file.Words
        where namespacesOf.ContainsKey(name)
        from space in namespacesOf[name]
        where file.Sees(space)
        select space
        let named = Qualified()
            .Matches(file.Text)
            .Select(match => $"{Root}.{match.Groups[1].Value}")
            .Select(name => namespaces.Where(space => name.StartsWith(space + ".", StringComparison.Ordinal)).MaxBy(space => space.Length))
        from space in seen.Concat(named.OfType<string>()).Distinct()
        where space != file.Namespace
        select (file.Path, Short(file.Namespace), Short(space));

    private static string Short(string space) => space == Root ? "" : space[(Root.Length + 1)..];

    [GeneratedRegex(@"(^|/)(obj|bin|node_modules|wwwroot|Migrations)/|(^|/)(_Imports\.razor|Program\.cs)$")]
    private static partial Regex Generated();

    // Also by a part of the name: code within Archon may leave the root away.
    [GeneratedRegex(
        @"(?<![.\w])(?:Archon\.)?((?:Analysis|ConfigFiles|Data|Integrations|Jobs|Ui|Live|Shell|Features|Hosting|Cli)(?:\.[A-Z]\w*)+)"
    )]
    private static partial Regex Qualified();

    private sealed partial record SourceFile(
        string Path,
        string Namespace,
        string Text,
        HashSet<string> Declared,
        HashSet<string> Words,
        HashSet<string> Visible
    )
    {
        public static SourceFile Of(string path, string prefix, string source, HashSet<string> imports)
        {
            var text = Comments().Replace(source, "");
            // What a string says is no reference; in markup quotes are around code.
            if (!path.EndsWith(".razor", StringComparison.Ordinal))
                text = Literal().Replace(text, "\"\"");
            var folder = System.IO.Path.GetDirectoryName(path)!.Replace('/', '.');
            var isMarkup = path.EndsWith(".razor", StringComparison.Ordinal);
            var declared = Declaration().Matches(text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
            if (isMarkup)
                declared = [System.IO.Path.GetFileNameWithoutExtension(path)];
            var usings = Usings(text);
            text = Directive().Replace(text, "");
            if (isMarkup)
                usings.UnionWith(imports);
            return new SourceFile(
                path,
                folder.Length == 0 ? prefix : $"{prefix}.{folder}",
                text,
                declared,
                Word().Matches(text).Select(match => match.Value).Except(declared).ToHashSet(StringComparer.Ordinal),
                usings
            );
        }

        public static HashSet<string> Usings(string text) =>
            Using().Matches(text).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);

        public bool Sees(string space) => Visible.Contains(space) || Namespace.StartsWith(space + ".", StringComparison.Ordinal);

        [GeneratedRegex(@"//.*|/\*[\s\S]*?\*/|@\*[\s\S]*?\*@")]
        private static partial Regex Comments();

        [GeneratedRegex("""(?<!["\\])"(?:[^"\\\n]|\\.)*"(?!")""")]
        private static partial Regex Literal();

        [GeneratedRegex(
            @"^(?:public|internal|file)?[ \w]*\b(?:class|record struct|record|struct|interface|enum)\s+(\w+)",
            RegexOptions.Multiline
        )]
        private static partial Regex Declaration();

        // After a dot it is a member of something else.
        [GeneratedRegex(@"(?<![.\w@""'-])[A-Z]\w*|(?<=@)[A-Z]\w*")]
        private static partial Regex Word();

        [GeneratedRegex(@"^(?:@?using|namespace) .*$", RegexOptions.Multiline)]
        private static partial Regex Directive();

        [GeneratedRegex(@"^@?using (?:static )?(Archon[\w.]*);?\s*$", RegexOptions.Multiline)]
        private static partial Regex Using();
    }
}
