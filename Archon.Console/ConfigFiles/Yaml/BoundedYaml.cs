using Archon.Analysis;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Archon.ConfigFiles.Yaml;

/// <summary>Reads the events of a YAML text and refuses what is too deep or too large before anybody builds a tree of it.</summary>
/// <remarks>
/// Aliases are counted with what they stand for, since whoever walks the tree meets it as often. How many of them there may be is as in
/// <c>decode.go</c> of go-yaml v3, which Prometheus and Alertmanager read their files with: what they take is taken here.
/// </remarks>
internal sealed class BoundedYaml(string text) : IParser
{
    // Of go-yaml: up to 400,000 nodes nearly all may come from aliases, from 4,000,000 on a tenth.
    private const double FewNodes = 400_000;
    private const double ManyNodes = 4_000_000;

    private readonly Parser parser = new(new Scanner(new StringReader(text), skipComments: true));
    private readonly Dictionary<AnchorName, long> sizes = [];
    private readonly Stack<(AnchorName Anchor, long Before)> open = [];
    private long written; // nodes of the text
    private long expanded; // nodes with every alias written out
    private int documents;

    public ParsingEvent? Current { get; private set; }

    /// <summary>The first two documents of the text as trees: only the first is used, and a second shows that there are more.</summary>
    /// <exception cref="YamlException">The text is no YAML, or is beyond a limit.</exception>
    public static YamlStream Load(string text)
    {
        var (yaml, stream) = (new BoundedYaml(text), new YamlStream());
        try
        {
            stream.Load(yaml);
            return stream;
        }
        catch (ArgumentException odd)
        {
            // Thrown where a list or a map ends before its last entry is complete, and for a key that is there twice.
            var place = yaml.Current?.Start ?? Mark.Empty;
            throw new YamlException(place, place, odd.Message, odd);
        }
    }

    /// <exception cref="YamlException">The text is no YAML, or is beyond a limit; <see cref="InputLimitException"/> is then within.</exception>
    public bool MoveNext()
    {
        if (Current is DocumentEnd && ++documents == 2)
        {
            Current = new StreamEnd();
            return true;
        }
        try
        {
            if (Current is StreamEnd || !parser.MoveNext())
                return false;
            Current = parser.Current!;
            Count(Current);
            return true;
        }
        catch (InvalidOperationException odd)
        {
            // Thrown by the scanner for a plain text that breaks off a flow collection.
            var place = Current?.End ?? Mark.Empty;
            throw new YamlException(place, place, "did not find expected ',' or the end of a list or map", odd);
        }
        catch (InputLimitException beyond)
        {
            throw new YamlException(Current!.Start, Current.End, beyond.Message, beyond);
        }
    }

    private void Count(ParsingEvent one)
    {
        switch (one)
        {
            case SequenceStart or MappingStart:
                open.Push((((NodeEvent)one).Anchor, expanded));
                InputLimits.YamlDepth.Check(open.Count);
                Add(1);
                break;
            case SequenceEnd or MappingEnd:
                var (anchor, before) = open.Pop();
                if (!anchor.IsEmpty)
                    sizes[anchor] = expanded - before;
                break;
            case AnchorAlias alias:
                Add(1 + sizes.GetValueOrDefault(alias.Value));
                break;
            case Scalar scalar:
                if (!scalar.Anchor.IsEmpty)
                    sizes[scalar.Anchor] = 1;
                Add(1);
                break;
        }
    }

    private void Add(long nodes)
    {
        InputLimits.YamlNodes.Check(++written);
        expanded += nodes;
        var fromAliases = expanded - written;
        if (fromAliases > 100 && expanded > 1000 && fromAliases > Allowed(expanded) * expanded)
            InputLimits.YamlAliases.Check(long.MaxValue);
    }

    private static double Allowed(double nodes) =>
        nodes switch
        {
            <= FewNodes => 0.99,
            >= ManyNodes => 0.10,
            _ => 0.99 - (0.89 * (nodes - FewNodes) / (ManyNodes - FewNodes)),
        };
}
