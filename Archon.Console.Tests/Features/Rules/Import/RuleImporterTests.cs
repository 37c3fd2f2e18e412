using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Import;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Import;

[SystemTest]
public sealed class RuleImporterTests(PostgresFixture postgres)
{
    private const string Base = """
        groups:
          - name: shop
            rules:
              - alert: One
                expr: up == 1
              - alert: Two
                expr: up == 2   # two
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Importing_again_what_no_one_edited_takes_it_to_the_byte()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);

        var result = await ImportAsync(bench, "# new\n" + Base);

        Assert.Equal(2, Assert.IsType<ImportResult.Taken>(result).Version);
        Assert.Equal("# new\n" + Base, await bench.ContentAsync("shop.yml"));
    }

    [Fact]
    public async Task An_edit_here_survives_the_import_of_the_old_file()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        await EditAsync(bench, "One", "up == 10");

        Assert.IsType<ImportResult.Unchanged>(await ImportAsync(bench, Base));
        Assert.Contains("up == 10", await bench.ContentAsync("shop.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Changes_to_different_rules_on_both_sides_are_brought_together()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        await EditAsync(bench, "One", "up == 10");

        Assert.IsType<ImportResult.Taken>(await ImportAsync(bench, Base.Replace("up == 2 ", "up == 20 ", StringComparison.Ordinal)));

        Assert.Equal(
            Base.Replace("up == 1", "up == 10", StringComparison.Ordinal).Replace("up == 2 ", "up == 20 ", StringComparison.Ordinal),
            await bench.ContentAsync("shop.yml")
        );
    }

    [Fact]
    public async Task A_rule_of_twenty_thousand_terms_is_imported_and_exported_to_the_byte_and_said_to_be_unchecked()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var text = Base.Replace("up == 1", string.Concat(Enumerable.Repeat("up+", 20_000)) + "up", StringComparison.Ordinal);

        var review = Assert.IsType<ImportReview.IsNew>(
            Assert.Single(await Importer(bench).ReviewAsync(RuleBench.Environment, [File(text)], Token))
        );

        var finding = Assert.Single(review.Findings, finding => finding.Check == LintChecks.NotChecked);
        Assert.Equal((LintSeverity.Warning, 5, "One"), (finding.Severity, finding.Line, finding.Rule));
        Assert.Equal("not checked: the expression is longer than 20,000 characters", finding.Message);
        Assert.IsType<ImportResult.Taken>(await ImportAsync(bench, text));
        var exported = Assert.Single(await new RuleExporter(bench.Contexts).ExportAsync(RuleBench.Environment, "shop.yml", null, Token));
        Assert.Equal(text, Encoding.UTF8.GetString(exported.Content));
        // Its neighbour is edited, and it stays as it is.
        await EditAsync(bench, "Two", "up == 20");
        Assert.Equal(text.Replace("up == 2 ", "up == 20 ", StringComparison.Ordinal), await bench.ContentAsync("shop.yml"));
    }

    [Theory]
    [InlineData(MergeSide.Ours, "up == 10")]
    [InlineData(MergeSide.Theirs, "up == 11")]
    public async Task A_rule_that_both_changed_is_a_conflict_until_somebody_chooses(MergeSide side, string kept)
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        await EditAsync(bench, "One", "up == 10");
        var theirs = Base.Replace("up == 1\n", "up == 11\n", StringComparison.Ordinal);

        var reported = await ImportAsync(bench, theirs);
        var review = Assert.IsType<ImportReview.Known>(
            Assert.Single(await Importer(bench).ReviewAsync(RuleBench.Environment, [File(theirs)], Token))
        );
        var row = Assert.Single(Assert.IsType<MergeState.Both>(review.State).Rows);
        await ImportAsync(bench, theirs, new ImportChoice(review.BasedOn, _ => side, side));

        Assert.Equal(1, Assert.IsType<ImportResult.Conflict>(reported).Conflicts);
        Assert.Equal(
            ("alert: One\nexpr: up == 1", "alert: One\nexpr: up == 10", "alert: One\nexpr: up == 11"),
            (row.Base, row.Ours, row.Theirs)
        );
        Assert.Equal(
            [kept, "up == 2"],
            RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules.Select(rule => rule.Content.Expression)
        );
    }

    [Theory]
    [InlineData(MergeSide.Ours)]
    [InlineData(MergeSide.Theirs)]
    public async Task Comments_that_only_the_file_changed_are_taken_whichever_side_wins_conflicts(MergeSide side)
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        var review = Assert.IsType<ImportReview.Known>(
            Assert.Single(await Importer(bench).ReviewAsync(RuleBench.Environment, [File("# why\n" + Base)], Token))
        );

        Assert.IsType<ImportResult.Taken>(await ImportAsync(bench, "# why\n" + Base, ImportChoice.OfConflicts(review, side)));

        Assert.Equal("# why\n" + Base, await bench.ContentAsync("shop.yml"));
    }

    [Theory]
    [InlineData(MergeSide.Ours, "# mine\n")]
    [InlineData(MergeSide.Theirs, "# why\n")]
    public async Task Comments_that_both_changed_are_those_of_the_side_that_wins_conflicts(MergeSide side, string kept)
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, "# mine\n" + Base);
        await bench.ReadAsync(db =>
            db.RuleDocuments.ExecuteUpdateAsync(set => set.SetProperty(one => one.ImportedContent, Bytes(Base)), Token)
        );
        var review = Assert.IsType<ImportReview.Known>(
            Assert.Single(await Importer(bench).ReviewAsync(RuleBench.Environment, [File("# why\n" + Base)], Token))
        );

        await ImportAsync(bench, "# why\n" + Base, ImportChoice.OfConflicts(review, side));

        Assert.Equal(kept + Base, await bench.ContentAsync("shop.yml"));
    }

    [Fact]
    public async Task A_choice_made_on_an_older_state_is_not_carried_out()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        await EditAsync(bench, "One", "up == 10");

        var result = await ImportAsync(
            bench,
            Base.Replace("up == 1\n", "up == 11\n", StringComparison.Ordinal),
            new ImportChoice(1, _ => MergeSide.Theirs, MergeSide.Theirs)
        );

        Assert.IsType<ImportResult.ChangedMeanwhile>(result);
    }

    [Fact]
    public async Task Rules_that_are_gone_or_new_on_their_side_go_and_come()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base);
        await EditAsync(bench, "One", "up == 10");
        var theirs = Base[..Base.IndexOf("      - alert: Two", StringComparison.Ordinal)] + "      - alert: Three\n        expr: up == 3\n";

        Assert.IsType<ImportResult.Taken>(await ImportAsync(bench, theirs));

        Assert.Equal(
            [("One", "up == 10"), ("Three", "up == 3")],
            RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules.Select(rule => (rule.Content.Name, rule.Content.Expression))
        );
        Assert.NotNull((await bench.RuleAsync("Two")).DeletedAt);
    }

    [Fact]
    public async Task A_folder_is_read_and_agreed_on()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Base);
        var found = Assert
            .IsType<Archon.Integrations.Fetch<IReadOnlyList<IncomingFile>>.Ok>(
                await Importer(bench).FromTargetAsync(RuleBench.Environment, null, Token)
            )
            .Value;

        await Importer(bench)
            .ImportAsync(RuleBench.Environment, found, new Dictionary<string, ImportChoice>(), TestActor.Named("ada"), "", Token);

        var document = await bench.ReadAsync(db => db.RuleDocuments.AsNoTracking().SingleAsync(Token));
        Assert.Equal(Base, Encoding.UTF8.GetString(document.AppliedContent!));
    }

    [Fact]
    public async Task Of_what_only_the_target_changed_each_rule_can_be_kept_or_taken()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await ImportFromTargetAsync(bench, Base, null);
        var theirs = Base.Replace("up == 1\n", "up == 11\n", StringComparison.Ordinal)
            .Replace("up == 2 ", "up == 12 ", StringComparison.Ordinal);
        await bench.WriteAsync("shop.yml", theirs);
        var review = Assert.IsType<ImportReview.Known>(
            Assert.Single(await Importer(bench).ReviewAsync(RuleBench.Environment, [File(theirs) with { IsFromTarget = true }], Token))
        );

        var rows = Assert.IsType<MergeState.OnlyTheirs>(review.State).Rows;
        await ImportFromTargetAsync(
            bench,
            theirs,
            new ImportChoice(review.BasedOn, row => row.Rule == "One" ? MergeSide.Ours : MergeSide.Theirs, MergeSide.Ours)
        );

        Assert.Equal(
            [("One", false, MergeSide.Theirs), ("Two", false, MergeSide.Theirs)],
            rows.Select(row => (row.Rule!, row.IsConflict, row.Side))
        );
        Assert.Equal(Base.Replace("up == 2 ", "up == 12 ", StringComparison.Ordinal), await bench.ContentAsync("shop.yml"));
        // What was kept can be applied over theirs.
        var applied = Assert.IsType<Archon.Integrations.Fetch<ApplyReview>.Ok>(
            await new RuleReviewer(bench.Contexts, bench.Target).ReviewAsync(RuleBench.Environment, Token)
        );
        Assert.Equal(ReviewState.Ready, Assert.Single(applied.Value.Files).State);
    }

    [Fact]
    public void A_ruler_that_only_writes_in_its_own_form_has_changed_nothing()
    {
        var mimir = new RulerTarget(new Uri("http://mimir/prometheus/config/v1/rules"), null!);
        var returned = Base.Replace("   # two", "", StringComparison.Ordinal)
            .Replace("        expr: up == 1", "        expr: 'up==1'", StringComparison.Ordinal);
        var ours = Base.Replace("up == 2 ", "up == 20 ", StringComparison.Ordinal);
        var theirs = returned.Replace("up == 2", "up == 21", StringComparison.Ordinal);
        MergeState Compare(string mine, string other) =>
            RuleMerge.Compare(Bytes(Base), Bytes(mine), Bytes(other), RuleLanguage.Promql, mimir.IsSame);

        Assert.IsType<MergeState.Same>(Compare(Base, returned));
        Assert.IsType<MergeState.OnlyOurs>(Compare(ours, returned));
        Assert.Equal("Two", Assert.Single(Assert.IsType<MergeState.OnlyTheirs>(Compare(Base, theirs)).Rows).Rule);
        var row = Assert.Single(Assert.IsType<MergeState.Both>(Compare(ours, theirs)).Rows);
        Assert.Equal(("Two", true), (row.Rule, row.IsConflict));
        // What is taken of theirs leaves ours as it is written.
        Assert.Equal(
            Base.Replace("up == 2 ", "up == 21 ", StringComparison.Ordinal),
            Encoding.UTF8.GetString(
                RuleMerge.Take(Bytes(ours), Bytes(theirs), RuleLanguage.Promql, [row], _ => MergeSide.Theirs, keepsForm: true)
            )
        );
    }

    [Fact]
    public async Task A_file_that_a_command_without_the_target_imported_is_one_with_what_the_server_runs()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Base);
        var file = Path.Combine(bench.Folder, "shop.yml");
        bench.Metrics.Rules =
            $$"""{"groups":[{"name":"shop","file":"{{file}}","interval":30,"rules":[{{Served("One", "up == 1")}},{{Served("Two", "up == 2")}}]}]}""";
        await bench.LookAsync();
        var alone = new RuleImporter(TestActor.Gate(bench.Contexts), bench.Contexts, new NoTarget(), TimeProvider.System);
        await alone.ImportAsync(
            RuleBench.Environment,
            [File(Base)],
            new Dictionary<string, ImportChoice>(),
            TestActor.Named("ada"),
            "",
            Token
        );
        Assert.Equal("shop.yml", (await bench.ReadAsync(db => db.RuleDocuments.SingleAsync(Token))).ServerFile);

        await bench.WatchFilesAsync();
        await bench.LookAsync();

        Assert.Equal(file, (await bench.ReadAsync(db => db.RuleDocuments.SingleAsync(Token))).ServerFile);
        var rules = (await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules;
        Assert.Equal(
            [("One", RuleStanding.InStep), ("Two", RuleStanding.InStep)],
            rules.Select(rule => (rule.Name, rule.Standing)).Order()
        );
        var review = Assert.IsType<Archon.Integrations.Fetch<ApplyReview>.Ok>(
            await new RuleReviewer(bench.Contexts, bench.Target).ReviewAsync(RuleBench.Environment, Token)
        );
        Assert.Equal(ReviewState.InStep, Assert.Single(review.Value.Files).State);

        static string Served(string name, string query) =>
            $$"""{"name":"{{name}}","query":"{{query}}","type":"alerting","state":"inactive","health":"ok","duration":0,"labels":{},"annotations":{},"alerts":[]}""";
    }

    [Fact]
    public async Task One_group_is_exported_alone_and_all_files_as_a_zip()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        await ImportAsync(bench, Base + "\n  - name: other\n    rules: []\n");

        var files = await new RuleExporter(bench.Contexts).ExportAsync(RuleBench.Environment, null, "other", Token);
        using var zip = new System.IO.Compression.ZipArchive(new MemoryStream(RuleExporter.Zip(files)));

        Assert.Equal("other", Assert.Single(RuleFile.Read(Assert.Single(files).Content, out _)!.Groups).Content.Name);
        Assert.Equal("shop.yml", Assert.Single(zip.Entries).FullName);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static Task<IReadOnlyList<ImportResult>> ImportFromTargetAsync(RuleBench bench, string text, ImportChoice? choice) =>
        Importer(bench)
            .ImportAsync(
                RuleBench.Environment,
                [File(text) with { IsFromTarget = true }],
                choice is null ? new Dictionary<string, ImportChoice>() : new() { ["shop.yml"] = choice },
                TestActor.Named("ada"),
                "",
                Token
            );

    private static IncomingFile File(string text) => new("shop.yml", Encoding.UTF8.GetBytes(text));

    private static RuleImporter Importer(RuleBench bench) =>
        new(TestActor.Gate(bench.Contexts), bench.Contexts, bench.Target, TimeProvider.System);

    private static async Task<ImportResult> ImportAsync(RuleBench bench, string text, ImportChoice? choice = null) =>
        Assert.Single(
            await Importer(bench)
                .ImportAsync(
                    RuleBench.Environment,
                    [File(text)],
                    choice is null ? new Dictionary<string, ImportChoice>() : new() { ["shop.yml"] = choice },
                    TestActor.Named("ada"),
                    "again",
                    Token
                )
        );

    private static async Task EditAsync(RuleBench bench, string name, string expression)
    {
        var rule = await bench.RuleAsync(name);
        Assert.IsType<RuleSaveResult.Saved>(
            await bench.Commands.SaveAsync(
                RuleBench.New("shop.yml", "shop", RuleBench.Alert(name, expression)) with
                {
                    RuleId = rule.Id,
                    BasedOn = rule.CurrentVersion,
                },
                TestActor.Named("ada"),
                Token
            )
        );
    }
}
