namespace Archon.Shell;

/// <summary>A part of a page that another feature contributes.</summary>
/// <param name="Place">As <see cref="Sections.Place"/> of the page names it: <c>overview/aside</c>.</param>
/// <param name="Component">Its parameters are those that the page gives.</param>
/// <param name="Order">Among the sections of the place, lowest first.</param>
public sealed record PageSection(string Place, Type Component, int Order);
