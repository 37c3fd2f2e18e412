using Archon.Data;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Access;

public sealed class FirstAdminTests(PostgresFixture postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_consoles_that_start_at_once_make_one_administrator()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var apps = await Task.WhenAll(ArchonApp.StartAsync(database), ArchonApp.StartAsync(database));
        try
        {
            await using var db = await database.Contexts.CreateDbContextAsync(Token);
            Assert.Equal(FirstAdmin.UserName, (await db.Set<ArchonUser>().SingleAsync(Token)).UserName);
            Assert.Equal(Roles.All.Order(), await db.Set<ArchonRole>().Select(role => role.Name!).OrderBy(name => name).ToListAsync(Token));
            Assert.Equal(1, await db.AuditEntries.CountAsync(entry => entry.Action == "user.create", Token));
            // Whoever is signed in at one is signed in at the other: the keys lie in the database.
            foreach (var app in apps) (await app.SignInAsync()).Dispose();
        }
        finally
        {
            foreach (var app in apps) await app.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_made_password_lies_in_a_file_for_this_account_alone_until_it_is_changed()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Access:AdminPassword", null));
        var file = app.Services.GetRequiredService<AdminPasswordFile>().Path;
        await Until(() => File.Exists(file) && new FileInfo(file).Length > 0);

        var password = (await File.ReadAllTextAsync(file, Token)).Trim();
        Assert.Equal(app.Folder, Path.GetDirectoryName(file));
        Assert.True(password.Length >= 20);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.DoesNotContain(app.Log, line => line.Contains(password, StringComparison.Ordinal));
        (await app.SignInAsync(password: password)).Dispose();

        Assert.IsType<AccessResult.Done>(await app.Services.GetRequiredService<AccessCommands>()
            .ChangeOwnPasswordAsync(FirstAdmin.UserName, password, ArchonApp.AdminPassword, Token));

        Assert.False(File.Exists(file));
        (await app.SignInAsync()).Dispose();
    }

    [Fact]
    public async Task A_password_is_changed_also_where_the_console_keeps_nothing_on_disk()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using var app = await ArchonApp.StartAsync(database, ("Archon:Database:Folder", "/nowhere/at/all"));

        Assert.IsType<AccessResult.Done>(await app.Services.GetRequiredService<AccessCommands>()
            .ChangeOwnPasswordAsync(FirstAdmin.UserName, ArchonApp.AdminPassword, "another good password", Token));

        (await app.SignInAsync(password: "another good password")).Dispose();
    }

    [Fact]
    public async Task A_console_that_starts_again_makes_nobody_new()
    {
        await using var database = await postgres.NewDatabaseAsync();
        await using (await ArchonApp.StartAsync(database))
        {
        }

        await using var again = await ArchonApp.StartAsync(database, ("Archon:Access:AdminPassword", "another good password"));

        await using var db = await database.Contexts.CreateDbContextAsync(Token);
        Assert.Equal(1, await db.Set<ArchonUser>().CountAsync(Token));
        (await again.SignInAsync()).Dispose();
    }

    private static async Task Until(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!condition()) await Task.Delay(20, limit.Token);
    }
}
