namespace Archon.Shell;

/// <summary>Where a screen stands in the navigation; a line is between two groups.</summary>
public enum NavGroup
{
    Now,
    Catalogue,
    System,

    /// <summary>At the foot.</summary>
    Account,
}

/// <summary>A screen that a feature contributes to the navigation.</summary>
/// <param name="GoKey">The key after <c>g</c>.</param>
/// <param name="Order">Its place in the group, lowest first.</param>
public sealed record NavItem(string Href, string Name, string Icon, string GoKey, NavGroup Group, int Order)
{
    /// <summary>In the bottom bar of a phone; the others are behind <c>More</c>.</summary>
    public bool IsOnPhone { get; init; }
}

/// <summary>The screens of the features that are present, in their order.</summary>
public sealed class NavItems(IEnumerable<NavItem> items)
{
    public IReadOnlyList<NavItem> All { get; } = [.. items.OrderBy(item => item.Group).ThenBy(item => item.Order)];

    public IEnumerable<NavItem> In(NavGroup group) => All.Where(item => item.Group == group);
}
