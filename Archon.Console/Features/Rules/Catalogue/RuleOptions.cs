using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Features.Rules.Catalogue;

/// <summary>How rules get to a server.</summary>
public enum RuleTargetKind
{
    /// <summary>Not at all: the catalogue is exported by hand.</summary>
    None,

    /// <summary>As files in a folder, and a reload: Prometheus, vmalert, Thanos ruler.</summary>
    Folder,

    /// <summary>By the API of a ruler: Mimir, Cortex, Loki.</summary>
    Ruler,
}

/// <summary>Section <c>Archon:Rules</c>.</summary>
public sealed class RuleOptions : IValidatableObject
{
    internal const string LokiPath = "/loki/api/v1/rules";
    private static readonly string[] RulerPaths = ["/config/v1/rules", "/api/v1/rules", LokiPath];

    public RuleTargetKind Target { get; init; } = RuleTargetKind.None;

    /// <summary>The rule folder, which the console may write.</summary>
    public string? Folder { get; init; }

    /// <summary>The same folder as the server sees it; empty: by the same path.</summary>
    public string? ServerFolder { get; init; }

    /// <summary>What makes the server read the folder again; empty: <c>/-/reload</c> of the Prometheus that is configured.</summary>
    public string? ReloadAddress { get; init; }

    /// <summary>Where the ruler takes rules. Its end says which it is:
    /// <c>/config/v1/rules</c> Mimir, <c>/loki/api/v1/rules</c> Loki, <c>/api/v1/rules</c> Cortex.</summary>
    public string? RulerAddress { get; init; }

    /// <summary>
    /// How long versions that are neither the newest nor running, applies that have ended, and answers to alerts are kept. 30 days to 10 years, 2 years by
    /// default.
    /// </summary>
    [Range(typeof(TimeSpan), "30.00:00:00", "3650.00:00:00")]
    public TimeSpan HistoryRetention { get; init; } = TimeSpan.FromDays(730);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Target == RuleTargetKind.Folder && string.IsNullOrWhiteSpace(Folder))
        {
            yield return new ValidationResult("The target is a folder, so it must be named.", [nameof(Folder)]);
        }
        if (ReloadAddress is { Length: > 0 } reload && !IsAddress(reload))
        {
            yield return new ValidationResult($"{reload} is no http or https address.", [nameof(ReloadAddress)]);
        }
        if (
            Target == RuleTargetKind.Ruler
            && (RulerAddress is not { Length: > 0 } ruler || !IsAddress(ruler) || !RulerPaths.Any(ruler.TrimEnd('/').EndsWith))
        )
        {
            var paths = string.Join(", ", RulerPaths);
            yield return new ValidationResult($"A ruler's address is http or https and ends in {paths}.", [nameof(RulerAddress)]);
        }
    }

    // An address is shown on pages and kept in the journal: it must hold no password.
    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", UserInfo.Length: 0 };
}

internal sealed class RuleOptionsValidator : IValidateOptions<RuleOptions>
{
    public ValidateOptionsResult Validate(string? name, RuleOptions options)
    {
        var faults = options
            .Validate(new ValidationContext(options))
            .Select(fault => $"Archon:Rules:{fault.MemberNames.First()}: {fault.ErrorMessage}")
            .ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
