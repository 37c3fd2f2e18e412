namespace Archon.Data.Catalogue;

/// <summary>Who vouches for a row. Discovery only ever touches rows that are still <see cref="Discovered"/>.</summary>
public enum CatalogueOrigin
{
    /// <summary>Found by discovery; nobody has looked at it yet.</summary>
    Discovered,

    /// <summary>Found by discovery and accepted as it was.</summary>
    Accepted,

    /// <summary>Created or changed by a person.</summary>
    Edited,

    /// <summary>Found by discovery and dismissed. Kept, so that it is not found again.</summary>
    Ignored,
}
