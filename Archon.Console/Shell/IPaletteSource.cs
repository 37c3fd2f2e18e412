namespace Archon.Shell;

/// <summary>Something the palette can go to, or do.</summary>
/// <param name="Kind">What it is, in one word: <c>Service</c>.</param>
/// <param name="Href">Where it leads; for an action the key of the button that it presses.</param>
public sealed record PaletteEntry(string Kind, string Name, string Href, string Icon)
{
    /// <summary>Presses a button of the page in place of going anywhere, so that it does what the button does.</summary>
    public bool IsAction { get; init; }
}

/// <summary>Gives a feature's things to the palette.</summary>
public interface IPaletteSource
{
    /// <summary>Everything of an environment that may be searched for. Called when the palette opens.</summary>
    public Task<IReadOnlyList<PaletteEntry>> EntriesAsync(int environmentId, CancellationToken cancellationToken);
}
