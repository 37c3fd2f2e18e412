using System.Globalization;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Anomalies;

public sealed partial class AnomaliesPage(
    AnomalyQueries anomalies,
    AnomalyTopic topic,
    SampleTopic samples,
    WatchTopic watches,
    ViewState view,
    NavigationManager navigation
) : LivePage<AnomaliesPicture>
{
    private const int EndedAtFirst = 12;

    private static readonly IReadOnlyList<(double, string)> Confidences =
    [
        .. new[] { 0, 0.5, 0.7, 0.9 }.Select(least => (least, WordsOf(least))),
    ];

    private readonly SeenRows seen = new();
    private readonly HeldList list = new();
    private bool showAllEnded;

    [SupplyParameterFromQuery(Name = "a")]
    private long? Asked { get; set; }

    [SupplyParameterFromQuery(Name = "q")]
    private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "c")]
    private string? ConfidenceText { get; set; }

    [SupplyParameterFromQuery(Name = "page")]
    private string? PageText { get; set; }

    private double Confidence =>
        double.TryParse(ConfidenceText, NumberStyles.Float, CultureInfo.InvariantCulture, out var least) && least is > 0 and <= 1
            ? least
            : 0;

    private AnomalyFilter Filter => new(Text, Confidence);

    /// <summary>What the address asks for; without that the worst one, so that the page is never half empty.</summary>
    private long? Selected =>
        Asked
        ?? (
            list.Open.Count > 0 ? list.Open[0].Id
            : list.Ended.Count > 0 ? list.Ended[0].Id
            : null
        );

    /// <summary>The newest, and as many more as it takes to have the chosen one among them.</summary>
    private IReadOnlyList<AnomalyRow> EndedShown
    {
        get
        {
            if (showAllEnded)
                return list.Ended;
            var chosen = list.Ended.Index().FirstOrDefault(one => one.Item.Id == Asked, (-1, null!)).Index;
            return [.. list.Ended.Take(Math.Max(EndedAtFirst, chosen + 1))];
        }
    }

    private string Proof =>
        Picture!.Checking switch
        {
            { SeriesWithBand: 0, Series: var all } => $"None of {Figures.Count(all)} series has a band yet, so nothing can be outside one.",
            { SeriesWithBand: var judged, Series: var all } when judged == all =>
                $"All {Figures.Count(all)} series are inside their bands.",
            { SeriesWithBand: var judged, Series: var all } =>
                $"{Figures.Count(judged)} of {Figures.Count(all)} series have a band, and all of those are inside it.",
        };

    protected override LiveSource<AnomaliesPicture> Source
    {
        get
        {
            var (filter, window) = (Filter, AnomalyWindow.First with { Skip = Skip });
            return LiveSource.Shared(
                "anomalies",
                view.EnvironmentId,
                $"{Skip}/{Confidence}/{Text}",
                [topic, samples, watches],
                (environment, token) => anomalies.PictureAsync(environment, filter, window, token)
            );
        }
    }

    private int Skip => Paging.Skip(PageText, AnomalyQueries.OpenShown);

    protected override void Arrived(AnomaliesPicture picture)
    {
        list.Take(picture);
        seen.See(picture.Open.Select(row => row.Id));
    }

    protected override int? NewIn(AnomaliesPicture picture)
    {
        var shown = list.Open.Select(row => row.Id).ToHashSet();
        return picture.Open.Count(row => !shown.Contains(row.Id));
    }

    protected override void KeyChanged() => list.Reset();

    protected override void Dispose(bool disposing)
    {
        view.Suggest(null, null);
        base.Dispose(disposing);
    }

    private void Release() => list.Release();

    private void FilterByText(string text) => navigation.NavigateTo(Address(text, Confidence), replace: true);

    private void FilterByConfidence(double least) => navigation.NavigateTo(Address(Text, least), replace: true);

    private static string WordsOf(double least) =>
        least > 0 ? string.Create(CultureInfo.InvariantCulture, $"{least:0.00} and up") : "any confidence";

    private string Link(long? id) => navigation.GetUriWithQueryParameter("a", id);

    private string Address(string? text, double confidence) =>
        navigation.GetUriWithQueryParameters(
            new Dictionary<string, object?>
            {
                ["q"] = string.IsNullOrWhiteSpace(text) ? null : text,
                ["page"] = null,
                ["c"] = confidence > 0 ? confidence.ToString(CultureInfo.InvariantCulture) : null,
            }
        );
}
