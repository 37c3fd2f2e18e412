using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Archon.Data.Audit;

/// <summary>Records what commands change: rows as they are saved, entries of the audit as the transaction commits.</summary>
/// <remarks>A context of a job has no actor and is left alone.</remarks>
internal sealed class AuditInterceptor : SaveChangesInterceptor, IDbTransactionInterceptor
{
    public static readonly AuditInterceptor Instance = new();

    private const string OnlyAsync = "Commands are saved asynchronously.";

    private AuditInterceptor() { }

    public override ValueTask<InterceptionResult<int>> SavingChangesAsync(
        DbContextEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default
    )
    {
        if (eventData.Context is ArchonDbContext { Notes: { } notes } db)
        {
            var changes = RowChange.Of(db.ChangeTracker);
            if (changes.Count > 0)
            {
                if (notes.Pending.Count == 0)
                    throw new InvalidOperationException("A command must note what it does before it saves.");
                notes.Pending[^1].Changes.AddRange(changes);
            }
        }
        return new(result);
    }

    public override InterceptionResult<int> SavingChanges(DbContextEventData eventData, InterceptionResult<int> result) =>
        eventData.Context is ArchonDbContext { Notes: not null } ? throw new NotSupportedException(OnlyAsync) : result;

    public async ValueTask<InterceptionResult> TransactionCommittingAsync(
        DbTransaction transaction,
        TransactionEventData eventData,
        InterceptionResult result,
        CancellationToken cancellationToken = default
    )
    {
        if (eventData.Context is ArchonDbContext { Notes: { Pending.Count: > 0 } notes })
            await AuditChain.AppendAsync(notes, transaction.Connection!, transaction, cancellationToken);
        return result;
    }

    public InterceptionResult TransactionCommitting(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result) =>
        eventData.Context is ArchonDbContext { Notes.Pending.Count: > 0 } ? throw new NotSupportedException(OnlyAsync) : result;

    public Task TransactionCommittedAsync(
        DbTransaction transaction,
        TransactionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        (eventData.Context as ArchonDbContext)?.Notes?.Pending.Clear();
        return Task.CompletedTask;
    }

    public Task TransactionRolledBackAsync(
        DbTransaction transaction,
        TransactionEndEventData eventData,
        CancellationToken cancellationToken = default
    )
    {
        (eventData.Context as ArchonDbContext)?.Notes?.Pending.Clear();
        return Task.CompletedTask;
    }
}
