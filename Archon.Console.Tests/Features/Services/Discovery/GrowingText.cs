using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>A text whose counters grow by a tenth with each scrape: a share of requests has no value where none come.</summary>
internal sealed partial class GrowingText
{
    /// <summary>Longer texts stay as they are: what they are about is how many series there are.</summary>
    private const int Longest = 1_000_000;

    private readonly Lock gate = new();
    private readonly List<(string Text, double? Value, string After)> lines = [];
    private readonly byte[]? constant;
    private int scrapes;

    public GrowingText(string text)
    {
        if (text.Length > Longest)
        {
            constant = Encoding.UTF8.GetBytes(text);
            return;
        }
        var grows = false;
        foreach (var line in text.Split('\n'))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                grows = Growing().IsMatch(line);
            var sample = grows && !line.StartsWith('#') ? Sample().Match(line) : Match.Empty;
            if (
                sample.Success
                && double.TryParse(sample.Groups[2].ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            )
                lines.Add((sample.Groups[1].Value, value, sample.Groups[3].Value));
            else
                lines.Add((line, null, ""));
        }
    }

    public byte[] Next()
    {
        if (constant is not null)
            return constant;
        double factor;
        lock (gate)
            factor = 1 + (scrapes++ / 10.0);
        var text = new StringBuilder();
        foreach (var (line, value, rest) in lines)
        {
            text.Append(line);
            if (value is { } number)
                text.Append((number * factor).ToString("R", CultureInfo.InvariantCulture)).Append(rest);
            text.Append('\n');
        }
        // The last line of OpenMetrics ends the text.
        return Encoding.UTF8.GetBytes(text.ToString().TrimEnd('\n') + '\n');
    }

    [GeneratedRegex(" (counter|histogram|summary|untyped|unknown)$", RegexOptions.CultureInvariant)]
    private static partial Regex Growing();

    [GeneratedRegex("^((?:[^\"{ ]+)?(?:\\{.*\\})? )([0-9.eE+-]+)(.*)$", RegexOptions.CultureInvariant)]
    private static partial Regex Sample();
}
