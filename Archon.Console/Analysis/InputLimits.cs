using System.Globalization;

namespace Archon.Analysis;

/// <summary>One limit on what is analysed.</summary>
/// <param name="Most">The largest value that is still analysed.</param>
/// <param name="Words">The sentence for an input beyond it, without a full stop; <c>{0}</c> is <paramref name="Most"/>.</param>
public sealed record InputLimit(long Most, string Words)
{
    /// <summary>Such as "the expression is longer than 20,000 characters".</summary>
    public string Sentence => string.Format(CultureInfo.InvariantCulture, Words, Most.ToString("N0", CultureInfo.InvariantCulture));

    /// <exception cref="InputLimitException">The value is beyond the limit.</exception>
    public void Check(long value)
    {
        if (value > Most)
            throw new InputLimitException(this);
    }
}

/// <summary>An input is beyond a limit, so that it was not analysed.</summary>
public sealed class InputLimitException(InputLimit limit) : Exception(limit.Sentence)
{
    public InputLimit Limit { get; } = limit;
}

/// <summary>How large and how deep an input may be to be analysed.</summary>
/// <remarks>
/// Everything that reads a text from outside checks these before it goes deeper, so that no input can fill the memory or a thread's stack. A
/// limit refuses the analysis alone: a rule file that Prometheus takes is imported, exported and applied whatever stands in it. The stack of
/// a thread is 1.5 MB where it is smallest, and one level of the deepest reader takes about 1 kB of it.
/// </remarks>
public static class InputLimits
{
    public static readonly InputLimit PromqlLength = new(20_000, "the expression is longer than {0} characters");

    /// <summary>Read and printed only, to tell whether two texts are the same expression.</summary>
    public static readonly InputLimit PromqlComparedLength = new(1_000_000, "the expression is longer than {0} characters");
    public static readonly InputLimit PromqlDepth = new(200, "the expression is nested deeper than {0} levels");

    /// <summary>Each is translated and compiled once, which costs more than any other part of an expression.</summary>
    public static readonly InputLimit PromqlRegexes = new(200, "the expression has more than {0} regular expressions");

    public static readonly InputLimit RegexLength = new(2_000, "the regular expression is longer than {0} characters");
    public static readonly InputLimit RegexDepth = new(200, "the regular expression is nested deeper than {0} levels");

    /// <summary>Each once, however often it stands there. The engine's preparation grows with the square of their number.</summary>
    public static readonly InputLimit RegexKinds = new(64, "the regular expression has more than {0} different characters and classes");

    /// <summary>Set by the engine itself, which does not tell the number.</summary>
    public static readonly InputLimit RegexStates = new(10_000, "the regular expression needs more states than its engine takes");

    /// <summary>By the clock, so that one that is slow because the machine is busy must not be refused: the engine takes linear time.</summary>
    public static readonly InputLimit RegexTime = new(2_000, "the regular expression takes longer than {0} ms");

    public static readonly InputLimit TemplateLength = new(20_000, "the template is longer than {0} characters");
    public static readonly InputLimit TemplateDepth = new(200, "the template is nested deeper than {0} levels");
    public static readonly InputLimit TemplateSteps = new(50_000, "the template takes more than {0} steps");

    /// <summary>All texts that its functions make and that it writes, together.</summary>
    public static readonly InputLimit TemplateText = new(100_000, "the template makes more than {0} characters of text");

    public static readonly InputLimit YamlDepth = new(200, "the document is nested deeper than {0} levels");
    public static readonly InputLimit YamlNodes = new(2_000_000, "the document has more than {0} nodes");

    /// <summary>That of go-yaml, with which Prometheus refuses such a file too.</summary>
    public static readonly InputLimit YamlAliases = new(
        99,
        "document contains excessive aliasing: more than {0} % of its nodes come from aliases, or fewer where it has more than 400,000"
    );

    /// <summary>Faults of one file that are listed.</summary>
    public static readonly InputLimit Faults = new(100, "the file has more than {0} faults");

    /// <summary>Matchers of one route, or of one line of an Alertmanager configuration.</summary>
    public static readonly InputLimit MatcherLength = new(5_000, "the matcher is longer than {0} characters");

    /// <summary>Of a draft in an address, once it is unpacked.</summary>
    public static readonly InputLimit DraftSize = new(200_000, "the draft is larger than {0} bytes once it is unpacked");
    public static readonly InputLimit DraftEntries = new(200, "the draft has more than {0} labels and annotations");

    /// <summary>Of a compressed file that a tool reads as a whole.</summary>
    public static readonly InputLimit UnpackedSize = new(1_000_000_000, "the file unpacks to more than {0} bytes");

    /// <summary>Each coloured word is an element of the page.</summary>
    public static readonly InputLimit ColouredLength = new(5_000, "the expression is longer than {0} characters and is not coloured");

    /// <summary>Of two versions of a rule together.</summary>
    public static readonly InputLimit ComparedLines = new(2_000, "the two versions have more than {0} lines");

    /// <summary>Parts of an expression that are put into words.</summary>
    public static readonly InputLimit ExplainedParts = new(500, "the expression has more than {0} parts");

    /// <summary>Asked of the server to check one rule.</summary>
    public static readonly InputLimit ServerQuestions = new(200, "the rule takes more than {0} questions");

    /// <summary>Of one kind at one rule.</summary>
    public static readonly InputLimit Findings = new(50, "there are more than {0} findings of this kind");
}
