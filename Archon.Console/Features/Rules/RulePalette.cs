using Archon.Shell;

namespace Archon.Features.Rules;

internal sealed class RulePalette(RuleQueries rules) : IPaletteSource
{
    public async Task<IReadOnlyList<PaletteEntry>> EntriesAsync(int environmentId, CancellationToken cancellationToken) =>
        [.. (await rules.PictureAsync(environmentId, cancellationToken)).Rules
            .Select(rule => new PaletteEntry("Rule", rule.Name, $"/rules?r={rule.Id}", "rules")).DistinctBy(entry => entry.Name)];
}
