using System.CommandLine;
using System.Data.Common;
using Archon.Data;
using Archon.Data.Access;
using Archon.Features.Access;

namespace Archon.Cli;

/// <summary><c>archon token</c>: API tokens for programs that are set up by scripts, such as Alertmanager.</summary>
internal static class TokenCommand
{
    private const int LongestDays = 3650;

    public static Command Build() => new("token", "API tokens of the console.") { Create(), Revoke() };

    private static Command Create()
    {
        var name = new Option<string>("--name")
        {
            HelpName = "N",
            Required = true,
            Description = "Who uses it, such as alertmanager.",
        };
        var role = new Option<string>("--role")
        {
            HelpName = "ROLE",
            Required = true,
            Description = $"What it may do at most: {string.Join(", ", Roles.All)}.",
        };
        var scopes = new Option<string[]>("--scope")
        {
            HelpName = "S",
            DefaultValueFactory = _ => [],
            Description = $"Limits it to this; may be given several times: {string.Join(", ", TokenScopes.All)}.",
        };
        var days = new Option<int?>("--days") { HelpName = "D", Description = "It ends after so many days; without, when it is revoked." };
        var command = new Command(
            "create",
            $"""
            Makes an API token and prints it alone, this once: the database keeps only its hash. The console may run meanwhile.

            {CommandHost.WhichDatabase}
            Exit code: 0 done, 1 nothing was changed.
            """
        )
        {
            name,
            role,
            scopes,
            days,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lasts = parsed.GetValue(days);
                if (lasts is < 1 or > LongestDays)
                    throw new BadInputException($"--days {lasts} is not between 1 and {LongestDays}.");
                var result = await RunAsync(
                    commands =>
                        commands.CreateTokenAsync(
                            parsed.GetRequiredValue(name),
                            parsed.GetRequiredValue(role),
                            parsed.GetRequiredValue(scopes),
                            lasts is { } some ? TimeSpan.FromDays(some) : null,
                            Actor.OnMachine,
                            cancellationToken
                        ),
                    cancellationToken
                );
                Console.WriteLine(((AccessResult.TokenMade)result).Token);
                return 0;
            }
        );
        return command;
    }

    private static Command Revoke()
    {
        var name = new Argument<string>("NAME") { Description = "The name it was made with; of several with that name all end." };
        var command = new Command(
            "revoke",
            $"""
            Ends the API tokens of a name. Whatever uses them is refused from now on, also by a console that runs.

            {CommandHost.WhichDatabase}
            Exit code: 0 done, 1 there is none.
            """
        )
        {
            name,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var revoked = parsed.GetRequiredValue(name);
                var result = await RunAsync(
                    commands => commands.RevokeTokensAsync(revoked, Actor.OnMachine, cancellationToken),
                    cancellationToken
                );
                if (result is AccessResult.NotFound)
                    throw new BadInputException($"There is no usable token {revoked}. Settings, API tokens lists all of them.");
                Console.WriteLine($"Revoked {revoked}.");
                return 0;
            }
        );
        return command;
    }

    private static async Task<AccessResult> RunAsync(Func<AccessCommands, Task<AccessResult>> change, CancellationToken cancellationToken)
    {
        await using var host = await CommandHost.StartAsync(services => services.AddAccess(), cancellationToken);
        try
        {
            var result = await change(host.Services.GetRequiredService<AccessCommands>());
            return result is AccessResult.Invalid { Reason: var reason } ? throw new BadInputException(reason) : result;
        }
        catch (Exception failure) when (failure is DbException || DatabaseFailures.Describe(failure) is not null)
        {
            throw new BadInputException($"Nothing was changed: {DatabaseFailures.Describe(failure)}");
        }
    }
}
