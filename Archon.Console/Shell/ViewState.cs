using System.Globalization;
using Archon.Analysis.Series;
using Archon.Data.Catalogue;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Archon.Shell;

/// <summary>
/// What one reader looks at: environment, time range, zone, and whether the pages stand still. Range and zone are in the address, so
/// that a link or a lost circuit brings back the same view.
/// </summary>
public sealed class ViewState : IDisposable
{
    public const string DefaultFrom = "now-1h";
    public const string DefaultTo = "now";

    private readonly TimeProvider clock;
    private readonly NavigationManager navigation;
    private Preferences preferences = new("utc", "UTC", IsNavSlim: false, "system");

    public ViewState(TimeProvider clock, NavigationManager navigation)
    {
        this.clock = clock;
        this.navigation = navigation;
        Read(navigation.Uri);
        navigation.LocationChanged += Moved;
    }

    /// <summary>Raised when anything here changed, on the circuit's own thread.</summary>
    public event Action? Changed;

    public int EnvironmentId { get; private set; } = MonitoredEnvironment.DefaultId;
    public bool Paused { get; private set; }

    /// <summary>The ends as they were written, which is what the address keeps.</summary>
    public string From { get; private set; } = DefaultFrom;
    public string To { get; private set; } = DefaultTo;

    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;

    /// <summary>As people read it: <c>UTC</c>, or an IANA name that a browser knows too.</summary>
    public string ZoneName => Zone == TimeZoneInfo.Utc ? "UTC" : Zone.Id;

    /// <summary>The range now. One that ends at <c>now</c> moves on with each reading.</summary>
    public TimeRange Range
    {
        get
        {
            var now = clock.GetUtcNow();
            return RangeText.TryParse(From, now, Zone, isEnd: false, out var start) && RangeText.TryParse(To, now, Zone, isEnd: true, out var end) && start < end
                ? new TimeRange(start, end) : new TimeRange(now - TimeSpan.FromHours(1), now);
        }
    }

    /// <summary>The range in words: <c>Last 6 h</c>, or its two ends.</summary>
    public string RangeWords
    {
        get
        {
            if (To == DefaultTo && From.StartsWith("now-", StringComparison.Ordinal) && RangeText.TryLength(From[4..], out var length)) return $"Last {Words(From[4..])}";
            if (From.StartsWith("now", StringComparison.Ordinal)) return $"{From} to {To}";
            var (range, now) = (Range, clock.GetUtcNow());
            return $"{Stamp(range.Start, now)} to {Stamp(range.End, now)}";
        }
    }

    /// <summary><c>6h</c> as <c>6 h</c>.</summary>
    private static string Words(string length) => $"{length[..^1].Trim()} {(length[^1] == 'm' ? "min" : length[^1])}";

    public void Use(Preferences wanted)
    {
        preferences = wanted;
        if (!HasQuery(navigation.Uri, "tz")) SetZone(wanted.Zone);
    }

    public void ChooseEnvironment(int id)
    {
        if (EnvironmentId == id) return;
        EnvironmentId = id;
        Write();
    }

    public void Pause(bool paused)
    {
        Paused = paused;
        Changed?.Invoke();
    }

    /// <returns>False when one of the ends cannot be read, or they are the wrong way round; nothing changes then.</returns>
    public bool TryShow(string from, string to)
    {
        var now = clock.GetUtcNow();
        if (!RangeText.TryParse(from, now, Zone, isEnd: false, out var start) || !RangeText.TryParse(to, now, Zone, isEnd: true, out var end) || start >= end) return false;
        (From, To) = (from.Trim(), to.Trim());
        Write();
        return true;
    }

    public void Show(TimeRange range) => TryShow(
        range.Start.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), range.End.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));

    /// <summary>Moves the range by half its length.</summary>
    public void Shift(bool later)
    {
        var range = Range;
        var by = range.Length / 2 * (later ? 1 : -1);
        var end = range.End + by;
        if (later && end >= clock.GetUtcNow()) TryShow($"now-{Math.Max(1, (int)range.Length.TotalSeconds)}s", DefaultTo);
        else Show(new TimeRange(range.Start + by, end));
    }

    /// <summary>UTC, then the browser's own zone, then UTC again.</summary>
    public string NextZone()
    {
        var next = Zone == TimeZoneInfo.Utc ? "local" : "utc";
        SetZone(next);
        Write();
        return next;
    }

    /// <summary><c>03:07:18</c> today, <c>Wed 21:47</c> within a week, <c>20 Sep 11:20</c> otherwise.</summary>
    public string Stamp(DateTimeOffset at, DateTimeOffset now)
    {
        var (there, here) = (TimeZoneInfo.ConvertTime(at, Zone), TimeZoneInfo.ConvertTime(now, Zone));
        var format = there.Date == here.Date ? "HH:mm:ss"
            : (here.Date - there.Date).Duration().TotalDays < 7 ? "ddd HH:mm"
            : there.Year == here.Year ? "d MMM HH:mm" : "d MMM yyyy HH:mm";
        return there.ToString(format, CultureInfo.InvariantCulture);
    }

    public string Exact(DateTimeOffset at) =>
        $"{TimeZoneInfo.ConvertTime(at, Zone).ToString("ddd d MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} {ZoneName}";

    public void Dispose() => navigation.LocationChanged -= Moved;

    private void Moved(object? sender, LocationChangedEventArgs moved)
    {
        if (Read(moved.Location)) Changed?.Invoke();
    }

    /// <summary>A link without a range keeps the one that is shown.</summary>
    private bool Read(string address)
    {
        var query = System.Web.HttpUtility.ParseQueryString(new Uri(address).Query);
        var before = (From, To, ZoneName, EnvironmentId);
        if (int.TryParse(query["env"], NumberStyles.None, CultureInfo.InvariantCulture, out var environment) && environment > 0) EnvironmentId = environment;
        if (query["tz"] is { } zone) SetZone(zone);
        var now = clock.GetUtcNow();
        if (query["from"] is { } from && RangeText.TryParse(from, now, Zone, isEnd: false, out _)) From = from;
        if (query["to"] is { } to && RangeText.TryParse(to, now, Zone, isEnd: true, out _)) To = to;
        return before != (From, To, ZoneName, EnvironmentId);
    }

    private void Write()
    {
        navigation.NavigateTo(
            navigation.GetUriWithQueryParameters(new Dictionary<string, object?>
            {
                ["from"] = From == DefaultFrom && To == DefaultTo ? null : From,
                ["to"] = From == DefaultFrom && To == DefaultTo ? null : To,
                ["env"] = EnvironmentId == MonitoredEnvironment.DefaultId ? null : EnvironmentId,
                ["tz"] = Zone == TimeZoneInfo.Utc ? null : Zone.Id,
            }),
            new NavigationOptions { ReplaceHistoryEntry = true });
        Changed?.Invoke();
    }

    private void SetZone(string zone)
    {
        var wanted = zone switch { "utc" or "UTC" => "UTC", "local" => preferences.BrowserZone, _ => zone };
        Zone = wanted != "UTC" && TimeZoneInfo.TryFindSystemTimeZoneById(wanted, out var found) ? found : TimeZoneInfo.Utc;
    }

    private static bool HasQuery(string address, string name) => System.Web.HttpUtility.ParseQueryString(new Uri(address).Query)[name] is not null;
}
