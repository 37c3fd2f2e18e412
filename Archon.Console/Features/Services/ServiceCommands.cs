using Archon.Data.Catalogue;

namespace Archon.Features.Services;

/// <summary>What a person may say about a service. <see cref="DependsOn"/> holds the ids of the services it calls.</summary>
public sealed record ServiceDraft(
    string Name,
    ServiceTier Tier,
    string? Team,
    string? Description,
    IReadOnlyDictionary<string, string> Matchers,
    string? RunbookUrl,
    string? GrafanaDashboard,
    string? LokiSelector,
    string? JaegerService,
    IReadOnlyList<int> DependsOn);

public abstract record ServiceResult
{
    private ServiceResult()
    {
    }

    public sealed record Done(int Id) : ServiceResult;
    public sealed record NotFound : ServiceResult;

    /// <summary>Someone changed the row since it was read.</summary>
    public sealed record ChangedMeanwhile : ServiceResult;

    /// <summary>Another service of the environment has this name, maybe an ignored one.</summary>
    public sealed record NameTaken(int ById, bool Ignored) : ServiceResult;

    /// <summary>The draft cannot be kept; the reason is a sentence for the person who wrote it.</summary>
    public sealed record Invalid(string Reason) : ServiceResult;
}

public sealed class ServiceCommands
{
    public Task<ServiceResult> CreateAsync(int environmentId, ServiceDraft draft, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<ServiceResult> EditAsync(int id, uint version, ServiceDraft draft, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<ServiceResult> AcceptAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Dismisses a service; the row stays, so that it is not found again.</summary>
    public Task<ServiceResult> IgnoreAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
    public Task<ServiceResult> RestoreAsync(int id, string who, CancellationToken cancellationToken) => throw new NotImplementedException();
}
