using Archon.Features.Services;
using Archon.Shell;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Reports;

/// <summary>Services by signals: where there is an alert, and where samples come and nobody would be told.</summary>
public sealed partial class CoveragePage(
    CoverageQueries coverage, CatalogueFeed catalogue, ViewState view, NavigationManager navigation) : LivePage<CoveragePicture>
{
    private const int ShownRules = 3;
    private static readonly GoldenSignal[] Columns = Enum.GetValues<GoldenSignal>();

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }
    [SupplyParameterFromQuery(Name = "gaps")] private bool OnlyGaps { get; set; }

    private List<CoverageRow> Shown => [.. (Picture?.Table.Rows ?? []).Where(row =>
        row.Service.Name.Contains(Text?.Trim() ?? "", StringComparison.OrdinalIgnoreCase)
        && (!OnlyGaps || row.Cells.Any(cell => cell.State is CoverageState.Bare or CoverageState.NotChecked)))];

    private string Summary => string.Join(" · ", new[]
    {
        $"{Picture!.Table.Count(CoverageState.Covered)} covered", $"{Picture.Table.Count(CoverageState.Bare)} without an alert",
        Picture.Table.Count(CoverageState.NotChecked) is > 0 and var blind ? $"{blind} not checked" : "",
        Picture.Table.Count(CoverageState.NoMetric) is > 0 and var none ? $"{none} without a metric" : "",
    }.Where(part => part.Length > 0));

    protected override string Key => $"rule-coverage/{view.EnvironmentId}";

    protected override Task<CoveragePicture> ReadAsync(CancellationToken cancellationToken) =>
        coverage.PictureAsync(view.EnvironmentId, cancellationToken);

    protected override void Follow()
    {
        Follow(catalogue.WatchAsync(Lifetime));
    }

    private void Filter(string text) =>
        navigation.NavigateTo(navigation.GetUriWithQueryParameter("q", string.IsNullOrWhiteSpace(text) ? null : text), replace: true);

    private string? LinkOf(CoverageRow row, CoverageCell cell) =>
        cell.Watch is { } watch ? Picture!.Links.GetValueOrDefault((row.Service.Id, watch.Id)) : null;

    private static string Word(GoldenSignal column) => column.ToString().ToLowerInvariant();

    private static string Css(CoverageCell cell) => cell.State switch
    {
        CoverageState.Bare => "bare",
        CoverageState.NotChecked => "blind",
        _ => "",
    };
}
