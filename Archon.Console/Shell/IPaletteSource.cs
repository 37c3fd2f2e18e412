namespace Archon.Shell;

/// <summary>Something the palette can go to.</summary>
/// <param name="Kind">What it is, in one word: <c>Service</c>.</param>
public sealed record PaletteEntry(string Kind, string Name, string Href, string Icon);

/// <summary>Gives a feature's things to the palette.</summary>
public interface IPaletteSource
{
    /// <summary>Everything of an environment that may be searched for. Called when the palette opens.</summary>
    public Task<IReadOnlyList<PaletteEntry>> EntriesAsync(int environmentId, CancellationToken cancellationToken);
}
