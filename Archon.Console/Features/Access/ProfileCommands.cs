using System.Net.Mail;
using Microsoft.EntityFrameworkCore;

namespace Archon.Features.Access;

/// <summary>What people say about themselves. Empty texts are kept as none.</summary>
/// <param name="TimeZone">IANA name; empty for that of the browser.</param>
public sealed record ProfileDraft(string DisplayName, string Email, string TimeZone, string Contact);

/// <summary>Changes that people make to their own profile.</summary>
public sealed class ProfileCommands(CommandGate gate, TimeProvider clock)
{
    public const int NameLength = 128;
    public const int TextLength = 256;

    public async Task<AccessResult> SaveAsync(ProfileDraft draft, Actor actor, CancellationToken cancellationToken)
    {
        if (Fault(draft) is { } fault)
            return new AccessResult.Invalid(fault);
        await using var db = await gate.OpenOwnAsync(actor, cancellationToken);
        if (await db.Users.SingleOrDefaultAsync(one => one.Id == actor.Id, cancellationToken) is not { } user)
            return new AccessResult.NotFound();
        user.DisplayName = Blank(draft.DisplayName);
        user.Email = Blank(draft.Email);
        user.NormalizedEmail = user.Email?.ToUpperInvariant();
        user.TimeZone = Blank(draft.TimeZone);
        user.Contact = Blank(draft.Contact);
        if (!db.ChangeTracker.HasChanges())
            return new AccessResult.Done();
        db.Note(clock.GetUtcNow(), "profile.edit", AccessCommands.Subject(user), null, environmentId: null, user.UserName);
        return await db.SaveOrExplainAsync(cancellationToken);
    }

    private static string? Fault(ProfileDraft draft) =>
        draft.DisplayName.Trim().Length > NameLength ? $"A name has at most {NameLength} characters."
        : draft.Email.Trim().Length > TextLength || (Blank(draft.Email) is { } email && !IsAddress(email))
            ? "The e-mail address must look like name@example.org."
        : Blank(draft.TimeZone) is { } zone && !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)
            ? $"There is no time zone {zone}. Time zones are named like Europe/Berlin."
        : draft.Contact.Trim().Length > TextLength ? $"Contact has at most {TextLength} characters."
        : null;

    // MailAddress also takes "Anna <anna@example.org>".
    private static bool IsAddress(string text) => MailAddress.TryCreate(text, out var address) && address.Address == text;

    private static string? Blank(string text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
