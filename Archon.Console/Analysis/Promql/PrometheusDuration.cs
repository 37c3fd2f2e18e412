using System.Globalization;
using System.Text;

namespace Archon.Analysis.Promql;

/// <summary>Lengths of time as Prometheus writes them: <c>1h30m</c>, <c>500ms</c>, <c>2w</c>.</summary>
/// <remarks>Source: <c>model.ParseDuration</c> and <c>model.Duration.String</c> of prometheus/common. A year has 365 days.</remarks>
public static class PrometheusDuration
{
    private const long Second = 1000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // Go's durations are nanoseconds in 64 bits.
    private const long MostMilliseconds = long.MaxValue / 1_000_000;

    private static readonly (string Unit, long Milliseconds)[] Units =
    [
        ("y", 365 * Day),
        ("w", 7 * Day),
        ("d", Day),
        ("h", Hour),
        ("m", Minute),
        ("s", Second),
        ("ms", 1),
    ];

    /// <param name="text">One or more numbers with units from the largest to the smallest, each unit once; or <c>0</c>.</param>
    /// <param name="length">Whole milliseconds; zero when the text is none.</param>
    /// <returns>False when Prometheus refuses the text.</returns>
    public static bool TryParse(string text, out TimeSpan length)
    {
        length = TimeSpan.Zero;
        if (text == "0")
            return true;
        if (text.Length == 0)
            return false;
        UInt128 sum = 0;
        var (at, unit) = (0, 0);
        while (at < text.Length)
        {
            var first = at;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
                at++;
            var digits = text.AsSpan(first, at - first);
            if (digits.IsEmpty || !UInt128.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return false;
            if (number > MostMilliseconds)
                return false;
            var end = at;
            while (end < text.Length && char.IsAsciiLetter(text[end]))
                end++;
            var found = Array.FindIndex(Units, unit, one => text.AsSpan(at, end - at).SequenceEqual(one.Unit));
            if (found < 0)
                return false;
            sum += number * (UInt128)Units[found].Milliseconds;
            if (sum > MostMilliseconds)
                return false;
            (at, unit) = (end, found + 1);
        }
        length = TimeSpan.FromMilliseconds((long)sum);
        return true;
    }

    /// <summary>The shortest exact form. Years and weeks are used only where nothing is left over.</summary>
    /// <param name="length">Zero or more; what is finer than a millisecond is dropped.</param>
    public static string Format(TimeSpan length)
    {
        var rest = (long)(length.Ticks / TimeSpan.TicksPerMillisecond);
        if (rest <= 0)
            return "0s";
        var text = new StringBuilder();
        foreach (var (unit, milliseconds) in Units)
        {
            if (unit is "y" or "w" && rest % milliseconds != 0)
                continue;
            var count = rest / milliseconds;
            if (count == 0)
                continue;
            text.Append(CultureInfo.InvariantCulture, $"{count}{unit}");
            rest -= count * milliseconds;
        }
        return text.ToString();
    }
}
