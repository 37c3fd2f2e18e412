using Archon.Features.Rules.Catalogue;
using Archon.Integrations;

namespace Archon.Tests.Features.Rules;

/// <summary>A target that does what another does, until a test says otherwise.</summary>
internal abstract class PassingTarget(RuleTarget inner) : RuleTarget
{
    public override string Words => inner.Words;

    public override string ServerFile(string name) => inner.ServerFile(name);

    public override string? NameOf(string serverFile) => inner.NameOf(serverFile);

    public override string? NameFault(string name) => inner.NameFault(name);

    public override Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken) =>
        inner.ReadAsync(name, cancellationToken);

    public override Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

    public override Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken) =>
        inner.WriteAsync(name, content, cancellationToken);

    public override void Tidy(string name) => inner.Tidy(name);

    public override Task<TargetResult> ReloadAsync(CancellationToken cancellationToken) => inner.ReloadAsync(cancellationToken);
}
