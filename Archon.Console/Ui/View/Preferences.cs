namespace Archon.Ui.View;

/// <summary>What a browser remembers for its reader, handed to the circuit with the first page.</summary>
/// <param name="Zone"><c>utc</c>, <c>local</c> or an IANA name.</param>
/// <param name="BrowserZone">The IANA name of the browser's own zone.</param>
/// <param name="IsNavSlim">The navigation shows symbols alone.</param>
/// <param name="Theme"><c>dark</c>, <c>light</c> or <c>system</c>.</param>
public sealed record Preferences(string Zone, string BrowserZone, bool IsNavSlim, string Theme)
{
    public const string ThemeCookie = "archon.theme";
    public const string ZoneCookie = "archon.zone";
    public const string BrowserZoneCookie = "archon.browser-zone";
    public const string NavCookie = "archon.nav";

    public static Preferences Of(HttpRequest request) =>
        new(
            request.Cookies[ZoneCookie] ?? "utc",
            request.Cookies[BrowserZoneCookie] ?? "UTC",
            request.Cookies[NavCookie] == "slim",
            request.Cookies[ThemeCookie] is "dark" or "light" ? request.Cookies[ThemeCookie]! : "system"
        );
}
