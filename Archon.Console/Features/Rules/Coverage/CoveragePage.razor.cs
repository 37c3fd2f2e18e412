using Archon.Features.Rules.Catalogue;
using Archon.Features.Services;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Coverage;

/// <summary>Services by signals: where there is an alert, and where samples come and nobody would be told.</summary>
public sealed partial class CoveragePage(
    CoverageQueries coverage,
    RuleTopic rules,
    WatchTopic watches,
    ServiceTopic services,
    ViewState view,
    NavigationManager navigation
) : LivePage<CoveragePicture>
{
    private const int PageSize = 60;
    private const int UnreadShown = 3;
    private static readonly GoldenSignal[] Columns = Enum.GetValues<GoldenSignal>();

    [SupplyParameterFromQuery(Name = "q")]
    private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "gaps")]
    private bool OnlyGaps { get; set; }

    [SupplyParameterFromQuery(Name = "page")]
    private string? PageText { get; set; }

    private int Skip => Paging.Skip(PageText, PageSize);

    private string Summary =>
        string.Join(
            " · ",
            new[]
            {
                $"{Figures.Count(Picture!.Table.Count(CoverageState.Covered))} covered",
                $"{Figures.Count(Picture.Table.Count(CoverageState.Bare))} without an alert",
                Picture.Table.Count(CoverageState.NotChecked) is > 0 and var blind ? $"{Figures.Count(blind)} not checked" : "",
                Picture.Table.Count(CoverageState.NoMetric) is > 0 and var none ? $"{Figures.Count(none)} without a metric" : "",
            }.Where(part => part.Length > 0)
        );

    protected override LiveSource<CoveragePicture> Source
    {
        get
        {
            var (filter, skip) = (new CoverageFilter(Text, OnlyGaps), Skip);
            return LiveSource.Shared(
                "rule-coverage",
                view.EnvironmentId,
                $"{skip}/{OnlyGaps}/{Text}",
                [rules, watches, services],
                (environment, token) => coverage.PictureAsync(environment, filter, skip, PageSize, token)
            );
        }
    }

    private void Filter(string text) =>
        navigation.NavigateTo(
            navigation.GetUriWithQueryParameters(
                new Dictionary<string, object?> { ["q"] = string.IsNullOrWhiteSpace(text) ? null : text, ["page"] = null }
            ),
            replace: true
        );

    private string? LinkOf(CoverageRow row, CoverageCell cell) =>
        cell.Watch is { } watch ? Picture!.Links.GetValueOrDefault((row.ServiceId, watch.Id)) : null;

    private static string Word(GoldenSignal column) => column.ToString().ToLowerInvariant();

    private static string Css(CoverageCell cell) =>
        cell.State switch
        {
            CoverageState.Bare => "bare",
            CoverageState.NotChecked => "blind",
            _ => "",
        };
}
