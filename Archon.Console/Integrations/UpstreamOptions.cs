using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Archon.Integrations;

/// <summary>How to reach an outside system, and as whom.</summary>
public abstract class UpstreamOptions : IValidatableObject
{
    /// <summary>Where it answers, with a path prefix if it has one. Empty: there is none, and nobody asks it.</summary>
    public string BaseAddress { get; set; } = "";

    /// <summary>How long one attempt may take. 1 second to 5 minutes, 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The header that carries the tenant of Mimir, Cortex or Loki.</summary>
    [Required]
    public string TenantHeader { get; set; } = "X-Scope-OrgID";

    public string? Tenant { get; set; }
    public string? Username { get; set; }
    public string? Password { get; set; }
    public string? BearerToken { get; set; }

    /// <summary>A PEM file with the authority that signed the server's certificate, where the system does not know it.</summary>
    public string? CaFile { get; set; }

    /// <summary>Null where no address is given.</summary>
    public Uri? Address => BaseAddress.Length == 0 ? null : new Uri(BaseAddress.EndsWith('/') ? BaseAddress : BaseAddress + "/");

    /// <summary>Why an address cannot be used; null where it can.</summary>
    /// <remarks>One with an at sign is not repeated: also what is no address may hold a password.</remarks>
    internal static string? FaultOf(string address)
    {
        var isAddress = Uri.TryCreate(address, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https";
        if (isAddress && parsed!.UserInfo.Length == 0)
            return null;
        return address.Contains('@', StringComparison.Ordinal)
            ? "An address is shown on pages, so it must not contain a password. Use Username and Password."
            : $"{address} is no http or https address.";
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (BaseAddress.Length > 0 && FaultOf(BaseAddress) is { } fault)
            yield return new ValidationResult(fault, [nameof(BaseAddress)]);
        if (BearerToken is { Length: > 0 } && Username is { Length: > 0 })
        {
            yield return new ValidationResult("Give either a bearer token or a user name, not both.", [nameof(BearerToken)]);
        }
        if (CaFile is { Length: > 0 } && !File.Exists(CaFile))
            yield return new ValidationResult($"There is no file {CaFile}.", [nameof(CaFile)]);
    }
}

/// <summary>Section <c>Prometheus</c>; also Thanos, Mimir and VictoriaMetrics, which answer the same questions.</summary>
public sealed class PrometheusOptions : UpstreamOptions;

/// <summary>Section <c>Alertmanager</c>.</summary>
public sealed class AlertmanagerOptions : UpstreamOptions;

/// <summary>Section <c>Loki</c>.</summary>
public sealed class LokiOptions : UpstreamOptions;

internal sealed class SectionValidator<TOptions>(string section) : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var faults = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), faults, validateAllProperties: true);
        return faults.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(faults.Select(fault => $"{section}:{fault.MemberNames.FirstOrDefault()}: {fault.ErrorMessage}"));
    }
}
