using System.Globalization;
using Archon.Data.Catalogue;
using Archon.Features.Access;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace Archon.Features.Watches;

public sealed partial class WatchEditPage(
    CurrentActor me,
    WatchQueries watches,
    WatchCommands commands,
    ViewState view,
    NavigationManager navigation,
    IJSRuntime scripts
) : IDisposable
{
    private const string LimitHelp =
        "The value that must not be reached, in this unit: 1 where a share fills up, 0 where something runs down. Forecasts then says when.";
    private const string VolumeHelp =
        "PromQL of the number of requests behind each value. Shares and latencies of very few requests are shown but not judged.";

    private static readonly IReadOnlyList<(WatchSignal, string)> Signals =
    [
        .. Enum.GetValues<WatchSignal>().Select(signal => (signal, signal.ToString().ToLowerInvariant())),
    ];

    private static readonly IReadOnlyList<(AnomalyDirection, string)> Directions =
    [
        (AnomalyDirection.Both, "above and below the band"),
        (AnomalyDirection.Up, "above the band"),
        (AnomalyDirection.Down, "below the band"),
    ];

    private static readonly IReadOnlyList<(LimitSide, string)> Sides = [(LimitSide.Ceiling, "growth"), (LimitSide.Floor, "decline")];

    /// <summary>What is in the fields. Not yet a watch: half of it may be wrong.</summary>
    private sealed class Draft
    {
        public string Name { get; set; } = "";
        public string Query { get; set; } = "";
        public WatchSignal Signal { get; set; } = WatchSignal.Saturation;
        public string Unit { get; set; } = "";
        public int StepSeconds { get; set; } = 15;
        public AnomalyDirection Interesting { get; set; } = AnomalyDirection.Both;
        public double Sensitivity { get; set; } = 0.5;
        public string? Limit { get; set; }
        public LimitSide LimitSide { get; set; }
        public string? VolumeQuery { get; set; }
    }

    private readonly ComponentLifetime lifetime = new();
    private readonly PageWork work = new();
    private Draft draft = new();
    private Dictionary<string, string> errors = [];
    private WatchDetail? watch;
    private Fetch<WatchTrial>? trial;
    private string? failure;
    private bool loaded;
    private bool missing;
    private bool changedMeanwhile;

    [Parameter]
    public int? Id { get; set; }

    private TimeSpan Step => TimeSpan.FromSeconds(draft.StepSeconds);

    private string OriginWords =>
        watch?.Origin switch
        {
            null => "discovery never overwrites your edits",
            CatalogueOrigin.Discovered => "discovered, not reviewed yet",
            CatalogueOrigin.Accepted => "discovered and accepted as it is",
            CatalogueOrigin.Ignored => "ignored: not watched, and not found again",
            _ => $"written by {watch.EditedBy}, discovery never overwrites it",
        };

    protected override Task OnInitializedAsync() => LoadAsync();

    private async Task LoadAsync()
    {
        try
        {
            failure = null;
            if (Id is { } id)
            {
                watch = await watches.FindAsync(view.EnvironmentId, id, lifetime.Token);
                missing = watch is null;
                if (watch is null)
                    return;
                draft = new Draft
                {
                    Name = watch.Name,
                    Query = watch.Query,
                    Signal = watch.Signal,
                    Unit = watch.Unit,
                    StepSeconds = (int)watch.Step.TotalSeconds,
                    Interesting = watch.Interesting,
                    Sensitivity = watch.Sensitivity,
                    Limit = watch.Limit?.ToString(CultureInfo.InvariantCulture),
                    LimitSide = watch.LimitSide,
                    VolumeQuery = watch.VolumeQuery,
                };
            }
            loaded = true;
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            failure = reason;
        }
    }

    private Task TryAsync() => WorkAsync(async () => trial = await watches.TryAsync(view.EnvironmentId, draft.Query, Step, lifetime.Token));

    private Task SaveAsync() =>
        WorkAsync(async () =>
        {
            errors = Faults(out var limit);
            if (errors.Count > 0)
            {
                work.SayProblem(errors.Count == 1 ? "One field to fix." : $"{errors.Count} fields to fix.");
                // The fields are marked first.
                await Task.Yield();
                await scripts.InvokeVoidAsync("archon.focus", "form [aria-invalid=true]");
                return;
            }
            var wanted = new WatchDraft(
                draft.Name,
                draft.Query,
                draft.Signal,
                draft.Unit,
                Step,
                draft.Interesting,
                draft.Sensitivity,
                limit,
                draft.LimitSide,
                draft.VolumeQuery
            );
            var result = watch is null
                ? await commands.CreateAsync(view.EnvironmentId, wanted, await me.GetAsync(lifetime.Token), lifetime.Token)
                : await commands.EditAsync(watch.Id, watch.EditedAt, wanted, await me.GetAsync(lifetime.Token), lifetime.Token);
            if (result is WatchResult.Done { Id: var id })
            {
                if (watch is null)
                    navigation.NavigateTo($"/watches/{id}");
                else
                    await ReloadAsync("Saved. What was learnt is kept where the query is the same.");
                return;
            }
            if (result is WatchResult.ChangedMeanwhile && watch is not null)
            {
                // Saving again is then a decision, not an accident: it is made against the version that is there now.
                changedMeanwhile = true;
                watch = await watches.FindAsync(view.EnvironmentId, watch.Id, lifetime.Token) ?? watch;
            }
            Report(result);
        });

    private Task AcceptAsync() => MarkAsync(commands.AcceptAsync, "Accepted.");

    private Task IgnoreAsync() => MarkAsync(commands.IgnoreAsync, "Ignored. It is not scanned any more.");

    private Task RestoreAsync() => MarkAsync(commands.RestoreAsync, "Restored.");

    private Task MarkAsync(Func<int, Actor, CancellationToken, Task<WatchResult>> mark, string done) =>
        WorkAsync(async () =>
        {
            var result = await mark(watch!.Id, await me.GetAsync(lifetime.Token), lifetime.Token);
            if (result is WatchResult.Done)
                await ReloadAsync(done);
            else
                Report(result);
        });

    private async Task TakeTheirsAsync()
    {
        await ReloadAsync("");
    }

    private async Task ReloadAsync(string words)
    {
        await LoadAsync();
        if (failure is not null)
        {
            work.SayProblem($"{words} The newest state cannot be read: {failure}".Trim());
            return;
        }
        changedMeanwhile = false;
        work.Say(words);
    }

    private void Report(WatchResult result) =>
        work.SayProblem(
            result switch
            {
                WatchResult.Invalid invalid => invalid.Reason,
                WatchResult.NotChecked missed => $"Not saved, for the query could not be tried: {missed.Reason}",
                WatchResult.ChangedMeanwhile => "Not saved yet.",
                _ => "This watch no longer exists.",
            }
        );

    private Task WorkAsync(Func<Task> task) => work.DoAsync(task, lifetime.Token);

    private Dictionary<string, string> Faults(out double? limit)
    {
        var found = new Dictionary<string, string>();
        if (string.IsNullOrWhiteSpace(draft.Name))
            found[nameof(Draft.Name)] = "A watch needs a name.";
        if (string.IsNullOrWhiteSpace(draft.Query))
            found[nameof(Draft.Query)] = "A watch needs a query.";
        limit = null;
        if (double.TryParse(draft.Limit, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value))
            limit = value;
        else if (!string.IsNullOrWhiteSpace(draft.Limit))
            found[nameof(Draft.Limit)] = "The limit is a number, such as 0.9, or left empty.";
        return found;
    }

    private string Error(string field) => errors.GetValueOrDefault(field, "");

    public void Dispose()
    {
        lifetime.Dispose();
    }
}
