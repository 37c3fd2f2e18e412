namespace Archon.Live;

/// <summary>Hears announcements that are no topic of a page, such as sessions that ended.</summary>
public interface IChangeHandler
{
    /// <summary>As <see cref="Announcements.AnnounceAsync(Data.ArchonDbContext, string, string, CancellationToken)"/> names it.</summary>
    public string Topic { get; }

    /// <param name="payload">Empty after a break, when nobody knows what was missed.</param>
    public Task ChangedAsync(string payload, CancellationToken cancellationToken);
}
