using Archon.Data.Catalogue;

namespace Archon.Features.Watches;

/// <summary>What a person may say about a watch.</summary>
public sealed record WatchDraft(
    string Name, string Query, WatchSignal Signal, string Unit, TimeSpan Step, AnomalyDirection Interesting, double Sensitivity);

public abstract record WatchResult
{
    private WatchResult()
    {
    }

    public sealed record Done(int Id) : WatchResult;
    public sealed record NotFound : WatchResult;
    public sealed record ChangedMeanwhile : WatchResult;

    /// <summary>The draft cannot be kept; the reason is a sentence for the person who wrote it.</summary>
    public sealed record Invalid(string Reason) : WatchResult;

    /// <summary>Prometheus gave no answer, so the query could not be tried.</summary>
    public sealed record NotChecked(string Reason) : WatchResult;
}

public sealed class WatchCommands
{
    public Task<WatchResult> CreateAsync(int environmentId, WatchDraft draft, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<WatchResult> EditAsync(int id, uint version, WatchDraft draft, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<WatchResult> AcceptAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Stops watching, and keeps the row so that discovery does not bring it back.</summary>
    public Task<WatchResult> IgnoreAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<WatchResult> RestoreAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
}
