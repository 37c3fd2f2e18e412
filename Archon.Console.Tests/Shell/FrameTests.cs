using System.Collections.Concurrent;
using Archon.Integrations;
using Archon.Live;
using Archon.Shell;
using Archon.Tests.Kit;
using Archon.Ui.Forms;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Shell;

/// <summary>What stands around every page.</summary>
public sealed class FrameTests : BunitContext
{
    private readonly FakeTimeProvider clock;

    private readonly BunitAuthorizationContext reader;

    public FrameTests()
    {
        clock = this.AddShellParts();
        reader = this.AddAuthorization();
        reader.SetAuthorized("ada");
    }

    [Fact]
    public async Task The_palette_has_pages_actions_with_their_keys_and_what_the_features_find()
    {
        Services.AddSingleton(new PaletteEntry("Setting", "Settings: Audit", "/settings?tab=audit", "settings"));
        Services.AddSingleton<IPaletteSource>(new Catalogue("pay\u202Eload"));

        var answer = await Render<Palette>().Instance.FindAsync("");

        Assert.Equal((true, false), (answer.IsWhole, answer.IsFailed));
        Assert.Contains(answer.Entries, entry => entry is { Kind: "Page", Href: "/anomalies", Keys: "g n" });
        Assert.Contains(answer.Entries, entry => entry is { Kind: "Action", IsAction: true, Href: "p", Keys: "p" });
        Assert.Contains(answer.Entries, entry => entry is { Kind: "Setting", Href: "/settings?tab=audit" });
        Assert.Contains(answer.Entries, entry => entry is { Kind: "Service", Name: "pay\u202Eload", Shown: @"pay\u202Eload" });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_palette_offers_only_what_its_reader_may_open(bool mayEdit)
    {
        if (mayEdit)
            reader.SetPolicies("watches.edit");
        Services.AddSingleton(
            new PaletteEntry("Setting", "Settings: Users", "/settings?tab=users", "settings") { Policy = "watches.edit" }
        );
        Services.AddSingleton<IPaletteSource>(new Catalogue("checkout") { Policy = "watches.edit" });

        var answer = await Render<Palette>().Instance.FindAsync("");

        Assert.Equal(mayEdit, answer.Entries.Any(entry => entry.Kind is "Setting"));
        Assert.Equal(mayEdit, answer.Entries.Any(entry => entry.Name == "checkout"));
    }

    [Fact]
    public async Task What_is_too_much_for_the_palette_at_once_is_asked_for_by_what_was_typed()
    {
        Services.AddSingleton<IPaletteSource>(new Catalogue([.. Enumerable.Range(0, 2000).Select(at => $"service-{at:0000}")]));
        var palette = Render<Palette>().Instance;

        Assert.False((await palette.FindAsync("")).IsWhole);
        Assert.Equal("service-1234", Assert.Single((await palette.FindAsync("1234")).Entries).Name);
    }

    [Fact]
    public async Task The_palette_still_reaches_pages_when_the_catalogue_cannot_be_read()
    {
        Services.AddSingleton<IPaletteSource>(new AwayCatalogue());

        var answer = await Render<Palette>().Instance.FindAsync("");

        Assert.True(answer.IsFailed);
        Assert.Contains(answer.Entries, entry => entry.Href == "/anomalies");
    }

    [Fact]
    public void A_range_of_the_palette_is_shown()
    {
        Render<Palette>().Instance.ShowRange("now-6h", "now");

        Assert.Equal("now-6h", Services.GetRequiredService<ViewState>().From);
    }

    [Fact]
    public void A_pace_is_chosen_and_said_on_the_button()
    {
        var floats = this.RenderFloats();
        var picker = Render<RefreshPicker>();

        picker.Find("[aria-haspopup=menu]").Click();
        floats.WaitForElements("[role=menuitemradio]")[2].Click();

        picker.WaitForAssertion(() => Assert.Contains("1 min", picker.Find("[aria-haspopup=menu]").TextContent, StringComparison.Ordinal));
        Assert.Equal(TimeSpan.FromMinutes(1), Services.GetRequiredService<ViewState>().RefreshEvery);
        floats.WaitForAssertion(() => Assert.Empty(floats.FindAll("[role=menu]")));
    }

    [Fact]
    public async Task Counts_follow_their_source_go_when_no_one_knows_and_start_anew_in_another_environment()
    {
        var source = new StagedCounts(clock);
        var view = Services.GetRequiredService<ViewState>();
        using var counts = new NavCounts([source], Services.GetRequiredService<SnapshotCache>(), view, clock);
        source.Say(1, new NavCount(5, true, "5 open"));
        source.Say(2, new NavCount(1, false, "1 open"));

        counts.Follow();
        await UntilAsync(() => counts["/anomalies"] is { Number: 5, IsCritical: true });
        source.Say(1, null);
        await UntilAsync(() => counts["/anomalies"] is null);
        view.ChooseEnvironment(2);
        await UntilAsync(() => counts["/anomalies"] is { Number: 1 });

        Task UntilAsync(Func<bool> isSo) =>
            Waits.UntilAsync(() =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return isSo();
            });
    }

    [Fact]
    public async Task A_draft_is_written_down_when_it_changes_and_comes_back_once()
    {
        var keep = JSInterop.SetupVoid("archon.drafts.keep", _ => true).SetVoidResult();
        JSInterop.Setup<string?>("archon.drafts.take", "service/new").SetResult("""{"Name":"checkout"}""");
        var drafts = new Drafts(JSInterop.JSRuntime);

        await drafts.KeepAsync("service/new", new Draft(""));
        await drafts.KeepAsync("service/new", new Draft(""));
        Assert.Empty(keep.Invocations); // as it was read: nothing has been written yet
        await drafts.KeepAsync("service/new", new Draft("check"));

        Assert.Single(keep.Invocations);
        Assert.Equal("checkout", (await drafts.TakeAsync<Draft>("service/new"))!.Name);
    }

    [Fact]
    public void A_source_that_is_away_is_reported_once_with_the_age_of_what_is_shown()
    {
        var health = new UpstreamHealth(
            new ConfiguredEnvironment(1),
            [new Upstream("Prometheus", new Uri("http://localhost:9090"))],
            clock
        );
        Services.AddSingleton(health);
        var note = Render<UpstreamNote>(p => p.Add(c => c.Name, "Prometheus"));

        health.Answered("Prometheus");
        Assert.Empty(note.FindAll("[role=status]"));
        health.Failed("Prometheus", "Nothing listens there.");

        note.WaitForAssertion(() =>
            Assert.Contains(
                "Prometheus has not responded since 03:07:18.",
                note.Find("[role=status]").TextContent,
                StringComparison.Ordinal
            )
        );
        Assert.Contains("Showing what was known then", note.Find("[role=status]").TextContent, StringComparison.Ordinal);
        Assert.Contains("Nothing listens there.", note.Find("[role=status]").TextContent, StringComparison.Ordinal);
    }

    private sealed record Draft(string Name);

    private sealed class Catalogue(params string[] names) : IPaletteSource
    {
        public string? Policy { get; init; }

        public Task<IReadOnlyList<PaletteEntry>> SearchAsync(
            int environmentId,
            string text,
            int limit,
            CancellationToken cancellationToken
        ) =>
            Task.FromResult<IReadOnlyList<PaletteEntry>>([
                .. names
                    .Where(name => name.Contains(text, StringComparison.Ordinal))
                    .Take(limit)
                    .Select(name => new PaletteEntry("Service", name, $"/services/{name}", "services")),
            ]);
    }

    private sealed class AwayCatalogue : IPaletteSource
    {
        public Task<IReadOnlyList<PaletteEntry>> SearchAsync(
            int environmentId,
            string text,
            int limit,
            CancellationToken cancellationToken
        ) => Task.FromException<IReadOnlyList<PaletteEntry>>(new TimeoutException());
    }

    private sealed class StagedCounts(TimeProvider clock) : INavCountSource
    {
        private readonly Topic topic = new(clock);
        private readonly ConcurrentDictionary<int, NavCount?> reported = new();

        public string Href => "/anomalies";
        public IReadOnlyList<LiveTopic> Topics => [topic];

        /// <param name="count">Null for a database that is away.</param>
        public void Say(int environmentId, NavCount? count)
        {
            reported[environmentId] = count;
            topic.Tick();
        }

        public Task<NavCount> CountAsync(int environmentId, CancellationToken cancellationToken) =>
            reported[environmentId] is { } count ? Task.FromResult(count) : Task.FromException<NavCount>(new TimeoutException());
    }

    private sealed class Topic(TimeProvider clock) : LiveTopic("staged", clock);
}
