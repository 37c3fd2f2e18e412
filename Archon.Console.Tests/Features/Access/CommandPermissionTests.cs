using System.Reflection;
using System.Runtime.CompilerServices;
using Archon.Analysis.Series;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>Who may call which command: checked by the command itself, whatever page or program calls it.</summary>
[SystemTest]
public sealed class CommandPermissionTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    /// <summary>What everybody may do to what is their own, and what is done before anybody is known.</summary>
    private static readonly string[] Own =
    [
        "AccessCommands.ChangeOwnPasswordAsync",
        "AccessCommands.CreateTokenAsync",
        "ProfileCommands.SaveAsync",
        "SessionCommands.BeginAsync",
        "SessionCommands.EndAllAsync",
        "SessionCommands.SignOutAsync",
        "SignInCommands.EnterAsync",
    ];

    /// <summary>They change nothing.</summary>
    private static readonly string[] Reading = ["RuleCommands.PreviewAsync"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static IReadOnlyList<MethodInfo> Commands { get; } =
    [
        .. typeof(CommandGate)
            .Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Commands", StringComparison.Ordinal) && type.Namespace!.Contains(".Features."))
            .Concat(
                typeof(CommandGate)
                    .Assembly.GetTypes()
                    .Where(type =>
                        type != typeof(CommandGate)
                        && type.GetMethods().Any(method => method.GetParameters().Any(one => one.ParameterType == typeof(Actor)))
                    )
            )
            .Distinct()
            .Where(type => !type.IsAssignableTo(typeof(Delegate)))
            .SelectMany(type =>
                type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
            )
            .Where(method => method.ReturnType.IsAssignableTo(typeof(Task))),
    ];

    public static TheoryData<string> OfOthers =>
        [.. Commands.Where(method => method.GetParameters().Any(one => one.ParameterType == typeof(Actor))).Select(Name).Except(Own)];

    [Fact]
    public void Every_command_takes_an_actor()
    {
        var without = Commands
            .Where(method => method.GetParameters().All(one => one.ParameterType != typeof(Actor)))
            .Select(Name)
            .Except([.. Own, .. Reading, "RuleApplier.RecoverAsync", "RuleImporter.FromTargetAsync", "RuleImporter.ReviewAsync"]);

        Assert.Empty(without);
        Assert.True(Commands.Count > 25, $"{Commands.Count} commands: not all were found.");
    }

    [Theory, MemberData(nameof(OfOthers))]
    public async Task A_viewer_is_refused_and_the_refusal_is_in_the_audit(string command)
    {
        var viewer = new Actor(null, $"viewer of {command}", Roles.Viewer, new HashSet<int>());
        var method = Commands.Single(one => Name(one) == command);
        var arguments = method
            .GetParameters()
            .Select(one =>
                one.ParameterType == typeof(Actor) ? viewer
                : one.ParameterType == typeof(CancellationToken) ? Token
                : one.ParameterType == typeof(string) ? "text"
                : one.ParameterType.IsValueType ? Activator.CreateInstance(one.ParameterType)
                : Empty(one.ParameterType)
            )
            .ToArray();
        var target = console.App.Services.GetRequiredService(method.DeclaringType!);

        for (var time = 0; time < 3; time++)
        {
            await Assert.ThrowsAsync<PermissionDeniedException>(() => (Task)method.Invoke(target, arguments)!);
        }

        await using var db = await console.Database.Contexts.CreateDbContextAsync(Token);
        var entry = await db.AuditEntries.SingleAsync(one => one.Actor == viewer.Name, Token);
        Assert.Equal(("refused", 3), (entry.Action, entry.Refusals));
        Assert.NotNull(entry.RefusedLastAt);
        Assert.NotNull(entry.Hash);
    }

    [Fact]
    public async Task A_role_limited_to_its_own_teams_edits_their_services_and_those_of_none_and_no_others()
    {
        var services = console.App.Services;
        var permissions = services.GetRequiredService<PermissionCommands>();
        await permissions.SetAsync(Roles.Editor, Permission.EditServices.Name, Reach.OwnTeam, TestActor.Admin, Token);
        await services.GetRequiredService<TeamCommands>().CreateAsync("payments", TestActor.Admin, Token);
        int team;
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
            team = (await db.Teams.SingleAsync(one => one.Name == "payments", Token)).Id;
        var commands = services.GetRequiredService<Archon.Features.Services.ServiceCommands>();
        var member = new Actor(null, "member", Roles.Editor, new HashSet<int> { team });
        var stranger = new Actor(null, "stranger", Roles.Editor, new HashSet<int>());

        Assert.IsType<Archon.Features.Services.ServiceResult.Done>(await commands.CreateAsync(1, Draft("pay", "payments"), member, Token));
        Assert.IsType<Archon.Features.Services.ServiceResult.Done>(await commands.CreateAsync(1, Draft("free", null), stranger, Token));
        var refused = await Assert.ThrowsAsync<PermissionDeniedException>(() =>
            commands.CreateAsync(1, Draft("pay2", "payments"), stranger, Token)
        );
        Assert.Equal("You may edit services of your own teams. payments is not one of them.", refused.Message);
        int pay;
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
            pay = (await db.Services.SingleAsync(one => one.Name == "pay", Token)).Id;
        await Assert.ThrowsAsync<PermissionDeniedException>(() => commands.IgnoreAsync(pay, stranger, Token));

        await permissions.SetAsync(Roles.Editor, Permission.EditServices.Name, Reach.All, TestActor.Admin, Token);
        Assert.IsType<Archon.Features.Services.ServiceResult.Done>(await commands.IgnoreAsync(pay, stranger, Token));
    }

    [Fact]
    public async Task A_role_limited_to_its_own_teams_responds_to_alerts_of_their_services_and_of_their_label()
    {
        var services = console.App.Services;
        var permissions = services.GetRequiredService<PermissionCommands>();
        await services.GetRequiredService<TeamCommands>().CreateAsync("database", TestActor.Admin, Token);
        await services
            .GetRequiredService<Archon.Features.Services.ServiceCommands>()
            .CreateAsync(1, Draft("postgres", "database"), TestActor.Admin, Token);
        int team;
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
            team = (await db.Teams.SingleAsync(one => one.Name == "database", Token)).Id;
        await permissions.SetAsync(Roles.Responder, Permissions.RespondToAlerts, Reach.OwnTeam, TestActor.Admin, Token);
        var member = new Actor(null, "member", Roles.Responder, new HashSet<int> { team });
        var stranger = new Actor(null, "stranger", Roles.Responder, new HashSet<int>());

        var refused = await Assert.ThrowsAsync<PermissionDeniedException>(() => RespondAsync(stranger, ("job", "postgres")));
        await Assert.ThrowsAsync<PermissionDeniedException>(() => RespondAsync(stranger, ("team", "database")));
        // The team of the service decides, whatever the label says.
        await Assert.ThrowsAsync<PermissionDeniedException>(() => RespondAsync(stranger, ("job", "postgres"), ("team", "other")));
        await RespondAsync(member, ("job", "postgres"));
        await RespondAsync(member, ("team", "database"));
        await RespondAsync(stranger, ("job", "of no service"));
        await RespondAsync(stranger, ("team", "unknown here"));

        Assert.Equal("You may respond to alerts of your own teams. database is not one of them.", refused.Message);
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
            Assert.Equal(4, await db.AlertResponses.CountAsync(Token));
        await permissions.SetAsync(Roles.Responder, Permissions.RespondToAlerts, Reach.All, TestActor.Admin, Token);

        Task RespondAsync(Actor actor, params (string Name, string Value)[] labels) =>
            services
                .GetRequiredService<Archon.Features.Rules.Noise.AlertResponseCommands>()
                .SetAsync(
                    1,
                    new Archon.Features.Rules.Noise.AlertFiring(
                        new SeriesLabels([new("alertname", "Slow"), .. labels.Select(one => KeyValuePair.Create(one.Name, one.Value))]),
                        From: 1_796_000_000_000,
                        To: 1_796_000_060_000
                    ),
                    ruleId: null,
                    Archon.Data.Rules.AlertResponseKind.Acknowledged,
                    isGiven: true,
                    actor,
                    Token
                );
    }

    [Fact]
    public async Task A_permission_that_would_lock_administrators_out_or_let_viewers_change_things_cannot_be_given()
    {
        var permissions = console.App.Services.GetRequiredService<PermissionCommands>();

        foreach (
            var (role, permission, reach) in ((string, Permission, Reach)[])
                [
                    (Roles.Admin, Permission.EditServices, Reach.None),
                    (Roles.Viewer, Permission.EditServices, Reach.All),
                    (Roles.Editor, Permission.ManageUsers, Reach.All),
                    (Roles.Editor, Permission.EditRules, Reach.OwnTeam),
                ]
        )
        {
            Assert.IsType<AccessResult.Invalid>(await permissions.SetAsync(role, permission.Name, reach, TestActor.Admin, Token));
        }
    }

    [Fact]
    public async Task Responders_are_given_nothing_that_would_have_no_effect_because_editors_may_not()
    {
        var permissions = console.App.Services.GetRequiredService<PermissionCommands>();
        await SetAsync(Roles.Editor, Permissions.RespondToAlerts, Reach.None);
        await SetAsync(Roles.Editor, Permissions.JudgeAnomalies, Reach.OwnTeam);

        Assert.Equal(
            new AccessResult.Invalid("Editors may not respond to alerts, so responders cannot either."),
            await SetAsync(Roles.Responder, Permissions.RespondToAlerts, Reach.All)
        );
        Assert.Equal(
            new AccessResult.Invalid("Editors may judge anomalies of their own teams only, so responders cannot of all teams."),
            await SetAsync(Roles.Responder, Permissions.JudgeAnomalies, Reach.All)
        );
        Assert.IsType<AccessResult.Done>(await SetAsync(Roles.Responder, Permissions.JudgeAnomalies, Reach.OwnTeam));
        Assert.IsType<AccessResult.Done>(await SetAsync(Roles.Responder, Permissions.RespondToAlerts, Reach.None));

        foreach (var role in (string[])[Roles.Editor, Roles.Responder])
        {
            Assert.IsType<AccessResult.Done>(await SetAsync(role, Permissions.RespondToAlerts, Reach.All));
            Assert.IsType<AccessResult.Done>(await SetAsync(role, Permissions.JudgeAnomalies, Reach.All));
        }

        Task<AccessResult> SetAsync(string role, string permission, Reach reach) =>
            permissions.SetAsync(role, permission, reach, TestActor.Admin, Token);
    }

    [Fact]
    public async Task What_a_role_may_no_longer_do_is_not_offered_and_its_page_says_why()
    {
        var permissions = console.App.Services.GetRequiredService<PermissionCommands>();
        var editor = await console.App.SignInAsRoleAsync(Roles.Editor);
        Assert.Contains(
            "href=\"/watches/new\"",
            await editor.GetStringAsync(new Uri("status", UriKind.Relative), Token),
            StringComparison.Ordinal
        );

        await permissions.SetAsync(Roles.Editor, Permissions.EditWatches, Reach.None, TestActor.Admin, Token);

        await Waits.UntilAsync(async () =>
            !(await editor.GetStringAsync(new Uri("status", UriKind.Relative), Token)).Contains(
                "href=\"/watches/new\"",
                StringComparison.Ordinal
            )
        );
        using var refused = await editor.GetAsync(new Uri("watches/new", UriKind.Relative), Token);
        Assert.Equal("/denied", refused.Headers.Location!.AbsolutePath);
        Assert.Contains(
            "Your role may not edit watches.",
            await editor.GetStringAsync(refused.Headers.Location, Token),
            StringComparison.Ordinal
        );
        await permissions.SetAsync(Roles.Editor, Permissions.EditWatches, Reach.All, TestActor.Admin, Token);
    }

    [Fact]
    public void A_responder_reaches_no_further_than_an_editor()
    {
        var decided = new Dictionary<(string, string), Reach>
        {
            [(Roles.Editor, Permissions.StartAnalysis)] = Reach.None,
            [(Roles.Responder, Permissions.JudgeAnomalies)] = Reach.OwnTeam,
        };

        Assert.Equal(Reach.None, Permission.StartAnalysis.ReachOf(Roles.Responder, decided));
        Assert.Equal(Reach.All, Permission.JudgeAnomalies.ReachOf(Roles.Editor, decided));
        Assert.Equal(Reach.OwnTeam, Permission.JudgeAnomalies.ReachOf(Roles.Responder, decided));
        Assert.Equal(Reach.None, Permission.EditServices.ReachOf(Roles.Responder, decided));
        Assert.Equal(Reach.All, Permission.EditServices.ReachOf(Roles.Admin, decided));
    }

    private static Archon.Features.Services.ServiceDraft Draft(string name, string? team) =>
        new(
            name,
            Archon.Data.Catalogue.ServiceTier.Standard,
            team,
            null,
            new Dictionary<string, string> { ["job"] = name },
            null,
            null,
            null,
            null,
            []
        );

    private static string Name(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";

    /// <summary>Something of the type that says nothing: a command that looks closer at it before the permission fails the test.</summary>
    private static object? Empty(Type type) =>
        type.IsGenericType && type.GetGenericArguments() is [var item] && type.IsAssignableFrom(item.MakeArrayType())
            ? Array.CreateInstance(item, 0)
        : type is { IsClass: true, IsAbstract: false } ? RuntimeHelpers.GetUninitializedObject(type)
        : null;
}
