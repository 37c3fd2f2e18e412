using System.Globalization;
using Archon.Analysis.RuleReplay;
using Archon.Analysis.Series;
using Archon.ConfigFiles.Rules;
using Archon.Data.Anomalies;
using Archon.Features.Anomalies;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.FromAnomaly;

/// <summary>Two rules that would have told of an anomaly, each over the same past, for a person to choose from.</summary>
public sealed partial class FromAnomalyPage(
    AnomalyQueries anomalies,
    RuleQueries rules,
    Upstreams upstreams,
    BacktestSampleCache samples,
    ViewState view,
    TimeProvider clock
) : IDisposable
{
    private static readonly TimeSpan Past = TimeSpan.FromDays(7);
    private static readonly TimeSpan Around = TimeSpan.FromHours(1);

    private readonly ComponentLifetime lifetime = new();
    private AnomalyDetail? detail;
    private ProposedRules? proposed;
    private IReadOnlyList<Choice> choices = [];
    private TimeRange range;
    private ReadFailure? failure;
    private bool gone;
    private bool isReplayed;

    [Parameter]
    public long Id { get; set; }

    protected override Task OnInitializedAsync() => LoadAsync();

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // Once the rules are there: where the database was away at first, that is later.
        if (isReplayed || detail is null)
            return;
        isReplayed = true;
        await ReplayAsync();
    }

    private async Task LoadAsync()
    {
        try
        {
            var found = await anomalies.FindAsync(view.EnvironmentId, Id, lifetime.Token);
            gone = found is null;
            if (found is null)
                return;
            var place = RulePlace.Usual((await rules.PictureAsync(view.EnvironmentId, lifetime.Token)).Rules);
            var row = found.Row;
            var until = row.EndedAt ?? row.LastSeenAt;
            var now = clock.GetUtcNow();
            range =
                row.StartedAt - Around >= now - Past
                    ? new TimeRange(now - Past, now)
                    : new TimeRange(row.StartedAt - Past + Around, until + Around);
            proposed = AnomalyRules.Of(
                new AnomalyFacts(
                    row.Service,
                    row.Watch,
                    row.Unit,
                    found.Query,
                    row.Labels,
                    row.Direction,
                    row.Lower,
                    row.Upper,
                    found.Expected,
                    row.PeakValue,
                    until - row.StartedAt,
                    row.Severity == AnomalySeverity.Critical
                )
            );
            choices =
            [
                .. new[]
                {
                    Choose("static-head", "A fixed threshold", proposed.Static),
                    Choose("seasonal-head", "The same time on other days", proposed.Seasonal),
                }.OfType<Choice>(),
            ];
            (detail, failure) = (found, null);

            Choice? Choose(string key, string title, ProposedRule? rule)
            {
                if (rule is null)
                    return null;
                var link = WorkbenchLinks.New(rule.Content, place, DraftSources.Anomaly);
                return new Choice(key, title, rule, place, link);
            }
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            failure = new ReadFailure(reason, failure?.Since ?? clock.GetUtcNow());
        }
    }

    /// <summary>One after the other: both ask the same server for the same past.</summary>
    private async Task ReplayAsync()
    {
        if (detail?.Row is not { } row)
            return;
        var trouble = new KnownTrouble(
            "the anomaly",
            row.StartedAt.ToUnixTimeMilliseconds(),
            (row.EndedAt ?? row.LastSeenAt).ToUnixTimeMilliseconds()
        );
        try
        {
            foreach (var choice in choices)
            {
                var question = new BacktestQuestion(
                    choice.Rule.Content,
                    null,
                    choice.Place.File,
                    new GroupContent(choice.Place.Group),
                    range,
                    [trouble]
                );
                var live = new LiveBacktest(upstreams.For(view.EnvironmentId).Prometheus, samples, view.EnvironmentId, clock);
                await foreach (var picture in live.RunAsync(question, lifetime.Token))
                {
                    choice.Picture = picture;
                    StateHasChanged();
                }
            }
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
    }

    private static string Status(Choice choice) =>
        choice.Picture switch
        {
            null => "queued",
            { IsDone: false, Progress: var far } => $"replaying, {Figures.Format(far, "1")}",
            { Draft.Ended: not null } => "not replayed",
            _ => "replayed",
        };

    private static StateKind CaughtState(Choice choice) =>
        choice.Done?.Judged switch
        {
            null => StateKind.Unknown,
            { Caught.Count: > 0 } => StateKind.Ok,
            _ => StateKind.Warning,
        };

    private static string Caught(Choice choice) =>
        choice.Done?.Judged switch
        {
            null => choice.Picture is { IsDone: true } ? "not known" : "…",
            { Caught: [var (_, delay), ..] } => delay > TimeSpan.Zero ? $"caught after {Ages.Of(delay)}" : "caught at once",
            _ => "missed",
        };

    private static string Number(Choice choice, Func<BacktestLane, int> number) =>
        Words(choice, lane => number(lane).ToString(CultureInfo.InvariantCulture));

    private static string Words(Choice choice, Func<BacktestLane, string> words) =>
        choice.Done is { } lane ? words(lane)
        : choice.Picture is { IsDone: true } ? "not known"
        : "…";

    private static string NoChart(Choice choice) =>
        choice.Picture switch
        {
            null or { IsDone: false } => "Asking Prometheus...",
            { ChartFailure: { } failure } => $"The value is not known: {failure}",
            { Draft.Summary.Firings: 0, Condition: null } =>
                "It never fired. Where the server keeps less than a day of history there was nothing to compare with.",
            _ => "The server has no samples of this in the whole range. That is not the same as calm.",
        };

    public void Dispose()
    {
        lifetime.Dispose();
    }

    /// <summary>One of the two, and how far its replay is.</summary>
    private sealed class Choice(string key, string title, ProposedRule rule, RulePlace place, string link)
    {
        public string Key { get; } = key;
        public string Title { get; } = title;
        public ProposedRule Rule { get; } = rule;
        public RulePlace Place { get; } = place;
        public string Link { get; } = link;
        public BacktestPicture? Picture { get; set; }

        /// <summary>Null until it is known to the end.</summary>
        public BacktestLane? Done => Picture is { IsDone: true, Draft: { Ended: null } lane } ? lane : null;
    }
}
