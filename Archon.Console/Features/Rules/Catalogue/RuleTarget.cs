using Archon.Data.Rules;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Catalogue;

public abstract record TargetResult
{
    private TargetResult() { }

    public sealed record Done : TargetResult;

    /// <summary>Nothing was changed. The reason is a sentence for people, or the server's own words.</summary>
    public sealed record Failed(string Reason) : TargetResult;

    internal static TargetResult Of<T>(Fetch<T> answer) =>
        answer switch
        {
            Fetch<T>.Rejected { Reason: var words } => new Failed(words),
            Fetch<T>.Unavailable { Reason: var reason } => new Failed(reason),
            _ => new Done(),
        };
}

/// <summary>Where rules run: keeps files, and takes them up when told to.</summary>
public abstract class RuleTarget
{
    /// <summary>The environment whose rules it takes; null for each.</summary>
    public int? EnvironmentId { get; init; }

    /// <summary>This target, or one that refuses where it takes the rules of another environment.</summary>
    public RuleTarget For(int environmentId) => EnvironmentId is { } own && own != environmentId ? new NoTarget(environmentId) : this;

    /// <summary>False: there is nowhere to apply to.</summary>
    public virtual bool IsThere => true;

    /// <summary>A file is there whole or not at all, also after a console was killed while it wrote.</summary>
    public virtual bool IsWhole => true;

    /// <summary>What the expressions of its rules are written in.</summary>
    public virtual RuleLanguage Language => RuleLanguage.Promql;

    /// <summary>For people, such as <c>the folder /etc/prometheus/rules</c>.</summary>
    public abstract string Words { get; }

    /// <summary>The name under which the server shows a file.</summary>
    public abstract string ServerFile(string name);

    /// <summary>The name of a file that the server shows; null where it lies elsewhere.</summary>
    public abstract string? NameOf(string serverFile);

    /// <summary>Why a file cannot have the name; null when it can.</summary>
    public abstract string? NameFault(string name);

    /// <summary>What a file holds; null where there is none of the name.</summary>
    public abstract Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>The names of all that is there.</summary>
    public abstract Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Puts a file in place of what is there, whole or not at all.</summary>
    /// <param name="content">Null takes the file away.</param>
    public abstract Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken);

    /// <summary>Clears away what a console that was killed while it wrote left beside a file.</summary>
    public virtual void Tidy(string name) { }

    /// <summary>Makes the server take up what was written.</summary>
    public abstract Task<TargetResult> ReloadAsync(CancellationToken cancellationToken);

    /// <summary>What runs there, where that is not what the configured Prometheus runs; null where it is.</summary>
    public virtual Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> RunningAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Fetch<IReadOnlyList<PrometheusRuleGroup>>?>(null);

    /// <summary>Whether two states of a file are one for this target.</summary>
    public virtual bool IsSame(byte[]? one, byte[]? other) =>
        one is null || other is null ? one is null && other is null : one.AsSpan().SequenceEqual(other);

    /// <summary>The catalogue's own name of a file: relative to the target, else the server's path.</summary>
    public string CatalogueName(string serverFile) => NameOf(serverFile) ?? serverFile.TrimStart('/');

    /// <summary>As for a path that must not leave its folder.</summary>
    protected static string? PathFault(string name) =>
        string.IsNullOrWhiteSpace(name) ? "A rule file needs a name."
        : name.Length > 512 ? "The name of a rule file has at most 512 characters."
        : name.Contains('\\', StringComparison.Ordinal)
        || name.Any(char.IsControl)
        || name.Split('/').Any(part => part is "" or "." or "..")
            ? $"{name} is no path inside the rule folder."
        : null;
}

/// <summary>Nothing is configured: the catalogue is exported by hand.</summary>
/// <param name="environmentId">The environment that has none, though another one does.</param>
internal sealed class NoTarget(int? environmentId = null) : RuleTarget
{
    private string Reason =>
        environmentId is { } environment
            ? $"No rule target is configured for environment {environment}."
            : "No target is configured. Set Archon:Rules:Target to Folder or Ruler.";

    public override bool IsThere => false;
    public override string Words => "no target";

    public override string ServerFile(string name) => name;

    public override string? NameOf(string serverFile) => null;

    public override string? NameFault(string name) => PathFault(name);

    public override Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<Fetch<byte[]?>>(new Fetch<byte[]?>.Unavailable(Reason));

    public override Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<Fetch<IReadOnlyList<string>>>(new Fetch<IReadOnlyList<string>>.Unavailable(Reason));

    public override Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken) =>
        Task.FromResult<TargetResult>(new TargetResult.Failed(Reason));

    public override Task<TargetResult> ReloadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<TargetResult>(new TargetResult.Failed(Reason));
}
