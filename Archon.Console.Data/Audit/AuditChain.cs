using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Archon.Data.Access;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Archon.Data.Audit;

/// <summary>The one row that holds the end of the chain of audit entries. Who writes an entry locks it until the commit.</summary>
public sealed class AuditChainHead
{
    public const short OnlyId = 1;

    public short Id { get; set; } = OnlyId;

    /// <summary>Hash that the first entry kept follows: that of the last one removed, zeros before any was.</summary>
    public required byte[] StartHash { get; set; }

    /// <summary>Hash of the last entry.</summary>
    public required byte[] Hash { get; set; }
}

/// <summary>Whether the entries are those that were written, in their order.</summary>
public abstract record AuditCheck
{
    private AuditCheck() { }

    /// <param name="Chained">Entries whose hashes follow from each other, up to the end of the chain.</param>
    /// <param name="Outside">Entries without a hash: older than the chain, or written by a console older than it.</param>
    public sealed record Intact(long Chained, long Outside) : AuditCheck;

    /// <param name="EntryId">The first entry that does not follow from the one before; null where the last ones are missing.</param>
    public sealed record Broken(long? EntryId, string Reason) : AuditCheck;
}

/// <summary>Each audit entry has a hash over its own content and the hash before: none can be changed, taken out or put in without notice.</summary>
/// <remarks>Covered are time, id of the person, environment, action, subject, detail and changes. Names of users are not, so that a removed person's can be masked,
/// nor is how often a refusal was repeated.</remarks>
public static class AuditChain
{
    public const int HashBytes = 32;

    /// <param name="previous">Of the entry before.</param>
    /// <returns>SHA-256.</returns>
    public static byte[] Hash(ReadOnlySpan<byte> previous, AuditEntry entry) => Hash(previous, entry, coversName: entry.ActorId is null);

    /// <param name="coversName">Who is no user has only a name.</param>
    internal static byte[] Hash(ReadOnlySpan<byte> previous, AuditEntry entry, bool coversName)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        hash.AppendData(previous);
        BinaryPrimitives.WriteInt64BigEndian(number, Microseconds(entry.At));
        hash.AppendData(number);
        hash.AppendData((entry.ActorId ?? Guid.Empty).ToByteArray(bigEndian: true));
        BinaryPrimitives.WriteInt64BigEndian(number, entry.EnvironmentId ?? -1);
        hash.AppendData(number);
        string?[] texts = [entry.Action, entry.Subject, entry.Detail, entry.Changes];
        foreach (var text in coversName ? [entry.Actor, .. texts] : texts)
        {
            // With its length: no part of one text can pass for the beginning of the next.
            var bytes = text is null ? [] : Encoding.UTF8.GetBytes(text);
            BinaryPrimitives.WriteInt64BigEndian(number, text is null ? -1 : bytes.Length);
            hash.AppendData(number);
            hash.AppendData(bytes);
        }
        return hash.GetHashAndReset();
    }

    /// <summary>Reads all entries, in one moment.</summary>
    public static async Task<AuditCheck> CheckAsync(ArchonDbContext db, CancellationToken cancellationToken)
    {
        await using var moment = await db.BeginOneMomentAsync(cancellationToken);
        var head = await db.Set<AuditChainHead>().AsNoTracking().SingleAsync(cancellationToken);
        var (previous, chained, outside) = (head.StartHash, 0L, 0L);
        await foreach (
            var entry in db.AuditEntries.AsNoTracking().OrderBy(one => one.Id).AsAsyncEnumerable().WithCancellation(cancellationToken)
        )
        {
            if (entry.Hash is not { } hash)
            {
                outside++;
                continue;
            }
            // Before names were covered, the hash of an entry without a user did without one.
            if (
                !hash.AsSpan().SequenceEqual(Hash(previous, entry))
                && !hash.AsSpan().SequenceEqual(Hash(previous, entry, coversName: false))
            )
                return new AuditCheck.Broken(entry.Id, "It was changed, or an entry before it is missing or was put in.");
            (previous, chained) = (hash, chained + 1);
        }
        return previous.AsSpan().SequenceEqual(head.Hash)
            ? new AuditCheck.Intact(chained, outside)
            : new AuditCheck.Broken(null, "The last entries are missing.");
    }

    /// <summary>Removes the entries of whole days before <paramref name="oldest"/>; the chain then begins with the hash of the last of them.</summary>
    /// <param name="oldest">The beginning of a day.</param>
    /// <returns>How many.</returns>
    public static async Task<int> RemoveBeforeAsync(ArchonDbContext db, DateTimeOffset oldest, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await LockAsync(db.Database.GetDbConnection(), transaction.GetDbTransaction(), cancellationToken);
        // Two commands at midnight may have taken their times in the other order than the chain: what comes after a younger entry stays.
        var firstKept = await db.AuditEntries.Where(entry => entry.At >= oldest).MinAsync(entry => (long?)entry.Id, cancellationToken);
        var gone = db.AuditEntries.Where(entry => entry.At < oldest && (firstKept == null || entry.Id < firstKept));
        var last = await gone.Where(entry => entry.Hash != null)
            .OrderByDescending(entry => entry.Id)
            .Select(entry => entry.Hash)
            .FirstOrDefaultAsync(cancellationToken);
        var removed = await gone.ExecuteDeleteAsync(cancellationToken);
        if (last is not null)
        {
            await db.Set<AuditChainHead>().ExecuteUpdateAsync(head => head.SetProperty(one => one.StartHash, last), cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        return removed;
    }

    /// <summary>Writes what the commands of a transaction did, as the last step before it commits: whoever comes next waits for the commit.</summary>
    internal static async Task AppendAsync(
        AuditNotes notes,
        DbConnection connection,
        DbTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        var previous = await LockAsync(connection, transaction, cancellationToken);
        foreach (var note in notes.Pending)
        {
            if (note.IsRefusal && await CountRefusalAsync(notes, note, connection, transaction, cancellationToken))
                continue;
            var entry = new AuditEntry
            {
                // As exact as the database keeps it: the hash is checked against what is read back.
                At = new DateTimeOffset(note.At.UtcTicks - (note.At.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero),
                ActorId = notes.ActorId,
                Actor = notes.Actor,
                EnvironmentId = note.EnvironmentId,
                Action = note.Action,
                Subject = note.Subject(),
                SubjectName = note.SubjectName,
                Detail = note.Detail,
                Changes = note.Changes.Count == 0 ? null : RowChange.Write(note.Changes),
                Refusals = note.IsRefusal ? 1 : null,
            };
            entry.Hash = previous = Hash(previous, entry);
            await InsertAsync(entry, connection, transaction, cancellationToken);
        }
        await using var move = Command(connection, transaction, "UPDATE audit_chain SET hash = @hash");
        move.Parameters.Add(new NpgsqlParameter("hash", previous));
        await move.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <returns>Hash of the last entry.</returns>
    private static async Task<byte[]> LockAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await using var read = Command(connection, transaction, "SELECT hash FROM audit_chain FOR UPDATE");
        return (byte[]?)await read.ExecuteScalarAsync(cancellationToken)
            ?? throw new InvalidOperationException("The table audit_chain has lost its row.");
    }

    /// <returns>False where this is the first refusal of its kind today.</returns>
    private static async Task<bool> CountRefusalAsync(
        AuditNotes notes,
        AuditNote note,
        DbConnection connection,
        DbTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var count = Command(
            connection,
            transaction,
            """
            UPDATE audit_entries SET refusals = refusals + 1, refused_last_at = @at
            WHERE id = (
                SELECT max(id) FROM audit_entries
                WHERE actor = @actor AND action = @action AND subject = @subject AND refusals IS NOT NULL AND at >= @day
                    AND environment_id IS NOT DISTINCT FROM @environment AND detail IS NOT DISTINCT FROM @detail)
            """
        );
        count.Parameters.Add(new NpgsqlParameter("at", note.At.ToUniversalTime()));
        count.Parameters.Add(new NpgsqlParameter("day", new DateTimeOffset(note.At.UtcDateTime.Date, TimeSpan.Zero)));
        count.Parameters.Add(new NpgsqlParameter("actor", notes.Actor));
        count.Parameters.Add(new NpgsqlParameter("action", note.Action));
        count.Parameters.Add(new NpgsqlParameter("subject", note.Subject()));
        count.Parameters.Add(new NpgsqlParameter<int?>("environment", note.EnvironmentId));
        count.Parameters.Add(new NpgsqlParameter<string?>("detail", note.Detail));
        return await count.ExecuteNonQueryAsync(cancellationToken) > 0;
    }

    private static async Task InsertAsync(
        AuditEntry entry,
        DbConnection connection,
        DbTransaction transaction,
        CancellationToken cancellationToken
    )
    {
        await using var insert = Command(
            connection,
            transaction,
            """
            INSERT INTO audit_entries
                (at, actor_id, actor, environment_id, action, subject, subject_name, detail, changes, refusals, hash)
            VALUES (@at, @actor_id, @actor, @environment, @action, @subject, @subject_name, @detail, @changes::json, @refusals, @hash)
            """
        );
        insert.Parameters.Add(new NpgsqlParameter("at", entry.At));
        insert.Parameters.Add(new NpgsqlParameter<Guid?>("actor_id", entry.ActorId));
        insert.Parameters.Add(new NpgsqlParameter("actor", entry.Actor));
        insert.Parameters.Add(new NpgsqlParameter<int?>("environment", entry.EnvironmentId));
        insert.Parameters.Add(new NpgsqlParameter("action", entry.Action));
        insert.Parameters.Add(new NpgsqlParameter("subject", entry.Subject));
        insert.Parameters.Add(new NpgsqlParameter<string?>("subject_name", entry.SubjectName));
        insert.Parameters.Add(new NpgsqlParameter<string?>("detail", entry.Detail));
        insert.Parameters.Add(new NpgsqlParameter<string?>("changes", entry.Changes));
        insert.Parameters.Add(new NpgsqlParameter<int?>("refusals", entry.Refusals));
        insert.Parameters.Add(new NpgsqlParameter("hash", entry.Hash!));
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DbCommand Command(DbConnection connection, DbTransaction transaction, string text)
    {
        var command = connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, text);
        return command;
    }

    private static long Microseconds(DateTimeOffset at) => (at.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;
}
