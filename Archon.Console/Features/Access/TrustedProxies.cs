using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.AspNetCore.HttpOverrides;

namespace Archon.Features.Access;

/// <summary>Addresses and networks of proxies, as a person writes them: <c>10.0.0.5, 172.18.0.0/16</c>.</summary>
internal static class TrustedProxies
{
    private static readonly char[] Separators = [',', ' ', ';'];

    public static string[] Parts(string? text) =>
        (text ?? "").Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    public static bool IsReadable(string part) => IPAddress.TryParse(part, out _) || System.Net.IPNetwork.TryParse(part, out _);

    /// <summary>What a client says of itself through a proxy counts only where the proxy is trusted; without one nothing counts.</summary>
    public static void Apply(string? text, ForwardedHeadersOptions options)
    {
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (var part in Parts(text))
        {
            if (IPAddress.TryParse(part, out var address))
                options.KnownProxies.Add(address);
            else
                options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(part));
        }
        // With empty lists the middleware would believe everybody.
        var isAny = options.KnownProxies.Count + options.KnownIPNetworks.Count > 0;
        options.ForwardedHeaders = isAny ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto : ForwardedHeaders.None;
        // Through a chain of trusted proxies up to the first address that is none of them.
        options.ForwardLimit = null;
    }
}

/// <summary>A list of addresses and networks.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AddressesAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        TrustedProxies.Parts(value as string).FirstOrDefault(part => !TrustedProxies.IsReadable(part)) is { } wrong
            ? new ValidationResult(
                $"{validationContext.DisplayName}: '{wrong}' is neither an address nor a network. "
                    + "Write for example 10.0.0.5 or 172.18.0.0/16, with commas between several."
            )
            : ValidationResult.Success;
}
