using Archon.Analysis.Series;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Noise;

/// <summary>What a rule asked of people since it fires as the version that the server runs does.</summary>
public sealed partial class RuleRecordPanel(NoiseQueries noise, ViewState view, TimeProvider clock) : IDisposable
{
    private readonly ComponentLifetime lifetime = new();
    private readonly NewestReading reading = new();
    private (int Rule, int Version)? shown;
    private RuleRecord? record;
    private string? failure;
    private bool isInteractive;

    /// <summary>What failed is Archon's own database and not Prometheus.</summary>
    private bool isOurs;

    [Parameter, EditorRequired]
    public RuleDetail Rule { get; set; } = default!;

    /// <summary>What another version did says nothing of this one; of what does not run there is nothing to say.</summary>
    private RuleVersionRow? Counted =>
        Rule.RunningVersion is { } running ? Rule.Versions.FirstOrDefault(version => version.Number == running) : null;

    /// <summary>When the first version in an unbroken row was saved that fires as the running one does.</summary>
    private readonly Memo<(RuleDetail Rule, RuleVersionRow Counted), DateTimeOffset> since = new(shown =>
        shown
            .Rule.Versions.Where(version => version.Number <= shown.Counted.Number)
            .OrderByDescending(version => version.Number)
            .TakeWhile(version => ServedRules.FireAlike(version, shown.Counted))
            .Last()
            .CreatedAt
    );

    protected override Task OnParametersSetAsync() =>
        isInteractive && shown != (Rule.Id, Counted?.Number ?? 0) ? ReadAsync() : Task.CompletedTask;

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // A month of samples is not read for a page that nobody sees yet, and the rule itself is there first.
        if (!firstRender)
            return;
        isInteractive = true;
        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        (record, failure, isOurs, shown) = (null, null, false, (Rule.Id, Counted?.Number ?? 0));
        if (Counted is not { } counted)
            return;
        StateHasChanged();
        try
        {
            if (
                await reading.ReadAsync(token => noise.RecordAsync(Rule, since.Of((Rule, counted)), token), lifetime.Token)
                is not { } answer
            )
                return;
            if (answer is Fetch<RuleRecord>.Ok { Value: var read })
                record = read;
            else
                failure = answer.Reason();
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (failure, isOurs) = (reason, true);
        }
        StateHasChanged();
    }

    private string Span(TimeRange asked, RuleVersionRow counted) =>
        asked.Length == TimeSpan.Zero ? ""
        : asked.Start - since.Of((Rule, counted)) > TimeSpan.FromHours(1) ? $"last {Ages.Of(asked.Length)}"
        : Ages.Of(asked.Length);

    private static string Fired(RuleRecord record) =>
        record switch
        {
            { Row.Firings: 1 } => "once",
            { Row.Firings: var firings } => $"{firings} times",
            { Known.Asked.Length.Ticks: 0 } => "not yet: it runs for less than a minute",
            { Known.Since: null } => "not known",
            { Known: { IsWhole: false, Recorded: var recorded } } => $"not in the {Ages.Of(recorded)} that are known",
            _ => "never",
        };

    private static string Acknowledged(NoiseRow row) =>
        !row.IsKnown
            ? "unknown, no answer yet"
            : $"{row.Acknowledged} of {row.Firings}{(row.MedianTakenUp is { } median ? $", median {Ages.Of(median)}" : "")}";

    /// <summary>Out of what somebody spoke of: silence means neither.</summary>
    private static string Said(int count, NoiseRow row) =>
        row.Answered == 0 ? "unknown, no answer yet" : $"{count} of {row.Answered} spoken of";

    private IEnumerable<string> Notes(RuleRecord read)
    {
        if (Rule.CurrentVersion != Counted?.Number)
            yield return $"v{Rule.CurrentVersion} does not run yet, so there is no record of it.";
        if (!read.Known.IsWhole)
            yield return $"{read.Known.Words(at => view.Stamp(at, clock.GetUtcNow()))}.";
        if (read.IsCut)
            yield return "It fired more often than is kept; the rest is left out.";
        if (read.NoSilences is { } silent)
            yield return $"Silences are not known, so acknowledgements may be missing: {silent}";
    }

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
