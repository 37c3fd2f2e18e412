using System.Numerics;

namespace Archon.Analysis.LogPatterns;

/// <summary>
/// Finds what lines of log have in common, one line at a time, in bounded memory, and the same for the same lines.
/// </summary>
/// <remarks>
/// A streaming miner in the manner of Drain (He, Zhu, Zheng and Lyu, "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS
/// 2017): lines of as many words are compared with the templates of that length. Two things differ. What varies is masked by its form before,
/// so that most lines are found by the hash of their words. And words that differ without looking like values do not make a variable at once: a
/// place becomes one when it has shown <see cref="LogMinerSettings.WordsOfVariable"/> of them with all else alike, so that "session opened" and
/// "session closed" stay two.
/// </remarks>
public sealed class LogTemplateMiner
{
    private const int LongestExample = 500;

    // Templates of one length that a new line is compared with, the latest first.
    private const int MostCompared = 400;
    private const int MostWays = 24;

    // Spellings of one template whose hash is kept.
    private const int HashesPerTemplate = 16;
    private const int LeastIndent = 2;
    private const double ShareWithTime = 0.9;
    private static readonly long LatestMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    private readonly LogMinerSettings settings;
    private readonly LogLineReader reader;
    private readonly Dictionary<ulong, LogTemplate> known = [];
    private readonly Dictionary<(int Words, LineLevel Level), List<LogTemplate>> buckets = [];
    private readonly LogClock baselineClock = new();
    private readonly LogClock windowClock = new();
    private readonly List<(LogTemplate Template, UInt128 Differs)> candidates = [];
    private LogTemplate? oldest;
    private LogTemplate? newest;
    private int next;
    private int indent = int.MaxValue - LeastIndent;

    /// <exception cref="ArgumentOutOfRangeException">A setting lies outside of its range.</exception>
    public LogTemplateMiner(LogMinerSettings settings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.MostTemplates, 16, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.MostWords, 8, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.MostWords, 128, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.LongestLine, 128, nameof(settings));
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.WordsOfVariable, 2, nameof(settings));
        this.settings = settings;
        reader = new LogLineReader(settings);
    }

    /// <summary>Templates remembered.</summary>
    public int Count { get; private set; }

    /// <summary>All lines of each period that have a template, or had one.</summary>
    public LogTally Baseline { get; } = new();
    public LogTally Window { get; } = new();

    /// <summary>How long each period lasted; zero when fewer than nine lines in ten had a time.</summary>
    public TimeSpan BaselineLength => Length(Baseline, baselineClock);
    public TimeSpan WindowLength => Length(Window, windowClock);

    /// <summary>Lines that went on with the one before, as those of a stack trace do, and have no template of their own.</summary>
    public long Continuations { get; private set; }

    /// <summary>Templates given up to stay within <see cref="LogMinerSettings.MostTemplates"/>, and the lines they had.</summary>
    public long Forgotten { get; private set; }
    public long LinesForgotten { get; private set; }

    /// <summary>The templates that are remembered, in the order in which they were met.</summary>
    public IReadOnlyList<LogTemplate> Templates => [.. buckets.Values.SelectMany(bucket => bucket).OrderBy(template => template.Number)];

    /// <param name="line">One line, whatever it holds; of several lines the first.</param>
    /// <param name="unixMs">When it was written, in Unix milliseconds, 1970 to 9999; null to take the time that the line itself tells.</param>
    /// <param name="period">What the line counts for.</param>
    /// <returns>
    /// The template of the line, which may later become a part of another; null for a line without a word, and for one that is indented deeper than the
    /// line it goes on with.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The time lies outside of its range.</exception>
    public LogTemplate? Add(ReadOnlySpan<char> line, long? unixMs = null, LogPeriod period = LogPeriod.Window)
    {
        if (unixMs is { } given)
            ArgumentOutOfRangeException.ThrowIfGreaterThan((ulong)given, (ulong)LatestMs, nameof(unixMs));
        reader.Read(line);
        if (reader.Words.IsEmpty)
            return null;
        if (reader.Indent >= indent + LeastIndent)
        {
            Continuations++;
            return null;
        }
        indent = reader.Indent;
        if (!known.TryGetValue(reader.Hash, out var template) || Current(template).IsForgotten)
        {
            template = Find() ?? Make(line);
            if (known.Count >= settings.MostTemplates * HashesPerTemplate)
                known.Clear();
            known[reader.Hash] = template;
        }
        template = Current(template);
        var (total, at) = (period == LogPeriod.Baseline ? Baseline : Window, unixMs ?? reader.UnixMs);
        template.Of(period).See(total.Count, at);
        total.See(total.Count, at);
        if (at is { } time)
            (period == LogPeriod.Baseline ? baselineClock : windowClock).See(time);
        Touch(template);
        return template;
    }

    /// <summary>What a template is now a part of; itself when it still stands.</summary>
    public static LogTemplate Current(LogTemplate template)
    {
        while (template.MergedInto is { } larger)
            template = larger;
        return template;
    }

    private static TimeSpan Length(LogTally period, LogClock clock) =>
        period.TimedCount >= ShareWithTime * period.Count ? TimeSpan.FromMilliseconds(clock.Length()) : TimeSpan.Zero;

    /// <summary>A template that the line is one of, or becomes one of.</summary>
    private LogTemplate? Find()
    {
        if (!buckets.TryGetValue((reader.Words.Length, reader.Level), out var bucket))
            return null;
        candidates.Clear();
        LogTemplate? best = null;
        var constants = -1;
        var words = reader.Words;
        var least = Math.Max(0, bucket.Count - MostCompared);
        for (var i = bucket.Count - 1; i >= least; i--)
        {
            var template = bucket[i];
            if (!Compare(template.Words, words, out var differs, out var alike))
                continue;
            if (differs == UInt128.Zero)
            {
                if (alike > constants)
                    (best, constants) = (template, alike);
            }
            else
            {
                candidates.Add((template, differs));
            }
        }
        if (best is not null)
        {
            Generalise(best, words);
            return best;
        }
        return Merge(bucket);
    }

    /// <returns>Whether enough is alike to think of one template.</returns>
    /// <param name="alike">Constant words in common.</param>
    private bool Compare(TemplateWord[] template, ReadOnlySpan<LogWord> words, out UInt128 differs, out int alike)
    {
        (differs, alike) = (UInt128.Zero, 0);
        var different = 0;
        var most = 1 + (int)(template.Length * (1 - settings.LeastSimilarity));
        for (var i = 0; i < template.Length; i++)
        {
            ref readonly var word = ref template[i];
            if (word.IsWild && (word.Key == 0 || word.Key == words[i].Key))
                continue;
            if (!word.IsWild && word.Loose == words[i].Loose)
            {
                if (word.Kind.HasFlag(LogWordKind.HasLetter))
                    alike++;
                continue;
            }
            if (++different > most)
                return false;
            differs |= UInt128.One << i;
        }
        return different == 0 || (alike > 0 && alike >= settings.LeastSimilarity * (alike + different));
    }

    /// <summary>Looks for the fewest places that would have to be variables to make the line and other templates one.</summary>
    private LogTemplate? Merge(List<LogTemplate> bucket)
    {
        if (candidates.Count == 0)
            return null;
        var ways = candidates.Select(one => one.Differs).Distinct().OrderBy(PopCount).Take(MostWays).ToList();
        foreach (var way in ways)
        {
            var together = candidates.Where(one => (one.Differs & ~way) == UInt128.Zero).Select(one => one.Template).ToList();
            if (!AreVariables(way, together))
                continue;
            var into = together.MinBy(template => template.Number)!;
            foreach (var other in together)
            {
                if (other == into)
                    continue;
                Generalise(into, other);
                into.Absorb(other);
                Remove(other, bucket);
            }
            Generalise(into, reader.Words);
            AbsorbCovered(into, bucket);
            return into;
        }
        return null;
    }

    /// <summary>A template that became wider may now hold others whole, such as those of values that were met apart.</summary>
    private void AbsorbCovered(LogTemplate into, List<LogTemplate> bucket)
    {
        for (var i = bucket.Count - 1; i >= 0; i--)
        {
            var other = bucket[i];
            if (other == into || !Covers(into, other))
                continue;
            into.Absorb(other);
            Remove(other, bucket);
        }
    }

    private static bool Covers(LogTemplate wide, LogTemplate narrow)
    {
        for (var i = 0; i < wide.Words.Length; i++)
        {
            ref readonly var word = ref wide.Words[i];
            ref readonly var other = ref narrow.Words[i];
            if (other.Kind.HasFlag(LogWordKind.IsFixed) && word.IsWild)
                return false;
            var fits = word.IsWild ? word.Key == 0 || word.Key == other.Key : !other.IsWild && word.Loose == other.Loose;
            if (!fits)
                return false;
        }
        return true;
    }

    private static int PopCount(UInt128 bits) => BitOperations.PopCount((ulong)bits) + BitOperations.PopCount((ulong)(bits >> 64));

    private bool AreVariables(UInt128 places, List<LogTemplate> templates)
    {
        var (plain, fewest) = (0, int.MaxValue);
        var isAlone = PopCount(places) == 1;
        for (var i = 0; i < reader.Words.Length; i++)
        {
            if ((places & (UInt128.One << i)) == UInt128.Zero)
                continue;
            var word = reader.Words[i];
            if (word.Kind.HasFlag(LogWordKind.IsFixed) || templates.Exists(one => one.Words[i].Kind.HasFlag(LogWordKind.IsFixed)))
                return false;
            if (IsMasked(word.Kind) || templates.Exists(one => IsMasked(one.Words[i].Kind)))
                continue;
            var differ = templates.FindAll(one => one.Words[i].Loose != word.Loose);
            if (differ.TrueForAll(one => one.Words[i].Key == word.Key))
            {
                if (LooksLikeValue(word.Kind) && differ.TrueForAll(one => LooksLikeValue(one.Words[i].Kind)))
                    continue;
                if (isAlone && (LooksLikeValue(word.Kind) || differ.Exists(one => LooksLikeValue(one.Words[i].Kind))))
                    continue;
            }
            plain++;
            fewest = Math.Min(fewest, templates.Select(one => one.Words[i].Loose).Append(word.Loose).Distinct().Count());
        }
        return plain == 0 || fewest >= settings.WordsOfVariable * plain;
    }

    private static bool IsMasked(LogWordKind kind) => (kind & (LogWordKind.HasMask | LogWordKind.HasLetter)) == LogWordKind.HasMask;

    private static bool LooksLikeValue(LogWordKind kind) => (kind & (LogWordKind.HasMask | LogWordKind.IsValue)) != default;

    private static void Generalise(LogTemplate template, ReadOnlySpan<LogWord> words)
    {
        for (var i = 0; i < words.Length; i++)
            Generalise(ref template.Words[i], words[i].Typed, words[i].Loose, words[i].Key);
    }

    private static void Generalise(LogTemplate template, LogTemplate other)
    {
        for (var i = 0; i < other.Words.Length; i++)
            Generalise(ref template.Words[i], other.Words[i].Typed, other.Words[i].Loose, other.Words[i].Key);
    }

    private static void Generalise(ref TemplateWord word, ulong typed, ulong loose, ulong key)
    {
        if (word.Typed == typed || (word.IsWild && (word.Key == 0 || word.Key == key)))
            return;
        var any = LogMasks.NameOf(LogMask.Any);
        if (!word.IsWild && word.Loose == loose)
        {
            // Alike but for the kind of what is masked.
            (word.Text, word.Typed) = (LogMasks.Generic(word.Text), 0);
        }
        else if (word.Key != 0 && word.Key == key)
        {
            word = word with { Text = string.Concat(word.Text.AsSpan(0, word.Text.IndexOf('=') + 1), any), IsWild = true, Typed = 0 };
        }
        else
        {
            word = new TemplateWord
            {
                Text = any,
                IsWild = true,
                Kind = LogWordKind.HasMask,
            };
        }
    }

    private LogTemplate Make(ReadOnlySpan<char> line)
    {
        if (Count >= settings.MostTemplates)
            ForgetOldest();
        var words = new TemplateWord[reader.Words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            ref readonly var word = ref reader.Words[i];
            words[i] = new TemplateWord
            {
                Text = reader.TextOf(word).ToString(),
                Typed = word.Typed,
                Loose = word.Loose,
                Key = word.Key,
                Kind = word.Kind,
            };
        }
        var example = line.Length > LongestExample ? line[..LongestExample] : line;
        if (example.Length > 0 && char.IsHighSurrogate(example[^1]))
            example = example[..^1];
        var template = new LogTemplate(next++, reader.Level, words, example.ToString());
        if (!buckets.TryGetValue(template.Bucket, out var bucket))
            buckets[template.Bucket] = bucket = [];
        bucket.Add(template);
        Count++;
        return template;
    }

    private void ForgetOldest()
    {
        var last = oldest!;
        Remove(last, buckets[last.Bucket]);
        last.IsForgotten = true;
        Forgotten++;
        LinesForgotten += last.Count;
    }

    private void Remove(LogTemplate template, List<LogTemplate> bucket)
    {
        bucket.Remove(template);
        if (bucket.Count == 0)
            buckets.Remove(template.Bucket);
        Unlink(template);
        Count--;
    }

    private void Touch(LogTemplate template)
    {
        if (template == newest)
            return;
        Unlink(template);
        (template.Older, template.Newer) = (newest, null);
        if (newest is not null)
            newest.Newer = template;
        newest = template;
        oldest ??= template;
    }

    private void Unlink(LogTemplate template)
    {
        if (template.Older is not null)
            template.Older.Newer = template.Newer;
        else if (oldest == template)
            oldest = template.Newer;
        if (template.Newer is not null)
            template.Newer.Older = template.Older;
        else if (newest == template)
            newest = template.Older;
        (template.Older, template.Newer) = (null, null);
    }
}
