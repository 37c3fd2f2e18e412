using System.CommandLine;
using System.Data.Common;
using Archon.Data;
using Archon.Features.Access;

namespace Archon.Cli;

/// <summary><c>archon admin reset</c>: a way back in for whoever may read the console's files.</summary>
internal static class AdminCommand
{
    public static Command Build() => new("admin", "Administrators of the console.") { Reset() };

    private static Command Reset()
    {
        var name = new Argument<string>("NAME")
        {
            DefaultValueFactory = _ => FirstAdmin.UserName,
            Description = "The administrator; admin unless named.",
        };
        var command = new Command(
            "reset",
            $"""
            Makes a new password for an administrator and ends everything this user has open. The password goes into a file that only this account can read,
            and to the terminal, but into no log. The console may run meanwhile.

            {CommandHost.WhichDatabase}
            Exit code: 0 done, 1 nothing was changed.
            """
        )
        {
            name,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                await using var host = await CommandHost.StartAsync(services => services.AddAccess(), cancellationToken);
                try
                {
                    return await ResetAsync(
                        host.Services.GetRequiredService<AdminReset>(),
                        parsed.GetRequiredValue(name),
                        cancellationToken
                    );
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    throw new BadInputException($"The password cannot be written, so nothing was changed: {failure.Message}");
                }
                catch (Exception failure) when (failure is DbException || DatabaseFailures.Describe(failure) is not null)
                {
                    throw new BadInputException($"Nothing was changed: {DatabaseFailures.Describe(failure)}");
                }
            }
        );
        return command;
    }

    private static async Task<int> ResetAsync(AdminReset reset, string name, CancellationToken cancellationToken)
    {
        switch (await reset.ResetAsync(name, cancellationToken))
        {
            case AdminResetResult.Done done:
                Console.WriteLine($"{done.User} has a new password. It is in {done.File} until it is changed under Settings.");
                // To a person's terminal only: a redirected stream is a log, and secrets do not go there.
                if (!Console.IsOutputRedirected)
                    Console.WriteLine($"Sign in as {done.User} with password: {done.Password}");
                return 0;
            case AdminResetResult.NoAdministrator { Administrators: [] }:
                throw new BadInputException(
                    $"There is no administrator {name}, and no other. A console that starts on this database makes the first one."
                );
            case AdminResetResult.NoAdministrator { Administrators: var others }:
                throw new BadInputException($"There is no administrator {name}. Administrators: {string.Join(", ", others)}.");
            default:
                throw new InvalidOperationException("A result is one of two.");
        }
    }
}
