using System.Globalization;
using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Features.Access;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.Health;
using Archon.Ui.Parts;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Forms;

namespace Archon.Features.Rules.Import;

public sealed partial class RuleImportPage(CurrentActor me, RuleImporter importer, RuleTarget target, ViewState view) : IDisposable
{
    private const long MostBytes = 1_000_000;
    private const int MostFiles = 200;

    private readonly ComponentLifetime lifetime = new();
    private readonly PageWork work = new();
    private Dictionary<(string File, MergeRow? Row), MergeSide> choices = [];
    private IReadOnlyList<IncomingFile> files = [];
    private IReadOnlyList<ImportReview> reviews = [];
    private int environmentId;
    private string pastedName = "";
    private string pasted = "";
    private string reason = "";

    /// <summary><c>target</c> reads the target at once.</summary>
    [SupplyParameterFromQuery(Name = "source")]
    private string? AskedSource { get; set; }

    /// <summary>The one file of the target that is read; all without it.</summary>
    [SupplyParameterFromQuery(Name = "file")]
    private string? AskedFile { get; set; }

    private int Takable =>
        reviews.Count(review =>
            review is ImportReview.IsNew or ImportReview.Tests { Of: not null, IsChanged: true }
            || (review is ImportReview.Known { State: MergeState.OnlyTheirs or MergeState.Both } known && !IsKept(known))
        );

    /// <summary>Files of which nothing is taken, because the catalogue's was chosen.</summary>
    private int Kept => reviews.OfType<ImportReview.Known>().Count(IsKeptOurs);

    private string Act =>
        (Open, Takable, Kept) switch
        {
            (1, _, _) => "1 choice is open",
            (> 1, _, _) => $"{Open} choices are open",
            (_, 0, 0) => "Nothing to import",
            (_, 0, _) => "Keep ours",
            (_, 1, _) => "Import 1 file",
            _ => $"Import {Takable} files",
        };

    /// <summary>How often both sides changed something and nobody has chosen yet.</summary>
    private int Open =>
        reviews
            .OfType<ImportReview.Known>()
            .Sum(known =>
                known.State is MergeState.Both both
                    ? both.Rows.Count == 0
                        ? Unchosen(known.Name, null)
                        : both.Rows.Where(row => row.IsConflict).Sum(row => Unchosen(known.Name, row))
                    : 0
            );

    private string Summary =>
        string.Join(
            " · ",
            new[]
            {
                Count(review => review is ImportReview.IsNew, "new"),
                Count(review => review is ImportReview.Known { State: MergeState.OnlyTheirs }, "changed"),
                Count(review => review is ImportReview.Known { State: MergeState.Both }, "changed on both sides"),
                Count(review => review is ImportReview.Known { State: MergeState.Same or MergeState.OnlyOurs }, "unchanged"),
                Count(review => review is ImportReview.Refused, "refused"),
            }.Where(part => part.Length > 0)
        );

    private bool HasTarget => target.For(environmentId).IsThere;

    protected override Task OnInitializedAsync()
    {
        environmentId = view.EnvironmentId;
        view.Changed += EnvironmentChanged;
        return AskedSource == "target" && HasTarget ? FromTargetAsync(AskedFile) : Task.CompletedTask;
    }

    // What was compared with the rules of one environment says nothing of another.
    private void EnvironmentChanged() =>
        _ = InvokeAsync(() =>
        {
            if (environmentId == view.EnvironmentId)
                return;
            environmentId = view.EnvironmentId;
            DropReviews();
            work.Say("");
            StateHasChanged();
        });

    private Task UploadAsync(InputFileChangeEventArgs chosen) =>
        WorkAsync(async () =>
        {
            if (chosen.FileCount > MostFiles)
            {
                Report($"At most {MostFiles} files at once.", isFault: true);
                return;
            }
            var read = new List<IncomingFile>();
            foreach (var file in chosen.GetMultipleFiles(MostFiles))
            {
                if (file.Size > MostBytes)
                {
                    Report($"{file.Name} is larger than 1 MB.", isFault: true);
                    return;
                }
                using var bytes = new MemoryStream();
                await using var stream = file.OpenReadStream(MostBytes, lifetime.Token);
                await stream.CopyToAsync(bytes, lifetime.Token);
                read.Add(new IncomingFile(file.Name, bytes.ToArray()));
            }
            await ReviewAsync(environmentId, read);
        });

    private Task PasteAsync() =>
        WorkAsync(() => ReviewAsync(environmentId, [new IncomingFile(pastedName.Trim(), Encoding.UTF8.GetBytes(pasted))]));

    private Task FromTargetAsync(string? only) =>
        WorkAsync(async () =>
        {
            var asked = environmentId;
            switch (await importer.FromTargetAsync(asked, only, lifetime.Token))
            {
                case Fetch<IReadOnlyList<IncomingFile>>.Ok { Value.Count: 0 }:
                    Report(
                        only is null ? $"There is no rule file in {target.Words}." : $"There is no file {only} in {target.Words}.",
                        isFault: false
                    );
                    break;
                case Fetch<IReadOnlyList<IncomingFile>>.Ok { Value: var found }:
                    await ReviewAsync(asked, found);
                    break;
                case Fetch<IReadOnlyList<IncomingFile>>.Unavailable { Reason: var words }:
                    Report(words, isFault: true);
                    break;
                case Fetch<IReadOnlyList<IncomingFile>>.Rejected { Reason: var words }:
                    Report(words, isFault: true);
                    break;
            }
        });

    private Task FromServerAsync() =>
        WorkAsync(async () =>
        {
            var taken = await importer.TakeServerAsync(environmentId, await me.GetAsync(lifetime.Token), lifetime.Token);
            work.Say(
                taken switch
                {
                    0 => "Every file that the server runs is in the catalogue already.",
                    1 => "1 file came into the catalogue.",
                    _ => $"{taken} files came into the catalogue.",
                }
            );
        });

    private Task ImportAsync() =>
        WorkAsync(async () =>
        {
            // Another environment that is chosen meanwhile drops them.
            var (importing, incoming, reviewed, chosen) = (environmentId, files, reviews, choices);
            var kept = reviewed.OfType<ImportReview.Known>().Where(IsKeptOurs).Select(known => known.Name).ToHashSet();
            var wanted = new Dictionary<string, ImportChoice>();
            foreach (var known in reviewed.OfType<ImportReview.Known>())
            {
                wanted[known.Name] = new ImportChoice(known.BasedOn, row => SideOf(chosen, known, row), SideOf(chosen, known, null));
            }
            var results = await importer.ImportAsync(
                importing,
                incoming,
                wanted,
                await me.GetAsync(lifetime.Token),
                reason,
                lifetime.Token
            );
            var taken = results.Count(result => result is ImportResult.Taken);
            var meanwhile = results.Where(result => result is ImportResult.ChangedMeanwhile or ImportResult.Conflict).ToList();
            if (meanwhile.Count > 0)
            {
                await ReviewAsync(importing, [.. incoming.Where(file => meanwhile.Any(result => result.Name == file.Name))]);
                var names = string.Join(", ", meanwhile.Select(result => result.Name));
                var before = taken > 0 ? $"{ImportWords.Files(taken)} imported. " : "";
                work.SayProblem($"{before}{names} was edited in the catalogue meanwhile. The new state is shown.");
                return;
            }
            if (importing == environmentId)
                Clear();
            Report(
                ImportWords.Ended(
                    taken,
                    results.Count(result => result is ImportResult.Refused),
                    kept.Count,
                    incoming.Count(file => file.IsFromTarget && kept.Contains(file.Name))
                ),
                isFault: false
            );
        });

    private async Task ReviewAsync(int asked, IReadOnlyList<IncomingFile> incoming)
    {
        var found = await importer.ReviewAsync(asked, incoming, lifetime.Token);
        if (asked == environmentId)
            (files, reviews, choices) = (incoming, found, []);
    }

    private void Clear()
    {
        DropReviews();
        pasted = "";
    }

    private void DropReviews() => (files, reviews, choices) = ([], [], []);

    private void Report(string words, bool isFault)
    {
        if (isFault)
            work.SayProblem(words);
        else
            work.Say(words);
    }

    private Task WorkAsync(Func<Task> task) =>
        work.DoAsync(
            async () =>
            {
                try
                {
                    await task();
                }
                catch (RuleEditException refused)
                {
                    work.SayProblem(refused.Message);
                }
                catch (IOException failure)
                {
                    work.SayProblem($"The upload was cut off: {failure.Message}");
                }
            },
            lifetime.Token
        );

    /// <summary>Whose is taken: what was chosen, else that of the side that changed it.</summary>
    private static MergeSide SideOf(Dictionary<(string File, MergeRow? Row), MergeSide> choices, ImportReview.Known known, MergeRow? row) =>
        choices.TryGetValue((known.Name, row), out var chosen) ? chosen
        : row is not null ? row.Side
        : known.State is MergeState.OnlyTheirs ? MergeSide.Theirs
        : MergeSide.Ours;

    private bool IsKept(ImportReview.Known known) => RowsOf(known).All(row => SideOf(choices, known, row) == MergeSide.Ours);

    private bool IsKeptOurs(ImportReview.Known known) => known.State is MergeState.OnlyTheirs or MergeState.Both && IsKept(known);

    private bool IsChosen(ImportReview.Known known, MergeRow? row, MergeSide side) =>
        (!IsOpen(known, row) || choices.ContainsKey((known.Name, row))) && SideOf(choices, known, row) == side;

    /// <summary>Whether both sides changed it, so that somebody has to choose.</summary>
    private static bool IsOpen(ImportReview.Known known, MergeRow? row) => row?.IsConflict ?? known.State is MergeState.Both;

    private void ChooseAll(ImportReview.Known known, MergeSide side)
    {
        foreach (var row in RowsOf(known))
            choices[(known.Name, row)] = side;
    }

    /// <summary>What can be chosen one by one; one null for the whole file.</summary>
    private static IReadOnlyList<MergeRow?> RowsOf(ImportReview.Known known)
    {
        var rows = known.State switch
        {
            MergeState.OnlyTheirs only => only.Rows,
            MergeState.Both both => both.Rows,
            _ => [],
        };
        if (rows.Count > 0)
            return rows;
        return [null];
    }

    private static string WhoChanged(MergeRow row) =>
        row.IsConflict ? "both changed it"
        : row.Side == MergeSide.Theirs ? "only the file changed it"
        : "only the catalogue changed it";

    private int Unchosen(string file, MergeRow? row) => choices.ContainsKey((file, row)) ? 0 : 1;

    private string Count(Func<ImportReview, bool> which, string words) =>
        reviews.Count(which) is > 0 and var count ? $"{count} {words}" : "";

    private static string NameOf(string file, MergeRow? row) =>
        string.Create(CultureInfo.InvariantCulture, $"{file}/{row?.Group}/{row?.Rule}/{row?.Ordinal}");

    private static StateKind Shape(ImportReview review) =>
        review switch
        {
            ImportReview.Refused or ImportReview.Tests { Of: null } => StateKind.Critical,
            ImportReview.Known { State: MergeState.Both { Conflicts: > 0 } } => StateKind.Warning,
            ImportReview.Known { State: MergeState.Same or MergeState.OnlyOurs } or ImportReview.Tests { IsChanged: false } => StateKind.Ok,
            _ => StateKind.Info,
        };

    private static string Word(ImportReview review) =>
        review switch
        {
            ImportReview.Refused => "Refused as a whole",
            ImportReview.IsNew { Rules: var rules } => rules == 1 ? "New, 1 rule" : $"New, {rules} rules",
            ImportReview.Known { State: MergeState.Same } => "Identical to the catalogue",
            ImportReview.Known { State: MergeState.OnlyOurs } => "Only the catalogue changed: nothing to take",
            ImportReview.Known { State: MergeState.OnlyTheirs } => "Only the file changed",
            ImportReview.Known { State: MergeState.Both { Conflicts: 0 } } => "Both changed, in different rules",
            ImportReview.Known => "Both changed: choose for each rule",
            ImportReview.Tests { Of: null } => "Unit tests of a file that is not here",
            ImportReview.Tests { IsChanged: false } => "Identical tests",
            ImportReview.Tests tests => $"Unit tests of {tests.Of}",
            _ => "",
        };

    private static string Word(RuleChangeKind kind) =>
        kind switch
        {
            RuleChangeKind.RuleAdded or RuleChangeKind.GroupAdded => "new",
            RuleChangeKind.RuleRemoved or RuleChangeKind.GroupRemoved => "gone",
            RuleChangeKind.RuleMoved => "moved",
            _ => "changed",
        };

    public void Dispose()
    {
        view.Changed -= EnvironmentChanged;
        lifetime.Dispose();
    }
}
