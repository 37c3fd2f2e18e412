using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Yaml;
using Archon.Data.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Apply;

/// <summary>A ruler that takes rules by API: Mimir, Cortex, Loki. A file is a namespace there, and is sent group by group.</summary>
/// <remarks>A ruler keeps what groups say and not how they are written: two states are the same when they say the same.</remarks>
internal sealed class RulerTarget(Uri address, RuleServerClient server) : RuleTarget
{
    // A namespace is changed group by group, so a console that is killed leaves it half.
    public override bool IsWhole => false;

    public override RuleLanguage Language { get; } =
        address.AbsolutePath.TrimEnd('/').EndsWith(RuleOptions.LokiPath, StringComparison.Ordinal)
            ? RuleLanguage.Logql
            : RuleLanguage.Promql;

    public override string Words => $"the ruler {address}";

    public override string ServerFile(string name) => name;

    public override string? NameOf(string serverFile) => serverFile;

    public override string? NameFault(string name) => PathFault(name);

    public override async Task<Fetch<byte[]?>> ReadAsync(string name, CancellationToken cancellationToken)
    {
        switch (await server.NamespaceAsync(address, name, cancellationToken))
        {
            case Fetch<string?>.Ok { Value: null }:
                return new Fetch<byte[]?>.Ok(null);
            case Fetch<string?>.Rejected { Reason: var words }:
                return new Fetch<byte[]?>.Rejected(words);
            case Fetch<string?>.Unavailable { Reason: var reason }:
                return new Fetch<byte[]?>.Unavailable(reason);
            case Fetch<string?>.Ok { Value: var text }:
                if (Namespaces(text) is not { } all)
                    return new Fetch<byte[]?>.Unavailable(NoList);
                if (!all.TryGetValue(name, out var file))
                    return new Fetch<byte[]?>.Ok(null);
                // Such as source_tenants, which only rulers know: whoever wrote it back would lose it.
                return RuleFile.Read(file, out var errors, Language) is null
                    ? new Fetch<byte[]?>.Unavailable(
                        $"{name} has fields that a Prometheus rule file cannot have: {string.Join("; ", errors)}"
                    )
                    : new Fetch<byte[]?>.Ok(Encoding.UTF8.GetBytes(file));
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    public override async Task<Fetch<IReadOnlyList<string>>> ListAsync(CancellationToken cancellationToken) =>
        await server.NamespacesAsync(address, cancellationToken) switch
        {
            Fetch<string?>.Ok { Value: null } => new Fetch<IReadOnlyList<string>>.Ok([]),
            Fetch<string?>.Ok { Value: var text } => Namespaces(text) is { } all
                ? new Fetch<IReadOnlyList<string>>.Ok([.. all.Keys.Order(StringComparer.Ordinal)])
                : new Fetch<IReadOnlyList<string>>.Unavailable(NoList),
            Fetch<string?>.Rejected { Reason: var words } => new Fetch<IReadOnlyList<string>>.Rejected(words),
            Fetch<string?>.Unavailable { Reason: var reason } => new Fetch<IReadOnlyList<string>>.Unavailable(reason),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    public override async Task<TargetResult> WriteAsync(string name, byte[]? content, CancellationToken cancellationToken)
    {
        var wanted = RuleCatalogue.ReadOrEmpty(content, Language);
        var read = await ReadAsync(name, cancellationToken);
        if (read is not Fetch<byte[]?>.Ok { Value: var held })
            return TargetResult.Of(read);
        foreach (var group in wanted.Groups)
        {
            // A ruler keeps no group without rules.
            if (group.Rules.Count == 0)
                continue;
            if (TargetResult.Of(await server.SetGroupAsync(address, name, Text(group), cancellationToken)) is TargetResult.Failed failed)
            {
                return failed with { Reason = $"{name}, group {group.Content.Name}: {failed.Reason}" };
            }
        }
        var stays = wanted
            .Groups.Where(group => group.Rules.Count > 0)
            .Select(group => group.Content.Name)
            .ToHashSet(StringComparer.Ordinal);
        var groups = RuleCatalogue.ReadOrEmpty(held, Language).Groups;
        foreach (var gone in groups.Select(group => group.Content.Name).Where(group => !stays.Contains(group)))
        {
            if (TargetResult.Of(await server.DeleteGroupAsync(address, name, gone, cancellationToken)) is TargetResult.Failed failed)
            {
                return failed with { Reason = $"{name}, group {gone}: {failed.Reason}" };
            }
        }
        return new TargetResult.Done();
    }

    /// <summary>A ruler takes up by itself what it was sent.</summary>
    public override Task<TargetResult> ReloadAsync(CancellationToken cancellationToken) =>
        Task.FromResult<TargetResult>(new TargetResult.Done());

    /// <summary>Loki evaluates its rules itself, and tells of them by an API like that of Prometheus beside its own.</summary>
    public override async Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>?> RunningAsync(CancellationToken cancellationToken)
    {
        if (Language != RuleLanguage.Logql)
            return null;
        var root = address.AbsoluteUri.TrimEnd('/')[..^RuleOptions.LokiPath.Length];
        return await server.RunningAsync(new Uri($"{root}/prometheus/api/v1/rules"), cancellationToken);
    }

    public override bool IsSame(byte[]? one, byte[]? other) => RuleFileDiff.Between(Said(one), Said(other)) is { Count: 0 };

    /// <summary>A namespace that is not there, one without groups and one with empty groups are the same to a ruler.</summary>
    private RuleFile Said(byte[]? content)
    {
        var file = RuleCatalogue.ReadOrEmpty(content, Language);
        for (var i = file.Groups.Count - 1; i >= 0; i--)
        {
            if (file.Groups[i].Rules.Count == 0)
                file = RuleFileEditor.RemoveGroup(file, i);
        }
        return file;
    }

    private string NoList => $"{address} answered something that is no list of rules.";

    private RuleFile Empty => RuleFile.Read("", out _, Language)!;

    /// <summary>One group as a document of its own, in block style.</summary>
    private string Text(FileGroup group)
    {
        var lines = RuleFileEditor.AddGroup(Empty, group.Content, [.. group.Rules.Select(rule => rule.Content)]).Text.Split('\n');
        // Behind "groups:" each line stands at least four columns in; the first after a dash.
        return string.Join('\n', lines.Skip(1).Select(line => line.Length >= 4 ? line[4..] : line));
    }

    /// <summary>The reply is a map of namespaces, each a list of groups; the text of each list makes a rule file.</summary>
    /// <returns>Null for another text.</returns>
    private static Dictionary<string, string>? Namespaces(string text)
    {
        try
        {
            var files = new Dictionary<string, string>(StringComparer.Ordinal);
            var (root, _) = YamlTree.Read(text);
            if (root is not YamlMapping map)
                return root is null ? files : null;
            foreach (var (key, value) in map.Entries)
            {
                if (key is not YamlScalar { Value: var name } || value is not YamlSequence list)
                    return null;
                files[name] = list.IsFlow
                    ? $"groups: {text[list.Start..list.End]}\n"
                    : $"groups:\n{text[YamlLayout.LineStart(text, list.Start)..list.End].TrimEnd()}\n";
            }
            return files;
        }
        catch (RuleFileException)
        {
            return null;
        }
    }
}
