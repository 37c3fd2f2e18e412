using Microsoft.Extensions.Options;

namespace Archon.Features.Rules.Editor;

/// <summary>Section <c>Archon:Rules</c>.</summary>
public sealed class PromtoolOptions
{
    /// <summary>Prometheus' own tool, which runs unit tests of rules. Null: looked for on PATH and where <c>./archon up</c> unpacks programs.</summary>
    public string? Promtool { get; init; }
}

internal sealed class PromtoolOptionsValidator : IValidateOptions<PromtoolOptions>
{
    public ValidateOptionsResult Validate(string? name, PromtoolOptions options) =>
        options.Promtool is { Length: > 0 } named && !File.Exists(named)
            ? ValidateOptionsResult.Fail($"Archon:Rules:Promtool: there is no file {named}.")
            : ValidateOptionsResult.Success;
}
