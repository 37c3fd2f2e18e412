using System.Security.Cryptography;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Background;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Makes the roles, and on a database without users the first administrator.</summary>
internal sealed partial class FirstAdmin(
    IServiceScopeFactory scopes,
    ArchonDatabase database,
    AdminPasswordFile file,
    IOptions<AccessOptions> options,
    Supervision supervision,
    TimeProvider clock,
    ILogger<FirstAdmin> logger
) : SupervisedService("First administrator", supervision)
{
    public const string UserName = "admin";

    // No 0, O, 1, l or I: it is typed by hand from a terminal.
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    private const int Length = 20;

    internal static string NewPassword() => RandomNumberGenerator.GetString(Alphabet, Length);

    protected override async Task RunAsync(CancellationToken stoppingToken)
    {
        await database.WhenReadyAsync(stoppingToken);
        await MakeAsync(stoppingToken);
    }

    protected override string? Describe(Exception failure) =>
        failure is IOException or UnauthorizedAccessException
            ? $"No administrator was made: the password cannot be written to {file.Path}: {failure.Message} "
                + "Make the folder writable, or set Archon:Access:AdminPassword."
            : base.Describe(failure);

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ArchonDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two consoles may meet on an empty database; the second finds what the first made.
        await LockUsersAsync(db, cancellationToken);
        var roles = scope.ServiceProvider.GetRequiredService<RoleManager<ArchonRole>>();
        foreach (var role in Roles.All)
        {
            if (!await roles.RoleExistsAsync(role))
                Check(await roles.CreateAsync(new ArchonRole { Name = role }));
        }
        string? password = null;
        var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
        if (await db.Users.AnyAsync(cancellationToken))
        {
            await ForgetPasswordOfNoOneAsync(users);
        }
        else
        {
            password = options.Value.AdminPassword ?? NewPassword();
            var admin = new ArchonUser { UserName = UserName, CreatedAt = clock.GetUtcNow() };
            db.AuditAs(null, "archon");
            db.Note(clock.GetUtcNow(), "user.create", AccessCommands.Subject(admin), "first administrator", environmentId: null, UserName);
            Check(await users.CreateAsync(admin, password));
            Check(await users.AddToRoleAsync(admin, Roles.Admin));
            await db.SaveChangesAsync(cancellationToken);
            // Before the commit: a console that is killed in between must not leave an administrator whose password nobody knows. What it does leave is a
            // file without an administrator, which the next start writes anew.
            if (options.Value.AdminPassword is null)
                await file.WriteAsync(password, cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        if (password is null || options.Value.AdminPassword is not null)
            return;
        // To a person's terminal only: a redirected stream is a log, and secrets do not go there.
        if (!System.Console.IsOutputRedirected)
            System.Console.WriteLine($"Sign in as {UserName} with password: {password}");
        LogMade(UserName, file.Path);
    }

    /// <summary>Until the transaction ends nobody else makes a user or a first password.</summary>
    internal static Task LockUsersAsync(ArchonDbContext db, CancellationToken cancellationToken) =>
        db.Database.ExecuteSqlRawAsync("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", cancellationToken);

    /// <summary>A file that a killed or another console left, with a password that opens nothing, would only mislead.</summary>
    private async Task ForgetPasswordOfNoOneAsync(UserManager<ArchonUser> users)
    {
        if (file.Read() is not { } password)
            return;
        if (await users.FindByNameAsync(UserName) is { } admin && await users.CheckPasswordAsync(admin, password))
            return;
        file.Delete();
        LogForgot(file.Path, UserName);
    }

    private static void Check(IdentityResult result)
    {
        if (!result.Succeeded)
            throw new InvalidOperationException(string.Join(" ", result.Errors.Select(error => error.Description)));
    }

    [LoggerMessage(
        Level = LogLevel.Information,
        Message = "Made the first administrator, {User}; the password is in {File} until it is changed"
    )]
    private partial void LogMade(string user, string file);

    [LoggerMessage(Level = LogLevel.Information, Message = "Deleted {File}: the password in it is not that of {User}")]
    private partial void LogForgot(string file, string user);
}

/// <summary>The first administrator's password in a file that only this account may read, gone once it is changed.</summary>
public sealed class AdminPasswordFile(IOptions<DatabaseOptions> options)
{
    public string Path => PathOf(FirstAdmin.UserName);

    /// <summary>That of an administrator with another name has its name in it.</summary>
    public string PathOf(string user) =>
        System.IO.Path.Combine(options.Value.Folder, user == FirstAdmin.UserName ? "admin-password" : $"admin-password-of-{user}");

    /// <summary>Writes it as a whole or not at all, and to the disk before it returns.</summary>
    internal async Task WriteAsync(string password, CancellationToken cancellationToken, string user = FirstAdmin.UserName)
    {
        Directory.CreateDirectory(options.Value.Folder);
        var unfinished = PathOf(user) + ".new";
        File.Delete(unfinished);
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using (var stream = new FileStream(unfinished, creation))
        {
            await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(password + "\n"), cancellationToken);
            stream.Flush(flushToDisk: true);
        }
        File.Move(unfinished, PathOf(user), overwrite: true);
    }

    /// <summary>Null where there is none, or none that can be read.</summary>
    internal string? Read(string user = FirstAdmin.UserName)
    {
        try
        {
            return File.Exists(PathOf(user)) ? File.ReadAllText(PathOf(user)).Trim() : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Delete(string user = FirstAdmin.UserName)
    {
        // With a password of its own, or a database elsewhere, there may not even be a folder.
        if (File.Exists(PathOf(user)))
            File.Delete(PathOf(user));
    }
}
