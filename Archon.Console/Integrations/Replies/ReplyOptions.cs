using System.ComponentModel.DataAnnotations;

namespace Archon.Integrations.Replies;

/// <summary>Section <c>Archon:Replies</c>: how much a reply of an upstream may hold, unpacked. More is refused while it is read.</summary>
public sealed class ReplyOptions : IValidatableObject
{
    public const string Section = "Archon:Replies";

    /// <summary>Result of a query: samples or log lines. 1 to 2,048 MB, 256 by default.</summary>
    [Range(1, 2048)]
    public int MatrixMegabytes { get; set; } = 256;

    /// <summary>List of alerts, silences, rules, targets or series. 1 to 2,048 MB, 128 by default.</summary>
    [Range(1, 2048)]
    public int ListMegabytes { get; set; } = 128;

    /// <summary>Any other reply, and one item of a list. 1 to 512 MB, 16 by default.</summary>
    [Range(1, 512)]
    public int DocumentMegabytes { get; set; } = 16;

    /// <summary>All replies that are read at once; what exceeds it waits. 1 to 8,192 MB, 512 by default.</summary>
    [Range(1, 8192)]
    public int InFlightMegabytes { get; set; } = 512;

    /// <summary>Series, alerts, silences, rules, targets or log lines of one reply. 1 to 10,000,000, 100,000 by default.</summary>
    [Range(1, 10_000_000)]
    public int Items { get; set; } = 100_000;

    /// <summary>Samples of one series. 1 to 100,000,000, 1,000,000 by default.</summary>
    [Range(1, 100_000_000)]
    public int Samples { get; set; } = 1_000_000;

    /// <summary>Labels of one series, alert, rule or target. 1 to 10,000, 256 by default.</summary>
    [Range(1, 10_000)]
    public int Labels { get; set; } = 256;

    /// <summary>Characters of the name of a label. 1 to 100,000, 1,024 by default.</summary>
    [Range(1, 100_000)]
    public int LabelNameLength { get; set; } = 1_024;

    /// <summary>Characters of the value of a label. 1 to 1,000,000, 16,384 by default.</summary>
    [Range(1, 1_000_000)]
    public int LabelValueLength { get; set; } = 16_384;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // A reply that could never be read to its end would wait for ever.
        var largest = Math.Max(MatrixMegabytes, Math.Max(ListMegabytes, DocumentMegabytes));
        if (InFlightMegabytes < largest)
        {
            yield return new ValidationResult(
                $"{InFlightMegabytes} MB for all replies is less than the {largest} MB that one reply may have. "
                    + "Raise it, or lower the limit of one reply.",
                [nameof(InFlightMegabytes)]
            );
        }
    }
}
