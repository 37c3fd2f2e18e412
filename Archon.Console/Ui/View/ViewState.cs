using System.Globalization;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Ui.Format;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Archon.Ui.View;

/// <summary>
/// What one reader looks at: environment, time range, zone, how often pages read again and whether they stand still. All but the last
/// is in the address, so that a link or a lost circuit brings back the same view.
/// </summary>
public sealed class ViewState : IDisposable
{
    public const string DefaultFrom = "now-1h";
    public const string DefaultTo = "now";
    private const int RecentKept = 4;
    private static readonly TimeSpan LeastRefresh = TimeSpan.FromSeconds(5);

    private readonly ConfiguredEnvironment configured;
    private readonly TimeProvider clock;
    private readonly NavigationManager navigation;
    private Preferences preferences = new("utc", "UTC", IsNavSlim: false, "system");
    private (string From, string To)? chosen;
    private (string From, string To)? suggested;
    private readonly List<(string From, string To)> recent = [];

    public ViewState(ConfiguredEnvironment configured, TimeProvider clock, NavigationManager navigation)
    {
        this.configured = configured;
        EnvironmentId = configured.Id;
        this.clock = clock;
        this.navigation = navigation;
        Read(navigation.Uri);
        navigation.LocationChanged += Moved;
    }

    /// <summary>Raised when anything here changed, on the circuit's own thread.</summary>
    public event Action? Changed;

    public int EnvironmentId { get; private set; }

    /// <summary>Since when the pages stand still; null while they are live.</summary>
    public DateTimeOffset? PausedAt { get; private set; }
    public bool Paused => PausedAt is not null;

    /// <summary>Raised when environments were made or removed.</summary>
    public event Action? EnvironmentsChanged;

    /// <summary>How many things came while the page stood still.</summary>
    public int Waiting { get; private set; }

    /// <summary>Raised when the reader wants to see what came, and to stay paused.</summary>
    public event Action? ShowWaiting;

    /// <summary>The least time between two readings of a page; null for as it comes.</summary>
    public TimeSpan? RefreshEvery { get; private set; }

    /// <summary>The ends as they were written: the reader's, else what the page suggests, else the last hour.</summary>
    public string From => (chosen ?? suggested)?.From ?? DefaultFrom;
    public string To => (chosen ?? suggested)?.To ?? DefaultTo;

    /// <summary>A person chose the range; what a page suggests gives way to it.</summary>
    public bool IsRangeChosen => chosen is not null;

    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;

    /// <summary>As people read it: <c>UTC</c>, or an IANA name that a browser knows too.</summary>
    public string ZoneName => Zone.Equals(TimeZoneInfo.Utc) ? "UTC" : Zone.Id;

    /// <summary>The range now. One that ends at <c>now</c> moves on with each reading.</summary>
    public TimeRange Range
    {
        get
        {
            TryRange(From, To, out var range);
            return range;
        }
    }

    public string RangeWords => WordsOf(From, To);

    /// <summary>What the reader chose before, newest first.</summary>
    public IReadOnlyList<(string From, string To)> RecentRanges => recent;

    /// <summary>A range in words: <c>Last 6 h</c>, <c>Today</c>, or its two ends.</summary>
    public string WordsOf(string from, string to)
    {
        switch (from, to)
        {
            case ("now/d", DefaultTo):
                return "Today";
            case ("now-1d/d", "now-1d/d"):
                return "Yesterday";
        }
        if (to == DefaultTo && from.StartsWith("now-", StringComparison.Ordinal) && RangeText.TryLength(from[4..], out var length))
            return $"Last {Ages.Exactly(length)}";
        if (from.StartsWith("now", StringComparison.Ordinal) || !TryRange(from, to, out var range))
            return $"{from} to {to}";
        var now = clock.GetUtcNow();
        return $"{Stamp(range.Start, now)} to {Stamp(range.End, now)}";
    }

    /// <returns>False when one of the ends cannot be read, or they are the wrong way round; the range is the last hour then.</returns>
    public bool TryRange(string from, string to, out TimeRange range)
    {
        var now = clock.GetUtcNow();
        range = new TimeRange(now - TimeSpan.FromHours(1), now);
        if (
            !RangeText.TryParse(from, now, Zone, isEnd: false, out var start)
            || !RangeText.TryParse(to, now, Zone, isEnd: true, out var end)
            || start >= end
        )
            return false;
        range = new TimeRange(start, end);
        return true;
    }

    public void Use(Preferences wanted)
    {
        preferences = wanted;
        if (!HasQuery(navigation.Uri, "tz"))
            SetZone(wanted.Zone);
    }

    public void NoteEnvironments() => EnvironmentsChanged?.Invoke();

    /// <summary>The environment that an address of the console shows: the one that it names, else the present one.</summary>
    public int EnvironmentOf(string address)
    {
        var named = System.Web.HttpUtility.ParseQueryString(new Uri(address).Query)["env"];
        return int.TryParse(named, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0 ? id : EnvironmentId;
    }

    public void ChooseEnvironment(int id)
    {
        if (EnvironmentId == id)
            return;
        EnvironmentId = id;
        Write();
    }

    public void Pause(bool paused)
    {
        if (paused == Paused)
            return;
        (PausedAt, Waiting) = (paused ? clock.GetUtcNow() : null, 0);
        Changed?.Invoke();
    }

    /// <summary>Told by a page that stands still, when it found out how much is new.</summary>
    public void NoteWaiting(int count)
    {
        if (Waiting == count)
            return;
        Waiting = count;
        Changed?.Invoke();
    }

    public void ShowWhatWaits()
    {
        ShowWaiting?.Invoke();
        if (!Paused)
            return;
        (PausedAt, Waiting) = (clock.GetUtcNow(), 0);
        Changed?.Invoke();
    }

    public void RefreshAtMost(TimeSpan? every)
    {
        RefreshEvery = every;
        Write();
    }

    /// <summary>The range that fits what the page is about, for as long as nobody chose one. It does not go into the address.</summary>
    public void Suggest(string? from, string? to)
    {
        var wanted = from is null || to is null ? ((string, string)?)null : (from, to);
        if (suggested == wanted)
            return;
        suggested = wanted;
        Changed?.Invoke();
    }

    public void Suggest(TimeRange range) => Suggest(Milliseconds(range.Start), Milliseconds(range.End));

    /// <summary>Back to what the page suggests.</summary>
    public void ForgetRange()
    {
        if (chosen is null)
            return;
        chosen = null;
        Write();
    }

    /// <returns>False when one of the ends cannot be read, or they are the wrong way round; nothing changes then.</returns>
    public bool TryShow(string from, string to)
    {
        (from, to) = (from.Trim(), to.Trim());
        if (!TryRange(from, to, out _))
            return false;
        chosen = (from, to);
        recent.Remove((from, to));
        recent.Insert(0, (from, to));
        if (recent.Count > RecentKept)
            recent.RemoveAt(RecentKept);
        Write();
        return true;
    }

    public void Show(TimeRange range) => TryShow(Milliseconds(range.Start), Milliseconds(range.End));

    /// <summary>Twice as long around the same middle; where it would reach into the future it ends now.</summary>
    public void ZoomOut()
    {
        var range = Range;
        var (start, end) = (range.Start - (range.Length / 2), range.End + (range.Length / 2));
        if (end >= clock.GetUtcNow())
            TryShow($"now-{Math.Max(1, (int)(range.Length * 2).TotalSeconds)}s", DefaultTo);
        else
            Show(new TimeRange(start, end));
    }

    /// <summary>Moves the range by half its length.</summary>
    public void Shift(bool later)
    {
        var range = Range;
        var by = range.Length / 2 * (later ? 1 : -1);
        var end = range.End + by;
        if (later && end >= clock.GetUtcNow())
            TryShow($"now-{Math.Max(1, (int)range.Length.TotalSeconds)}s", DefaultTo);
        else
            Show(new TimeRange(range.Start + by, end));
    }

    /// <summary>UTC, then the browser's own zone, then UTC again.</summary>
    public string NextZone()
    {
        var next = Zone.Equals(TimeZoneInfo.Utc) ? "local" : "utc";
        SetZone(next);
        Write();
        return next;
    }

    /// <summary><c>03:07:18</c> today, <c>Wed 21:47</c> within a week, <c>20 Sep 11:20</c> otherwise.</summary>
    public string Stamp(DateTimeOffset at, DateTimeOffset now)
    {
        var (there, here) = (TimeZoneInfo.ConvertTime(at, Zone), TimeZoneInfo.ConvertTime(now, Zone));
        var format =
            there.Date == here.Date ? "HH:mm:ss"
            : (here.Date - there.Date).Duration().TotalDays < 7 ? "ddd HH:mm"
            : there.Year == here.Year ? "d MMM HH:mm"
            : "d MMM yyyy HH:mm";
        return there.ToString(format, CultureInfo.InvariantCulture);
    }

    public string Exact(DateTimeOffset at) =>
        $"{TimeZoneInfo.ConvertTime(at, Zone).ToString("ddd d MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} {ZoneName}";

    public void Dispose() => navigation.LocationChanged -= Moved;

    private void Moved(object? sender, LocationChangedEventArgs moved)
    {
        if (Read(moved.Location))
            Changed?.Invoke();
    }

    /// <summary>A link without a range keeps the one that is shown.</summary>
    private bool Read(string address)
    {
        var query = System.Web.HttpUtility.ParseQueryString(new Uri(address).Query);
        var before = (From, To, ZoneName, EnvironmentId, RefreshEvery);
        EnvironmentId = EnvironmentOf(address);
        if (query["tz"] is { } zone)
            SetZone(zone);
        if ((query["from"] ?? query["to"]) is not null)
        {
            var (from, to) = (query["from"] ?? DefaultFrom, query["to"] ?? DefaultTo);
            if (TryRange(from, to, out _))
                chosen = (from, to);
        }
        if (query["refresh"] is { } every)
            RefreshEvery = RangeText.TryLength(every, out var length) && length >= LeastRefresh ? length : null;
        return before != (From, To, ZoneName, EnvironmentId, RefreshEvery);
    }

    /// <summary>A link within the console names only where it leads: what the reader looks at is added to the address, or the next reader of it would see another view.</summary>
    public void KeepInAddress()
    {
        var whole = Address();
        if (whole != navigation.Uri)
            navigation.NavigateTo(whole, new NavigationOptions { ReplaceHistoryEntry = true });
    }

    private void Write()
    {
        KeepInAddress();
        Changed?.Invoke();
    }

    private string Address() =>
        navigation.GetUriWithQueryParameters(
            new Dictionary<string, object?>
            {
                ["from"] = chosen?.From,
                ["to"] = chosen?.To,
                ["refresh"] = RefreshEvery is { } every ? $"{(int)every.TotalSeconds}s" : null,
                ["env"] = EnvironmentId == configured.Id ? null : EnvironmentId,
                ["tz"] = Zone.Equals(TimeZoneInfo.Utc) ? null : Zone.Id,
            }
        );

    private void SetZone(string zone)
    {
        var wanted = zone switch
        {
            "utc" or "UTC" => "UTC",
            "local" => preferences.BrowserZone,
            _ => zone,
        };
        Zone = wanted != "UTC" && TimeZoneInfo.TryFindSystemTimeZoneById(wanted, out var found) ? found : TimeZoneInfo.Utc;
    }

    private static string Milliseconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private static bool HasQuery(string address, string name) =>
        System.Web.HttpUtility.ParseQueryString(new Uri(address).Query)[name] is not null;
}
