using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.View;

namespace Archon.Features.Forecasts;

/// <summary>The limits that are reached soonest, beside the services of Overview.</summary>
public sealed partial class LimitsSection(
    ForecastQueries forecasts,
    ForecastTopic topic,
    WatchTopic watches,
    ServiceTopic services,
    ViewState view
) : LivePage<ForecastsPicture>
{
    /// <summary>A screen; the rest is a click away and never sooner than what is shown.</summary>
    private const int Shown = 4;

    protected override LiveSource<ForecastsPicture> Source =>
        LiveSource.Shared(
            "forecasts-soonest",
            view.EnvironmentId,
            $"",
            [topic, watches, services],
            (environment, token) => forecasts.PictureAsync(environment, new ForecastWindow(0, Shown, 0), token)
        );

    private string OutOfSight =>
        Picture! switch
        {
            { InAll: 0 } => "No limit has a forecast yet.",
            { Judged: 0, InAll: var all } => $"{Figures.Count(all)} limits need more history.",
            { Judged: var judged, InAll: var all } when judged == all => "Nothing runs out in 14 days.",
            { Judged: var judged, InAll: var all } =>
                $"Nothing runs out in 14 days. {Figures.Count(all - judged)} of {Figures.Count(all)} limits need more history.",
        };

    private string Ahead =>
        Picture!.InSight switch
        {
            0 => Picture.Judged > 0 ? "nothing in sight" : "not known yet",
            1 => "1 in sight",
            var many => $"{Figures.Count(many)} in sight, soonest first",
        };
}
