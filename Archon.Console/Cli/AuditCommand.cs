using System.CommandLine;
using System.Data.Common;
using Archon.Data;
using Archon.Data.Audit;
using Microsoft.EntityFrameworkCore;

namespace Archon.Cli;

/// <summary><c>archon audit verify</c>: whether the audit is as it was written.</summary>
internal static class AuditCommand
{
    public static Command Build() => new("audit", "The console's audit.") { Verify() };

    private static Command Verify()
    {
        var command = new Command(
            "verify",
            $"""
            Checks that no entry of the audit was changed, taken out or put in since it was written. The console may run meanwhile.

            {CommandHost.WhichDatabase}
            Exit code: 0 every entry is as it was written, 1 it cannot be checked, 2 an entry is not.
            """
        );
        command.SetAction(
            async (_, cancellationToken) =>
            {
                await using var host = await CommandHost.StartAsync(_ => { }, cancellationToken);
                try
                {
                    var contexts = host.Services.GetRequiredService<IDbContextFactory<ArchonDbContext>>();
                    await using var db = await contexts.CreateDbContextAsync(cancellationToken);
                    return Report(await AuditChain.CheckAsync(db, cancellationToken));
                }
                catch (Exception failure) when (failure is DbException || DatabaseFailures.Describe(failure) is not null)
                {
                    throw new BadInputException($"The audit was not checked: {DatabaseFailures.Describe(failure)}");
                }
            }
        );
        return command;
    }

    private static int Report(AuditCheck check)
    {
        switch (check)
        {
            case AuditCheck.Intact intact:
                Console.WriteLine($"{intact.Chained} entries are as they were written.");
                if (intact.Outside > 0)
                    Console.WriteLine($"{intact.Outside} entries are not covered: an older console wrote them.");
                return 0;
            case AuditCheck.Broken { EntryId: { } id, Reason: var reason }:
                Console.WriteLine($"Entry {id} does not follow from the one before. {reason}");
                return 2;
            default:
                Console.WriteLine(((AuditCheck.Broken)check).Reason);
                return 2;
        }
    }
}
