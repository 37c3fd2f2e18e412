namespace Archon.Shell;

/// <summary>How many things wait on a screen.</summary>
/// <param name="IsCritical">One of them at least is critical; nothing else is coloured in the navigation.</param>
/// <param name="Words">The number with its meaning: <c>5 open</c>.</param>
public sealed record NavCount(int Number, bool IsCritical, string Words);

/// <summary>Lets a feature say in the navigation how much there is.</summary>
public interface INavCountSource
{
    /// <summary>The screen it belongs to, as <see cref="NavItem.Href"/> names it.</summary>
    public string Href { get; }

    /// <summary>The count now, and again whenever it may have changed; null while nobody knows.</summary>
    public IAsyncEnumerable<NavCount?> WatchAsync(int environmentId, CancellationToken cancellationToken);
}
