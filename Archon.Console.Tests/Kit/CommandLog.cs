using System.Collections.Concurrent;
using System.Data.Common;
using Archon.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace Archon.Tests.Kit;

/// <summary>The statements that contexts sent, with their parameters.</summary>
internal sealed class CommandLog : DbCommandInterceptor
{
    private readonly ConcurrentQueue<(string Text, NpgsqlParameter[] Parameters)> commands = new();

    public IReadOnlyList<string> Texts => [.. commands.Select(command => command.Text)];

    public void Clear() => commands.Clear();

    public IDbContextFactory<ArchonDbContext> Contexts(TestDatabase database) =>
        new PooledDbContextFactory<ArchonDbContext>(
            new DbContextOptionsBuilder<ArchonDbContext>(ArchonContextOptions.For(database.ConnectionString)).AddInterceptors(this).Options
        );

    /// <summary>How PostgreSQL runs those that name a table.</summary>
    public async Task<IReadOnlyList<string>> ExplainAsync(TestDatabase database, string table, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var plans = new List<string>();
        foreach (var (text, parameters) in commands.Where(command => command.Text.Contains(table, StringComparison.Ordinal)))
        {
            await using var explain = new NpgsqlCommand($"EXPLAIN {text}", connection);
            explain.Parameters.AddRange(parameters);
            var lines = new List<string>();
            await using (var reader = await explain.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                    lines.Add(reader.GetString(0));
            }
            explain.Parameters.Clear();
            plans.Add(string.Join('\n', lines));
        }
        return plans;
    }

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<DbDataReader> result,
        CancellationToken cancellationToken = default
    )
    {
        commands.Enqueue((command.CommandText, [.. command.Parameters.Cast<NpgsqlParameter>().Select(one => one.Clone())]));
        return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
    }
}
