using System.Globalization;
using Archon.Analysis.Forecasting;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

public sealed partial class ForecastsPage(
    ForecastQueries forecasts,
    ForecastTopic topic,
    WatchTopic watches,
    ServiceTopic services,
    UpstreamHealth upstreams,
    IOptions<ForecastOptions> options,
    ViewState view,
    NavigationManager navigation
) : LivePage<ForecastsPicture>
{
    /// <summary>Limits that are not in sight shown below those that are, the fullest first.</summary>
    private const int CalmShown = 8;
    private const int PageSize = 50;

    /// <summary>Forecasts are made each hour; later than twice that something is wrong.</summary>
    private static readonly TimeSpan StaleAfter = TimeSpan.FromHours(2);

    [SupplyParameterFromQuery(Name = "s")]
    private long? Asked { get; set; }

    [SupplyParameterFromQuery(Name = "all")]
    private string? All { get; set; }

    [SupplyParameterFromQuery(Name = "page")]
    private string? PageText { get; set; }

    protected override LiveSource<ForecastsPicture> Source
    {
        get
        {
            var window = new ForecastWindow(Skip, PageSize, All is null ? CalmShown : int.MaxValue, Asked);
            return LiveSource.Shared(
                "forecasts",
                view.EnvironmentId,
                $"{Skip}/{All is not null}/{Asked}",
                [topic, watches, services],
                (environment, token) => forecasts.PictureAsync(environment, window, token)
            );
        }
    }

    private int Skip => Paging.Skip(PageText, PageSize);
    private int Hidden => Picture!.InAll - Picture.Listed;

    /// <summary>What the address asks for; without that the soonest, so that the page is never half empty.</summary>
    private LimitRow? Selected =>
        Picture!.Limits.FirstOrDefault(row => row.SeriesId == Asked)
        ?? (
            Picture.Asked is { } asked && asked.SeriesId == Asked ? asked
            : Picture.Limits.Count > 0 ? Picture.Limits[0]
            : null
        );

    private bool Stale => Picture!.MadeAt is { } made && Picture.ReadAt - made > StaleAfter;

    private string StaleReason =>
        upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one is { Name: "Prometheus", FailingSince: not null }) is { } away
            ? $"Prometheus does not answer: {away.Reason}"
            : "no forecast job has run since. Status says why.";

    private string Summary =>
        Picture!.InAll == 0
            ? $"{Picture.Watches} watches with a limit"
            : $"{Figures.Count(Picture.InAll)} limits watched, soonest first; bars show the 80 % interval, the tick its median";

    protected override void Follow()
    {
        upstreams.StateChanged += Wake;
        view.Changed += Wake;
    }

    protected override void Dispose(bool disposing)
    {
        upstreams.StateChanged -= Wake;
        view.Changed -= Wake;
        base.Dispose(disposing);
    }

    private double Ahead(DateTimeOffset at) => ForecastWords.Place(at - Picture!.ReadAt);

    private string Link(LimitRow row) => navigation.GetUriWithQueryParameter("s", row.SeriesId);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##}%");

    private static string Css(StateKind? urgency) =>
        urgency switch
        {
            StateKind.Critical => "crit",
            StateKind.Warning => "warn",
            StateKind.Info => "info",
            _ => "",
        };

    private static string Said(PredictionRecord record) =>
        record.Judged + record.Open == 0
            ? "no warnings yet."
            : $"{record.Judged + record.Open} warnings, {record.Judged - record.False} came true, {record.False} false, {record.Open} open.{Rate(record)}";

    private static string Rate(PredictionRecord record) =>
        record.Judged == 0
            ? ""
            : $" False: {Figures.Format(record.FalseShare, "1")} (95 % sure: {Figures.Format(record.FalseShareInterval.Lower, "1")} to {Figures.Format(record.FalseShareInterval.Upper, "1")}).";
}
