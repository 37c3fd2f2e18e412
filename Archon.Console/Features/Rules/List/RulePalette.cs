using Archon.Features.Rules.Catalogue;
using Archon.Shell;

namespace Archon.Features.Rules.List;

internal sealed class RulePalette(RuleQueries rules) : IPaletteSource
{
    private static readonly PaletteEntry[] Reports =
    [
        new("Page", "Rule coverage", "/rules/coverage", "rules"),
        new("Page", "Rule noise", "/rules/noise", "rules"),
    ];

    public async Task<IReadOnlyList<PaletteEntry>> SearchAsync(
        int environmentId,
        string text,
        int limit,
        CancellationToken cancellationToken
    ) =>
        [
            .. Reports.Where(report => report.Name.Contains(text, StringComparison.OrdinalIgnoreCase)),
            .. (await rules.SearchAsync(environmentId, text, limit, cancellationToken)).Select(rule => new PaletteEntry(
                "Rule",
                rule.Name,
                $"/rules/{rule.Id}",
                "rules"
            )),
        ];
}
