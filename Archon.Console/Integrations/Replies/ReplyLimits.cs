using System.Globalization;

namespace Archon.Integrations.Replies;

/// <summary>What a reply holds, by which its limit is chosen.</summary>
internal enum ReplyKind
{
    /// <summary>The result of a query. Where it is too large the query is to blame.</summary>
    Matrix,

    /// <summary>A list of alerts, silences, rules, targets or series, which is read item by item.</summary>
    List,

    /// <summary>Anything else; it is read as a whole.</summary>
    Document,
}

/// <summary>The limits of one reply, and the words for what exceeds them.</summary>
/// <param name="source">Who sent it: <c>Prometheus</c>.</param>
/// <param name="path">What was asked: <c>/api/v1/query</c>.</param>
internal sealed class ReplyLimits(ReplyOptions options, ReplyKind kind, string source, string path)
{
    private const int Megabyte = 1024 * 1024;
    private const int ShownName = 64;

    public long Bytes =>
        Megabyte
        * (long)(
            kind switch
            {
                ReplyKind.Matrix => options.MatrixMegabytes,
                ReplyKind.List => options.ListMegabytes,
                _ => options.DocumentMegabytes,
            }
        );

    /// <summary>The longest value that is kept in memory as a whole.</summary>
    public int ValueBytes => (int)Math.Min(options.DocumentMegabytes * (long)Megabyte, Array.MaxLength);

    public ReplyTooLargeException TooManyBytes() =>
        kind switch
        {
            ReplyKind.Matrix => TooLarge($"is larger than {options.MatrixMegabytes} MB", nameof(options.MatrixMegabytes)),
            ReplyKind.List => TooLarge($"is larger than {options.ListMegabytes} MB", nameof(options.ListMegabytes)),
            _ => TooLarge($"is larger than {options.DocumentMegabytes} MB", nameof(options.DocumentMegabytes)),
        };

    public ReplyTooLargeException TooLongValue() =>
        TooLarge($"has a single value larger than {options.DocumentMegabytes} MB", nameof(options.DocumentMegabytes));

    /// <param name="count">How many were read so far.</param>
    /// <param name="what">In the plural: <c>series</c>.</param>
    /// <exception cref="ReplyTooLargeException">They are more than a reply may have.</exception>
    public void CheckCount(int count, string what)
    {
        if (count > options.Items)
            throw TooLarge($"has more than {Number(options.Items)} {what}", nameof(options.Items));
    }

    /// <summary>Samples that one series may have.</summary>
    public int Samples => options.Samples;

    /// <exception cref="ReplyTooLargeException">A series has more than <see cref="Samples"/>.</exception>
    public void CheckSamples(int count)
    {
        if (count > options.Samples)
            throw TooLarge($"has a series with more than {Number(options.Samples)} samples", nameof(options.Samples));
    }

    /// <exception cref="ReplyTooLargeException">A name or a value is too long, or there are too many.</exception>
    public Dictionary<string, string> Check(Dictionary<string, string>? labels)
    {
        if (labels is null)
            return [];
        CheckLabels(labels.Count);
        foreach (var (name, value) in labels)
            CheckLabel(name, value);
        return labels;
    }

    public void CheckLabels(int count)
    {
        if (count <= options.Labels)
            return;
        throw TooLarge($"has a series or an item with more than {Number(options.Labels)} labels", nameof(options.Labels));
    }

    public void CheckLabel(string name, string? value)
    {
        if (name.Length > options.LabelNameLength)
        {
            throw TooLarge($"has a label name longer than {Number(options.LabelNameLength)} characters", nameof(options.LabelNameLength));
        }
        if (value?.Length > options.LabelValueLength)
        {
            var shown = name.Length > ShownName ? name[..ShownName] + "..." : name;
            throw TooLarge(
                $"has a value of label {shown} longer than {Number(options.LabelValueLength)} characters",
                nameof(options.LabelValueLength)
            );
        }
    }

    private ReplyTooLargeException TooLarge(string fact, string setting)
    {
        var nextStep = kind == ReplyKind.Matrix ? "Query less, or raise" : "If that is expected, raise";
        return new ReplyTooLargeException($"The reply of {source} to {path} {fact}. {nextStep} {ReplyOptions.Section}:{setting}.");
    }

    private static string Number(int value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>A reply holds more than its limit. The message is for people: what, how much, and which setting.</summary>
internal sealed class ReplyTooLargeException(string message) : Exception(message);
