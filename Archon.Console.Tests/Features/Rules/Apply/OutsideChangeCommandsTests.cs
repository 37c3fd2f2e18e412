using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Data.Access;
using Archon.Features.Access;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>A change outside the console where one side has no file any more: there is a way on for each answer.</summary>
[SystemTest]
public sealed class OutsideChangeCommandsTests(PostgresFixture postgres)
{
    private const string Text =
        "groups:\n  - name: shop\n    rules:\n      - alert: One\n        expr: up == 1\n      - alert: Two\n        expr: up == 2\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_file_that_is_gone_from_the_target_can_be_written_again()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        var file = Assert.Single(await ReviewAsync(bench));
        Assert.Equal((ReviewState.ChangedOutside, null), (file.State, file.Held));
        Assert.Contains("Write it again, or delete it here too.", Assert.Single(file.Reasons), StringComparison.Ordinal);

        Assert.IsType<OutsideChangeResult.Done>(await Commands(bench).KeepOursAsync(RuleBench.Environment, file, Ada, Token));

        Assert.Equal(ReviewState.Ready, Assert.Single(await ReviewAsync(bench)).State);
        Assert.Equal(1, await bench.ReadAsync(db => db.AuditEntries.CountAsync(entry => entry.Action == "rule-file.agree", Token)));
    }

    [Fact]
    public async Task A_file_that_is_gone_from_the_target_can_be_deleted_here_too_and_each_rule_restored()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));

        var file = Assert.Single(await ReviewAsync(bench));
        Assert.IsType<OutsideChangeResult.Done>(await Commands(bench).DeleteHereAsync(RuleBench.Environment, file, Ada, Token));

        Assert.Empty(await ReviewAsync(bench));
        var rule = await bench.RuleAsync("Two");
        Assert.NotNull(rule.DeletedAt);
        Assert.IsType<RuleSaveResult.Saved>(await bench.Commands.RestoreAsync(rule.Id, rule.CurrentVersion, Ada, "wanted", Token));
        Assert.Equal("Two", Assert.Single(RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules).Content.Name);
        Assert.Equal(ReviewState.Ready, Assert.Single(await ReviewAsync(bench)).State);
    }

    [Fact]
    public async Task A_file_that_was_deleted_here_and_changed_on_the_target_can_stay_deleted()
    {
        await using var bench = await AgreedAsync();
        await bench.ReadAsync(db =>
            db.RuleDocuments.ExecuteUpdateAsync(set => set.SetProperty(one => one.DeletedAt, DateTimeOffset.UtcNow), Token)
        );
        await bench.WriteAsync("shop.yml", "# by hand\n" + Text);
        var file = Assert.Single(await ReviewAsync(bench));
        Assert.Equal((ReviewState.ChangedOutside, null), (file.State, file.Wanted));

        Assert.IsType<OutsideChangeResult.Done>(await Commands(bench).KeepOursAsync(RuleBench.Environment, file, Ada, Token));

        file = Assert.Single(await ReviewAsync(bench));
        Assert.Equal((ReviewState.Ready, null), (file.State, file.Wanted));
    }

    [Fact]
    public async Task What_changed_since_the_review_or_is_on_both_sides_is_refused()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        var file = Assert.Single(await ReviewAsync(bench));

        await RefusedAsync(file with { Version = file.Version + 1 }, "was edited meanwhile");
        await RefusedAsync(file, "was edited meanwhile", environmentId: 2);
        await bench.WriteAsync("shop.yml", "# by hand\n" + Text);
        await RefusedAsync(file, "was changed outside the console meanwhile");
        await RefusedAsync(Assert.Single(await ReviewAsync(bench)), "is on both sides");

        var document = await bench.ReadAsync(db => db.RuleDocuments.AsNoTracking().SingleAsync(Token));
        Assert.Equal((Text, null), (Encoding.UTF8.GetString(document.AppliedContent!), document.DeletedAt));

        async Task RefusedAsync(ReviewedFile one, string why, int environmentId = RuleBench.Environment) =>
            Assert.Contains(
                why,
                Assert.IsType<OutsideChangeResult.Refused>(await Commands(bench).KeepOursAsync(environmentId, one, Ada, Token)).Reason,
                StringComparison.Ordinal
            );
    }

    [Fact]
    public async Task A_role_that_may_not_apply_or_edit_changes_nothing()
    {
        await using var bench = await AgreedAsync();
        File.Delete(Path.Combine(bench.Folder, "shop.yml"));
        var file = Assert.Single(await ReviewAsync(bench));
        var eve = TestActor.Named("eve", Roles.Viewer);

        await Assert.ThrowsAsync<PermissionDeniedException>(() => Commands(bench).KeepOursAsync(RuleBench.Environment, file, eve, Token));
        await Assert.ThrowsAsync<PermissionDeniedException>(() => Commands(bench).DeleteHereAsync(RuleBench.Environment, file, eve, Token));

        Assert.Equal(ReviewState.ChangedOutside, Assert.Single(await ReviewAsync(bench)).State);
    }

    private static Actor Ada => TestActor.Named("ada");

    private static OutsideChangeCommands Commands(RuleBench bench) =>
        new(TestActor.Gate(bench.Contexts), bench.Target, TimeProvider.System);

    private static async Task<IReadOnlyList<ReviewedFile>> ReviewAsync(RuleBench bench) =>
        Assert
            .IsType<Fetch<ApplyReview>.Ok>(await new RuleReviewer(bench.Contexts, bench.Target).ReviewAsync(RuleBench.Environment, Token))
            .Value.Files;

    /// <summary>The catalogue and the folder have the same file.</summary>
    private async Task<RuleBench> AgreedAsync()
    {
        var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Text);
        await bench.ImportFromTargetAsync("shop.yml", Text);
        Assert.Equal(ReviewState.InStep, Assert.Single(await ReviewAsync(bench)).State);
        return bench;
    }
}
