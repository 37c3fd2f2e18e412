using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class ProfileCommandsTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task People_keep_their_own_profile_and_what_is_wrong_in_it_is_named()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var user = new ArchonUser { UserName = "ada", NormalizedUserName = "ADA" };
        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        db.Users.Add(user);
        await db.SaveChangesAsync(Token);
        var commands = new ProfileCommands(TestActor.Gate(database.Contexts), TimeProvider.System);
        var ada = new Actor(user.Id, "ada", Roles.Viewer, new HashSet<int>());

        Assert.IsType<AccessResult.Done>(
            await commands.SaveAsync(new ProfileDraft("Ada", "ada@example.org", "Europe/Berlin", "+49 30 1"), ada, Token)
        );
        await db.Entry(user).ReloadAsync(Token);
        Assert.Equal(
            ("Ada", "ada@example.org", "ADA@EXAMPLE.ORG", "Europe/Berlin", "+49 30 1"),
            (user.DisplayName, user.Email, user.NormalizedEmail, user.TimeZone, user.Contact)
        );

        foreach (
            var (draft, fault) in ((ProfileDraft, string)[])
                [
                    (new("", "Ada <ada@example.org>", "", ""), "The e-mail address must look like name@example.org."),
                    (new("", "ada", "", ""), "The e-mail address must look like name@example.org."),
                    (new("", "", "Berlin", ""), "There is no time zone Berlin. Time zones are named like Europe/Berlin."),
                ]
        )
        {
            Assert.Equal(new AccessResult.Invalid(fault), await commands.SaveAsync(draft, ada, Token));
        }
        Assert.IsType<AccessResult.Done>(await commands.SaveAsync(new ProfileDraft("", "", "", ""), ada, Token));
        await db.Entry(user).ReloadAsync(Token);
        Assert.Null(user.Email);
        Assert.Equal(2, await db.AuditEntries.CountAsync(entry => entry.Action == "profile.edit" && entry.ActorId == user.Id, Token));
    }
}
