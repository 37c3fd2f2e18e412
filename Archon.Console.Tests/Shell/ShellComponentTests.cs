using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Shell;
using Archon.Tests.Kit;
using Archon.Ui.Charts;
using Archon.Ui.Format;
using Archon.Ui.Forms;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Shell;

public sealed class ShellComponentTests : BunitContext
{
    private const string Hostile = "<img src=x onerror=alert(1)>\"'&";

    public ShellComponentTests() => this.AddShellParts();

    [Theory]
    [InlineData(StateKind.Critical, "Critical", "#g-crit")]
    [InlineData(StateKind.Warning, "Warning", "#g-warn")]
    [InlineData(StateKind.Info, "Info", "#g-info")]
    [InlineData(StateKind.Ok, "Healthy", "#g-ok")]
    [InlineData(StateKind.Unknown, "Not checked", "#g-unk")]
    [InlineData(StateKind.Silenced, "Silenced", "#g-sil")]
    public void Each_state_has_a_shape_of_its_own_and_a_name(StateKind state, string name, string shape)
    {
        var glyph = Render<StateGlyph>(p => p.Add(c => c.State, state)).Find("[role=img]");

        Assert.Equal(name, glyph.GetAttribute("aria-label"));
        Assert.EndsWith(shape, glyph.QuerySelector("use")!.GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_hostile_label_is_shown_as_text()
    {
        var tag = Render<LabelTag>(p => p.Add(c => c.Name, Hostile).Add(c => c.Value, Hostile));
        var copy = Render<CopyButton>(p => p.Add(c => c.Text, Hostile).Add(c => c.Label, Hostile));
        var failed = Render<FailedState>(p => p.Add(c => c.Title, Hostile).Add(c => c.Reason, Hostile));
        var head = Render<PageHeadProbe>(p => p.Add(c => c.Title, Hostile));

        Assert.Empty(tag.FindAll("img"));
        Assert.Contains(Hostile, tag.Find(".tag").TextContent, StringComparison.Ordinal);
        Assert.Equal(Hostile, copy.Find("button").GetAttribute("data-copy"));
        Assert.Empty(failed.FindAll("img"));
        Assert.Empty(Render<ServerNotes>(p => p.Add(c => c.Warnings, [Hostile]).Add(c => c.Infos, [Hostile])).FindAll("img"));
        Assert.Contains(Hostile, failed.Find("[role=alert]").TextContent, StringComparison.Ordinal);
        Assert.Equal(Hostile, head.Find("h1").TextContent);
    }

    [Fact]
    public void What_a_server_said_beside_its_answer_is_reported_by_weight_and_nothing_where_it_said_nothing()
    {
        var reported = Render<ServerNotes>(p => p.Add(c => c.Warnings, ["not a bucket (1:5)"]).Add(c => c.Infos, ["not a counter"]));

        Assert.Equal(["Warning", "Remark"], reported.FindAll("[role=img]").Select(glyph => glyph.GetAttribute("aria-label")));
        Assert.Equal(["not a bucket (1:5)", "not a counter"], reported.FindAll("li span").Select(words => words.TextContent));
        Assert.Equal("", Render<ServerNotes>().Markup.Trim());
    }

    [Fact]
    public void An_age_carries_its_exact_stamp()
    {
        var age = Render<TimeAgo>(p => p.Add(c => c.At, ShellParts.Now - TimeSpan.FromMinutes(18))).Find("time");

        Assert.Equal("18 min", age.TextContent);
        Assert.Equal("Tue 24 Nov 2026 02:49:18 UTC", age.GetAttribute("title"));
    }

    [Theory]
    [InlineData(0, "03:07:18")]
    [InlineData(-1, "Mon 03:07")]
    [InlineData(-30, "25 Oct 03:07")]
    [InlineData(-400, "20 Oct 2025 03:07")]
    public void A_stamp_says_the_day_once_it_is_not_today(int days, string expected) =>
        Assert.Equal(expected, Render<Stamp>(p => p.Add(c => c.At, ShellParts.Now.AddDays(days))).Find("time").TextContent);

    [Fact]
    public void A_sparkline_breaks_where_no_one_looked()
    {
        var spark = Render<Sparkline>(p => p.Add(c => c.Values, [1, 2, double.NaN, 3, 4]).Add(c => c.Label, "p95 of checkout")).Find("svg");

        Assert.Equal("p95 of checkout", spark.GetAttribute("aria-label"));
        Assert.Equal(2, spark.QuerySelector("path")!.GetAttribute("d")!.Count(letter => letter == 'M'));
    }

    [Fact]
    public void A_chart_says_in_words_what_it_draws()
    {
        var chart = Render<SeriesChart>(p => p.Add(c => c.Title, "p95 of checkout").Add(c => c.Data, Latency()));

        var label = Figures.Plain(chart.Find(".plot-host").GetAttribute("aria-label")!);
        Assert.Equal("p95 of checkout. p95 between 100 ms and 300 ms, last 300 ms. One anomaly. Arrow keys move along the time.", label);
        Assert.Equal("0", chart.Find(".plot-host").GetAttribute("tabindex"));
    }

    [Fact]
    public void The_table_of_a_chart_has_its_values_and_what_was_expected()
    {
        var chart = Render<SeriesChart>(p => p.Add(c => c.Title, "p95 of checkout").Add(c => c.Data, Latency()));

        Assert.Empty(chart.FindAll("table"));
        chart.Find("button[title='Data table']").Click();

        Assert.Equal("true", chart.Find("button[title='Data table']").GetAttribute("aria-expanded"));

        Assert.Equal(["Time, UTC", "p95", "Expected"], chart.FindAll("th").Select(head => head.TextContent));
        var last = chart.FindAll("tbody tr")[^1].QuerySelectorAll("td").Select(cell => Figures.Plain(cell.TextContent.Trim()));
        Assert.Equal(["Tue 24 Nov 2026 03:02:00 UTC", "300 ms", "90 to 130 ms"], last);
    }

    [Fact]
    public void A_chart_without_samples_says_so()
    {
        var chart = Render<SeriesChart>(p =>
            p.Add(c => c.Title, "p95").Add(c => c.Data, new ChartData([], [new ChartLine("p95", "s", [], 1)]))
        );

        Assert.Contains("No samples.", chart.Find(".plot-host").GetAttribute("aria-label"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_that_cannot_be_read_is_said_and_changes_nothing()
    {
        this.RenderFloats();
        var picker = Render<RangePicker>();
        picker.Find("button[aria-haspopup=dialog]").Click();

        picker.FindAll("[role=dialog] input")[0].Input("the other day");
        picker.Find("form").Submit();

        Assert.Contains("cannot read", picker.Find("[role=alert]").TextContent, StringComparison.Ordinal);
        Assert.Contains("Last 1 h", picker.Find("button[aria-haspopup=dialog]").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_length_typed_alone_becomes_the_range_and_is_in_the_address()
    {
        this.RenderFloats();
        var picker = Render<RangePicker>();
        picker.Find("button[aria-haspopup=dialog]").Click();

        picker.FindAll("[role=dialog] input")[0].Input("13h");
        picker.Find("form").Submit();

        Assert.Contains("Last 13 h", picker.Find("button[aria-haspopup=dialog]").TextContent, StringComparison.Ordinal);
        Assert.Empty(picker.FindAll("[role=dialog]"));
        Assert.Contains("from=now-13h", Services.GetRequiredService<NavigationManager>().Uri, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_may_be_typed_in_any_order_and_the_chosen_day_stays()
    {
        var picker = OpenCalendar();
        Day(picker, "20").Click();
        Day(picker, "20").Click();
        Field(picker, "Start time").Input("22:00");
        Field(picker, "End time").Input("23:00");

        Field(picker, "Start time").Input("23:15");
        Assert.Equal(("2026-11-20 23:15", "2026-11-20 23:00"), Ends(picker));
        Assert.Equal(("23:15", "23:00"), Times(picker));
        Field(picker, "End time").Input("23:45");

        Assert.Equal(("2026-11-20 23:15", "2026-11-20 23:45"), Ends(picker));
        picker.Find("form").Submit();
        Assert.Equal(
            new TimeRange(new(2026, 11, 20, 23, 15, 0, TimeSpan.Zero), new(2026, 11, 20, 23, 45, 0, TimeSpan.Zero)),
            Services.GetRequiredService<ViewState>().Range
        );
    }

    [Fact]
    public void An_earlier_end_may_be_typed_before_its_start()
    {
        var picker = OpenCalendar();
        Assert.Equal(("02:07:18", "03:07:18"), Times(picker));

        Field(picker, "End time").Input("02:00");
        Assert.Equal(("02:07:18", "02:00"), Times(picker));
        Field(picker, "Start time").Input("01:00");

        Assert.Equal(("2026-11-24 01:00", "2026-11-24 02:00"), Ends(picker));
    }

    [Fact]
    public void A_range_that_is_typed_moves_the_calendar_and_one_that_cannot_be_read_does_not()
    {
        var picker = OpenCalendar();

        Field(picker, "From, or a length such as 13h").Input("2026-11-20 06:00");
        Assert.Equal(("06:00", "03:07:18"), Times(picker));
        Field(picker, "To").Input("2026-11-2");
        Assert.Equal(("06:00", "03:07:18"), Times(picker));
        Field(picker, "To").Input("2026-11-21 07:30");

        Assert.Equal(("06:00", "07:30"), Times(picker));
    }

    [Fact]
    public void Days_chosen_in_the_calendar_are_whole_days_until_a_time_is_typed()
    {
        var picker = OpenCalendar();

        Day(picker, "20").Click();
        Day(picker, "22").Click();
        Assert.Equal(("2026-11-20 00:00", "2026-11-22 23:59:59"), Ends(picker));

        Field(picker, "Start time").Input("6:");
        Assert.Equal("true", Field(picker, "Start time").GetAttribute("aria-invalid"));
        Field(picker, "Start time").Input("6:30");
        Assert.Equal(("2026-11-20 06:30", "2026-11-22 23:59:59"), Ends(picker));
        Assert.Equal("6:30", Field(picker, "Start time").GetAttribute("value"));

        picker.Find("form").Submit();
        Assert.Equal(new DateTimeOffset(2026, 11, 20, 6, 30, 0, TimeSpan.Zero), Services.GetRequiredService<ViewState>().Range.Start);
    }

    [Fact]
    public void A_range_that_ends_today_ends_now_and_later_days_cannot_be_chosen()
    {
        this.RenderFloats();
        (DateTime Start, DateTime End)? chosen = null;
        var calendar = Render<RangeCalendar>(with =>
            with.Add(one => one.Label, "Days in UTC")
                .Add(one => one.Start, new DateTime(2026, 11, 20))
                .Add(one => one.End, new DateTime(2026, 11, 20))
                .Add(one => one.Now, ShellParts.Now.DateTime)
                .Add(one => one.Changed, ((DateTime, DateTime) range) => chosen = range)
        );

        Day(calendar, "23").Click();
        Day(calendar, "24").Click();

        Assert.Equal((new DateTime(2026, 11, 23), ShellParts.Now.DateTime), chosen);
        Assert.True(Day(calendar, "25").HasAttribute("disabled"));
    }

    [Fact]
    public void A_chosen_environment_is_in_the_address_and_a_link_brings_it_back()
    {
        Services.AddSingleton<IEnvironmentSource>(new TwoEnvironments());
        var floats = this.RenderFloats();
        var picker = Render<EnvironmentPicker>();

        picker.Find("[aria-haspopup=menu]").Click();
        floats.WaitForElements("[role=menuitemradio]")[1].Click();

        var address = Services.GetRequiredService<NavigationManager>();
        picker.WaitForAssertion(() => Assert.Contains("env=2", address.Uri, StringComparison.Ordinal));
        using var reopened = new ViewState(new ConfiguredEnvironment(1), TimeProvider.System, address);
        Assert.Equal(2, reopened.EnvironmentId);
    }

    [Fact]
    public void Earlier_moves_the_range_by_half_and_later_comes_back_to_now()
    {
        var picker = Render<RangePicker>();
        var view = Services.GetRequiredService<ViewState>();

        picker.Find("[aria-label=Earlier]").Click();

        Assert.Equal(ShellParts.Now - TimeSpan.FromMinutes(30), view.Range.End);
        picker.Find("[aria-label=Later]").Click();
        Assert.Equal("now", view.To);
        Assert.Equal(TimeSpan.FromHours(1), view.Range.Length);
    }

    private IRenderedComponent<RangePicker> OpenCalendar()
    {
        this.RenderFloats();
        var picker = Render<RangePicker>();
        picker.Find("button[aria-haspopup=dialog]").Click();
        picker.Find("button[aria-expanded=false]").Click();
        return picker;
    }

    private static AngleSharp.Dom.IElement Day(IRenderedComponent<IComponent> calendar, string day) =>
        calendar.FindAll(".mud-day:not(.mud-hidden)").Single(one => one.TextContent.Trim() == day);

    private static AngleSharp.Dom.IElement Field(IRenderedComponent<IComponent> picker, string label) =>
        picker.Find($"#{picker.FindAll("label").Single(one => one.TextContent.Trim() == label).GetAttribute("for")}");

    private static (string?, string?) Ends(IRenderedComponent<IComponent> picker) =>
        (Field(picker, "From, or a length such as 13h").GetAttribute("value"), Field(picker, "To").GetAttribute("value"));

    private static (string?, string?) Times(IRenderedComponent<IComponent> picker) =>
        (Field(picker, "Start time").GetAttribute("value"), Field(picker, "End time").GetAttribute("value"));

    private sealed class TwoEnvironments : IEnvironmentSource
    {
        public Task<IReadOnlyList<(int Id, string Name)>> EnvironmentsAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<(int Id, string Name)>>([(1, "local"), (2, Hostile)]);
    }

    private static ChartData Latency()
    {
        var start = ShellParts.Now.AddMinutes(-7).AddSeconds(-18).ToUnixTimeSeconds();
        return new ChartData([start, start + 60, start + 120], [new ChartLine("p95", "s", [0.1, 0.2, 0.3], 1)])
        {
            Band = new ChartBand([0.09, 0.09, 0.09], [0.13, 0.13, 0.13]),
            Anomalies = [new ChartSpan(start + 60, null, "p95 above what was expected")],
        };
    }
}
