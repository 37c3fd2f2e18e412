namespace Archon.Shell;

/// <summary>Something the palette can go to, or do. A feature contributes those that are always there.</summary>
/// <param name="Kind">What it is, in one word: <c>Service</c>.</param>
/// <param name="Href">Where it leads; for an action the key of the button that it presses.</param>
public sealed record PaletteEntry(string Kind, string Name, string Href, string Icon)
{
    /// <summary>Presses a button of the page in place of going anywhere, so that it does what the button does.</summary>
    public bool IsAction { get; init; }

    /// <summary>Policy of the place it leads to, so that nobody is offered what is denied there; null where anybody may go.</summary>
    public string? Policy { get; init; }
}

/// <summary>Gives a feature's things to the palette.</summary>
public interface IPaletteSource
{
    /// <summary>Policy of the pages that its entries lead to; who has it not is not searched for. Null where anybody may go.</summary>
    public string? Policy => null;

    /// <summary>What a feature has whose name holds the text, those that begin with it first. Called when the palette opens, and as the
    /// reader types where the feature has more than was asked for then.</summary>
    /// <param name="text">May be empty: then the first ones by name.</param>
    /// <param name="limit">The most that is taken.</param>
    public Task<IReadOnlyList<PaletteEntry>> SearchAsync(int environmentId, string text, int limit, CancellationToken cancellationToken);
}
