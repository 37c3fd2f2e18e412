using Archon.Shell;

namespace Archon.Features.Services;

internal sealed class ServicePalette(ServiceQueries services) : IPaletteSource
{
    public async Task<IReadOnlyList<PaletteEntry>> EntriesAsync(int environmentId, CancellationToken cancellationToken) =>
        [.. (await services.NamesAsync(environmentId, cancellationToken))
            .Select(service => new PaletteEntry("Service", service.Name, $"/services/{Uri.EscapeDataString(service.Name)}", "services"))];
}
