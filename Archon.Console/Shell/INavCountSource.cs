using Archon.Live;

namespace Archon.Shell;

/// <summary>How many things wait on a screen.</summary>
/// <param name="IsCritical">One of them at least is critical; nothing else is coloured in the navigation.</param>
/// <param name="Words">The number with its meaning: <c>5 open</c>.</param>
public sealed record NavCount(int Number, bool IsCritical, string Words) : ISharedPicture
{
    public long Bytes => 100;

    /// <summary>Nothing waits; the navigation shows no number.</summary>
    public static NavCount None { get; } = new(0, false, "");
}

/// <summary>Lets a feature say in the navigation how much there is.</summary>
public interface INavCountSource
{
    /// <summary>The screen it belongs to, as <see cref="NavItem.Href"/> names it.</summary>
    public string Href { get; }

    /// <summary>It is counted again when one of them ticks, and every half minute.</summary>
    public IReadOnlyList<LiveTopic> Topics { get; }

    /// <summary>Read once for all readers of the process.</summary>
    public Task<NavCount> CountAsync(int environmentId, CancellationToken cancellationToken);
}
