namespace Archon.Analysis.LogPatterns;

/// <summary>How much a <see cref="LogTemplateMiner"/> remembers, and what it takes for alike. The defaults fit all formats we know of.</summary>
public sealed record LogMinerSettings
{
    /// <summary>Templates kept; past that the one whose last line is longest ago is given up. At least 16.</summary>
    public int MostTemplates { get; init; } = 5000;

    /// <summary>Words of a line that are looked at. 8 to 128.</summary>
    public int MostWords { get; init; } = 96;

    /// <summary>Characters of a line that are looked at, ends of longer ones are not. At least 128.</summary>
    public int LongestLine { get; init; } = 8192;

    /// <summary>Share of the constant words that two lines must have in common to be of one template. 0 to 1.</summary>
    public double LeastSimilarity { get; init; } = 0.5;

    /// <summary>So many different plain words in one place, with all else alike, and the place is a variable. At least 2.</summary>
    public int WordsOfVariable { get; init; } = 5;

    /// <summary>The year of times that carry none, as those of syslog.</summary>
    public int YearOfShortStamps { get; init; } = 2000;
}
