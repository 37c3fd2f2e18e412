using Archon.Shell;

namespace Archon.Features.Rules;

internal sealed class RulePalette(RuleQueries rules) : IPaletteSource
{
    private static readonly PaletteEntry[] Reports =
    [
        new("Page", "Rule coverage", "/rules/coverage", "rules"),
        new("Page", "Rule noise", "/rules/noise", "rules"),
    ];

    public async Task<IReadOnlyList<PaletteEntry>> EntriesAsync(int environmentId, CancellationToken cancellationToken) =>
        [.. Reports, .. (await rules.PictureAsync(environmentId, cancellationToken)).Rules
            .Select(rule => new PaletteEntry("Rule", rule.Name, $"/rules/{rule.Id}", "rules")).DistinctBy(entry => entry.Name)];
}
