using System.Security.Cryptography;
using Archon.Data;
using Archon.Data.Access;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>Makes the roles, and on a database without users the first administrator.</summary>
internal sealed partial class FirstAdmin(
    IServiceScopeFactory scopes, ArchonDatabase database, AdminPasswordFile file, IOptions<AccessOptions> options, TimeProvider clock, ILogger<FirstAdmin> logger)
    : BackgroundService
{
    public const string UserName = "admin";

    // No 0, O, 1, l or I: it is typed by hand from a terminal.
    private const string Alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    private const int Length = 20;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await database.WhenReadyAsync(stoppingToken);
                await MakeAsync(stoppingToken);
                return;
            }
            catch (System.Data.Common.DbException failure)
            {
                LogRetry(failure.Message);
                await Task.Delay(Retry, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // the console stops
            }
        }
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ArchonDbContext>();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        // Two consoles may meet on an empty database; the second finds what the first made.
        await db.Database.ExecuteSqlRawAsync("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE", cancellationToken);
        var roles = scope.ServiceProvider.GetRequiredService<RoleManager<ArchonRole>>();
        foreach (var role in Roles.All)
        {
            if (!await roles.RoleExistsAsync(role)) Check(await roles.CreateAsync(new ArchonRole { Name = role }));
        }
        string? password = null;
        if (!await db.Users.AnyAsync(cancellationToken))
        {
            password = options.Value.AdminPassword ?? RandomNumberGenerator.GetString(Alphabet, Length);
            var users = scope.ServiceProvider.GetRequiredService<UserManager<ArchonUser>>();
            var admin = new ArchonUser { UserName = UserName, CreatedAt = clock.GetUtcNow(), LockoutEnabled = true };
            Check(await users.CreateAsync(admin, password));
            Check(await users.AddToRoleAsync(admin, Roles.Admin));
            db.AuditEntries.Add(new AuditEntry { At = clock.GetUtcNow(), Actor = "archon", Action = "user.create", Subject = UserName, Detail = "first administrator" });
            await db.SaveChangesAsync(cancellationToken);
        }
        await transaction.CommitAsync(cancellationToken);
        if (password is null || options.Value.AdminPassword is not null) return;
        await file.WriteAsync(password, cancellationToken);
        // To a person's terminal only: a redirected stream is a log, and secrets do not go there.
        if (!System.Console.IsOutputRedirected) System.Console.WriteLine($"Sign in as {UserName} with password: {password}");
        LogMade(UserName, file.Path);
    }

    private static void Check(IdentityResult result)
    {
        if (!result.Succeeded) throw new InvalidOperationException(string.Join(" ", result.Errors.Select(error => error.Description)));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Made the first administrator, {User}; the password is in {File} until it is changed")]
    private partial void LogMade(string user, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The roles could not be made yet, trying again: {Reason}")]
    private partial void LogRetry(string reason);
}

/// <summary>The first administrator's password in a file that only this account may read, gone once it is changed.</summary>
public sealed class AdminPasswordFile(IOptions<DatabaseOptions> options)
{
    public string Path => System.IO.Path.Combine(options.Value.Folder, "admin-password");

    internal async Task WriteAsync(string password, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(options.Value.Folder);
        File.Delete(Path);
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var stream = new FileStream(Path, creation);
        await using var writer = new StreamWriter(stream);
        await writer.WriteLineAsync(password.AsMemory(), cancellationToken);
    }

    public void Delete()
    {
        // With a password of its own, or a database elsewhere, there may not even be a folder.
        if (File.Exists(Path)) File.Delete(Path);
    }
}
