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
    private readonly Dictionary<(string File, MergeRow? Row), MergeSide> choices = [];
    private IReadOnlyList<IncomingFile> files = [];
    private IReadOnlyList<ImportReview> reviews = [];
    private string pastedName = "";
    private string pasted = "";
    private string reason = "";

    /// <summary><c>target</c> reads the target at once.</summary>
    [SupplyParameterFromQuery(Name = "source")]
    private string? AskedSource { get; set; }

    private int Takable =>
        reviews.Count(review =>
            review
                is ImportReview.IsNew
                    or ImportReview.Tests { Of: not null, IsChanged: true }
                    or ImportReview.Known { State: MergeState.OnlyTheirs or MergeState.Both }
        );

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

    private bool HasTarget => target.For(view.EnvironmentId).IsThere;

    protected override Task OnInitializedAsync() => AskedSource == "target" && HasTarget ? FromTargetAsync() : Task.CompletedTask;

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
            await ReviewAsync(read);
        });

    private Task PasteAsync() => WorkAsync(() => ReviewAsync([new IncomingFile(pastedName.Trim(), Encoding.UTF8.GetBytes(pasted))]));

    private Task FromTargetAsync() =>
        WorkAsync(async () =>
        {
            switch (await importer.FromTargetAsync(view.EnvironmentId, lifetime.Token))
            {
                case Fetch<IReadOnlyList<IncomingFile>>.Ok { Value.Count: 0 }:
                    Report($"There is no rule file in {target.Words}.", isFault: false);
                    break;
                case Fetch<IReadOnlyList<IncomingFile>>.Ok { Value: var found }:
                    await ReviewAsync(found);
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
            var taken = await importer.TakeServerAsync(view.EnvironmentId, await me.GetAsync(lifetime.Token), lifetime.Token);
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
            var wanted = new Dictionary<string, ImportChoice>();
            foreach (var known in reviews.OfType<ImportReview.Known>().Where(known => known.State is MergeState.Both))
            {
                wanted[known.Name] = new ImportChoice(
                    known.BasedOn,
                    row => choices.GetValueOrDefault((known.Name, row)),
                    choices.GetValueOrDefault((known.Name, null))
                );
            }
            var results = await importer.ImportAsync(
                view.EnvironmentId,
                files,
                wanted,
                await me.GetAsync(lifetime.Token),
                reason,
                lifetime.Token
            );
            var (taken, refused) = (
                results.OfType<ImportResult.Taken>().Count(),
                results.Where(result => result is ImportResult.Refused).ToList()
            );
            var meanwhile = results.Where(result => result is ImportResult.ChangedMeanwhile or ImportResult.Conflict).ToList();
            if (meanwhile.Count > 0)
            {
                await ReviewAsync([.. files.Where(file => meanwhile.Any(result => result.Name == file.Name))]);
                var names = string.Join(", ", meanwhile.Select(result => result.Name));
                work.SayProblem($"{taken} imported. Somebody changed {names} meanwhile: look at the new state.");
                return;
            }
            Clear();
            Report(
                $"{(taken == 1 ? "1 file" : $"{taken} files")} imported{(refused.Count > 0 ? $", {refused.Count} refused" : "")}.",
                isFault: false
            );
        });

    private async Task ReviewAsync(IReadOnlyList<IncomingFile> incoming)
    {
        choices.Clear();
        (files, reviews) = (incoming, await importer.ReviewAsync(view.EnvironmentId, incoming, lifetime.Token));
    }

    private void Clear()
    {
        choices.Clear();
        (files, reviews, pasted) = ([], [], "");
    }

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
            ImportReview.Known { State: MergeState.OnlyOurs } => "Only the catalogue changed since, nothing to take",
            ImportReview.Known { State: MergeState.OnlyTheirs } => "Changed, replaces the catalogue's",
            ImportReview.Known { State: MergeState.Both { Conflicts: 0 } } => "Changed on both sides, in different rules: brought together",
            ImportReview.Known => "Changed on both sides: choose whose to keep",
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
        lifetime.Dispose();
    }
}
