using System.Diagnostics;
using System.Globalization;
using Archon.Data;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;

namespace Archon.Tests.Data.Audit;

/// <summary>A process that makes teams by the console's commands, sixteen at a time, in a database that another such process uses too.</summary>
internal static class AuditChild
{
    public const string Option = "--audit-child";
    private const int AtOnce = 16;

    /// <returns>The line that it ended with.</returns>
    public static async Task<string> StartAsync(string connectionString, int first, int count, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardOutput = true,
            ArgumentList =
            {
                Option,
                connectionString,
                first.ToString(CultureInfo.InvariantCulture),
                count.ToString(CultureInfo.InvariantCulture),
            },
        };
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync(cancellationToken).WaitAsync(Waits.Limit, cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return said.TrimEnd();
    }

    /// <summary>Waits until the other process is there too: an advisory lock of PostgreSQL that both hold shared says so.</summary>
    public static async Task<int> RunAsync(string connectionString, string first, string count)
    {
        var contexts = new Contexts(connectionString);
        var commands = new TeamCommands(new CommandGate(contexts, TimeProvider.System), TimeProvider.System);
        var actor = Actor.OnMachine with { Name = $"process {first}" };
        await using var present = contexts.CreateDbContext();
        await present.Database.OpenConnectionAsync();
        await present.Database.ExecuteSqlAsync($"SELECT pg_advisory_lock_shared(4711)");
        await Waits.UntilAsync(async () =>
            await present
                .Database.SqlQuery<int>($"""SELECT count(*)::int AS "Value" FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711""")
                .SingleAsync() == 2
        );
        await Parallel.ForEachAsync(
            Enumerable.Range(int.Parse(first, CultureInfo.InvariantCulture), int.Parse(count, CultureInfo.InvariantCulture)),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (number, cancellationToken) =>
            {
                if (await commands.CreateAsync($"team {number}", actor, cancellationToken) is not AccessResult.Done)
                    throw new InvalidOperationException($"Team {number} was not made.");
            }
        );
        Console.WriteLine($"{count} done");
        return 0;
    }

    private sealed class Contexts(string connectionString) : IDbContextFactory<ArchonDbContext>
    {
        public ArchonDbContext CreateDbContext() =>
            new(ArchonContextOptions.For(connectionString + ";Application Name=audit child;Maximum Pool Size=20"));
    }
}
