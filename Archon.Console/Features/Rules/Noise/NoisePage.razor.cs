using System.Globalization;
using Archon.Data.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Format;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Rules.Noise;

/// <summary>Which alerts cost people most and what came of it, with a quieter form for the worst.</summary>
public sealed partial class NoisePage(
    CurrentActor me,
    NoiseQueries noise,
    NoiseAdvisor advisor,
    AlertResponseCommands commands,
    ViewState view,
    TimeProvider clock
) : IDisposable
{
    private const int ShownRows = 50;

    /// <summary>So many of the worst are replayed without being asked.</summary>
    private const int AdvisedAlone = 3;
    private static readonly int[] Lengths = [7, 30];

    private static readonly (AlertResponseKind Kind, string Words)[] Kinds =
    [
        (AlertResponseKind.Acknowledged, "Acknowledge"),
        (AlertResponseKind.ActedOn, "Acted on"),
        (AlertResponseKind.FalsePositive, "False alarm"),
    ];

    private readonly ComponentLifetime lifetime = new();
    private readonly Dictionary<int, AdviceResult> advice = [];
    private readonly NewestReading reading = new();
    private NoisePicture? picture;
    private string? failure;
    private string? opened;
    private string notice = "";
    private double far;
    private int? advising;
    private int shownDays;
    private bool isInteractive;
    private bool isOurs;
    private bool busy;

    [SupplyParameterFromQuery(Name = "days")]
    private int? AskedDays { get; set; }

    private int Days => Lengths.Contains(AskedDays ?? 0) ? AskedDays!.Value : Lengths[0];

    private string Summary =>
        picture is null
            ? reading.IsUnderWay
                ? $"reading {Days} days"
                : ""
            : string.Join(
                " · ",
                new[]
                {
                    $"{Many(picture.Rows.Sum(row => row.Firings), "firing")} of {Many(picture.Rows.Count, "rule")}",
                    Many(picture.Rows.Sum(row => row.Flaps), "flap"),
                    reading.IsUnderWay ? "reading again" : "",
                }.Where(part => part.Length > 0)
            );

    protected override async Task OnParametersSetAsync()
    {
        if (isInteractive && shownDays != Days)
            await ReadAsync();
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        // Once somebody watches: the history is too dear to be read for a page that nobody sees.
        if (!firstRender)
            return;
        isInteractive = true;
        await ReadAsync();
    }

    private async Task ReadAsync()
    {
        if (shownDays != Days)
            (picture, opened) = (null, null);
        (shownDays, failure, far) = (Days, null, 0);
        var (length, progress) = (TimeSpan.FromDays(Days), new ReadProgress(this));
        var read = reading.ReadAsync(token => noise.PictureAsync(view.EnvironmentId, length, progress, token), lifetime.Token);
        StateHasChanged();
        try
        {
            if (await read is not { } answer)
                return;
            if (answer is Fetch<NoisePicture>.Ok { Value: var found })
                picture = found;
            else
                (failure, isOurs) = (answer.Reason(), false);
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            (failure, isOurs) = (reason, true);
        }
        StateHasChanged();
        if (failure is not null)
            return;
        var worst = (picture?.Rows ?? []).Select(row => row.Rule).OfType<RuleRow>().Take(AdvisedAlone);
        foreach (var rule in worst.Where(rule => !advice.ContainsKey(rule.Id)).ToList())
        {
            if (advising is null)
                await AdviseAsync(rule.Id);
        }
    }

    private async Task AdviseAsync(int ruleId)
    {
        if (advising is not null)
            return;
        advising = ruleId;
        StateHasChanged();
        try
        {
            advice[ruleId] = await advisor.AdviseAsync(ruleId, lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            // the tab closed
        }
        catch (Exception exception) when (ReadFailures.Describe(exception) is { } reason)
        {
            advice[ruleId] = new AdviceResult(null, reason, false);
        }
        finally
        {
            advising = null;
        }
        if (!lifetime.IsOver)
            StateHasChanged();
    }

    private async Task RespondAsync(NoiseRow row, NoiseFiring firing, AlertResponseKind kind)
    {
        if (busy)
            return;
        (busy, notice) = (true, "");
        try
        {
            var actor = await me.GetAsync(lifetime.Token);
            await commands.SetAsync(view.EnvironmentId, firing.Firing, row.Rule?.Id, kind, !firing.Has(kind), actor, lifetime.Token);
        }
        catch (OperationCanceledException) when (lifetime.IsOver)
        {
            return;
        }
        catch (Exception failed) when (ReadFailures.Describe(failed) is { } reason)
        {
            notice = $"Not done: {reason}";
            return;
        }
        finally
        {
            busy = false;
        }
        await ReadAsync();
    }

    private string Stamp(DateTimeOffset at) => view.Stamp(at, clock.GetUtcNow());

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static string KeyOf(NoiseRow row) => $"{row.Rule?.Id} {row.Name}";

    private static string Rate(int count, int of) => of == 0 ? "not known" : $"{count} of {of}, {Figures.Format((double)count / of, "1")}";

    private static string Many(int count, string name) =>
        count == 1 ? $"1 {name}" : string.Create(CultureInfo.InvariantCulture, $"{count} {name}s");

    private static string Words(AlertResponseKind kind) => Kinds.First(one => one.Kind == kind).Words.ToLowerInvariant();

    private string? By(NoiseFiring firing, AlertResponseKind kind) =>
        firing.Responses.FirstOrDefault(one => one.Kind == kind) is { } given ? $"{given.By}, {view.Exact(given.At)}" : null;

    private static string Effect(NoiseAdvice better) =>
        string.Join(
            " · ",
            new[]
            {
                $"firings {better.Before.Firings} → {better.After.Firings}",
                Changed("flaps", better.Before.Flaps, better.After.Flaps),
                $"firing {Ages.Of(better.Before.FiringTime)} → {Ages.Of(better.After.FiringTime)}",
                Catches(better),
                better.Past.IsWhole ? $"in {Ages.Of(better.Past.Asked.Length)}"
                : better.Past.Since is null ? "over an unknown time"
                : $"in {better.Past.Extent}",
            }.Where(part => part.Length > 0)
        );

    private static string Catches(NoiseAdvice better) =>
        better.Troubles == 0
            ? "no incidents to judge by"
            : $"caught {better.CaughtAfter} of {better.Troubles} incidents"
                + (better.CaughtAfter == better.CaughtBefore ? " as before" : $", before {better.CaughtBefore}");

    private static string Changed(string name, int before, int after) =>
        before == after ? "" : string.Create(CultureInfo.InvariantCulture, $"{name} {before} → {after}");

    public void Dispose()
    {
        lifetime.Dispose();
    }

    private sealed class ReadProgress(NoisePage page) : IProgress<double>
    {
        public void Report(double value)
        {
            page.far = value;
            _ = page.InvokeAsync(page.StateHasChanged);
        }
    }
}
