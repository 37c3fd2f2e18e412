using Archon.Shell;
using Archon.Ui.View;

namespace Archon.Features.Services;

internal sealed class ServicePalette(ServiceQueries services) : IPaletteSource
{
    public async Task<IReadOnlyList<PaletteEntry>> SearchAsync(
        int environmentId,
        string text,
        int limit,
        CancellationToken cancellationToken
    ) =>
        [
            .. (await services.SearchAsync(environmentId, text, limit, cancellationToken)).Select(name => new PaletteEntry(
                "Service",
                name,
                ServiceAddress.Of(name),
                "services"
            )),
        ];
}
