using Archon.Data;
using Microsoft.EntityFrameworkCore;

namespace Archon.Tests.Features.Rules;

/// <summary>A database that lets readers wait for as long as a test wants.</summary>
internal sealed class HeldContexts(IDbContextFactory<ArchonDbContext> inner) : IDbContextFactory<ArchonDbContext>
{
    private volatile TaskCompletionSource? gate;

    public void Pause() => gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release()
    {
        gate?.TrySetResult();
        gate = null;
    }

    public ArchonDbContext CreateDbContext() => inner.CreateDbContext();

    public async Task<ArchonDbContext> CreateDbContextAsync(CancellationToken cancellationToken = default)
    {
        if (gate is { } closed)
            await closed.Task.WaitAsync(cancellationToken);
        return await inner.CreateDbContextAsync(cancellationToken);
    }
}
