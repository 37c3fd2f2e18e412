using System.Text;
using Archon.ConfigFiles.Rules;
using Archon.Features.Rules.Catalogue;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Archon.Tests.Features.Rules.Catalogue;

[SystemTest]
public sealed class RuleCommandsTests(PostgresFixture postgres)
{
    private const string Written = """
        # Ours.
        groups:
          - name: shop   # of the shop
            interval: 30s
            rules:
              - alert: 'Down'
                expr: >-
                  up{job="shop"}
                  == 0
                for: 5m   # patience
                labels: {severity: critical}
              - record: shop:up
                expr: sum by (job) (up)

        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_rule_makes_its_file_and_its_group_and_is_in_the_audit()
    {
        await using var bench = await RuleBench.StartAsync(postgres);

        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0", TimeSpan.FromMinutes(5))));

        Assert.Equal(
            "groups:\n  - name: shop\n    rules:\n      - alert: Down\n        expr: up == 0\n        for: 5m\n",
            await bench.ContentAsync("shop.yml")
        );
        var detail = (await bench.Queries.FindAsync(id, Token))!;
        Assert.Equal(
            ("shop.yml", "shop", 1, null, false),
            (detail.File, detail.Group.Name, detail.CurrentVersion, detail.RunningVersion, detail.IsDeleted)
        );
        Assert.Equal(("ada", "wanted"), (detail.Versions[0].Author, detail.Versions[0].Reason));
        var entry = await bench.ReadAsync(db => db.AuditEntries.SingleAsync(Token));
        Assert.Equal(("ada", "rule.create", "rule file shop.yml"), (entry.Actor, entry.Action, entry.Subject));
    }

    [Fact]
    public async Task Only_what_was_edited_differs_in_the_file()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Written);
        bench.Metrics.Rules = Served(Path.Combine(bench.Folder, "shop.yml"));
        await bench.LookAsync();
        var seen = (await bench.Queries.FindAsync((await bench.RuleAsync("Down")).Id, Token))!;

        var saved = await bench.Commands.SaveAsync(
            new RuleDraft(
                RuleBench.Environment,
                seen.Id,
                seen.File,
                seen.Group.Name,
                seen.Content with
                {
                    For = TimeSpan.FromMinutes(10),
                },
                seen.CurrentVersion,
                "calmer"
            ),
            TestActor.Named("ada"),
            Token
        );

        Assert.IsType<RuleSaveResult.Saved>(saved);
        Assert.Equal(Written.Replace("for: 5m", "for: 10m", StringComparison.Ordinal), await bench.ContentAsync("shop.yml"));
        Assert.Equal(Written, await File.ReadAllTextAsync(Path.Combine(bench.Folder, "shop.yml"), Token));
    }

    [Fact]
    public async Task Without_the_file_at_hand_it_is_put_together_from_what_the_server_runs()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        bench.Metrics.Rules = Served("/etc/rules/shop.yml");
        await bench.LookAsync();
        var seen = (await bench.Queries.FindAsync((await bench.RuleAsync("Down")).Id, Token))!;

        await bench.Commands.SaveAsync(
            new RuleDraft(
                RuleBench.Environment,
                seen.Id,
                seen.File,
                seen.Group.Name,
                seen.Content with
                {
                    For = TimeSpan.FromMinutes(10),
                },
                seen.CurrentVersion,
                "calmer"
            ),
            TestActor.Named("ada"),
            Token
        );

        Assert.Equal("etc/rules/shop.yml", seen.File);
        var document = await bench.ReadAsync(db => db.RuleDocuments.AsNoTracking().Include(one => one.Versions).SingleAsync(Token));
        Assert.Equal(["Down", "shop:up"], RuleFile.Read(document.Content, out _)!.Rules.Select(rule => rule.Content.Name));
        Assert.Contains("Put together", document.Versions.Single(one => one.Number == 1).Reason, StringComparison.Ordinal);
        await bench.LookAsync();
        Assert.Equal(
            RuleStanding.NotApplied,
            (await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules.Single(rule => rule.Name == "Down").Standing
        );
        Assert.Equal(
            RuleStanding.InStep,
            (await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules.Single(rule => rule.Name == "shop:up").Standing
        );
    }

    [Fact]
    public async Task A_new_rule_in_a_file_that_only_the_server_knows_leaves_the_others_where_they_are()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        await bench.WriteAsync("shop.yml", Written);
        bench.Metrics.Rules = Served(Path.Combine(bench.Folder, "shop.yml"));
        await bench.LookAsync();
        var draft = RuleBench.New("shop.yml", "shop", RuleBench.Alert("More", "up == 2"));

        var (preview, _) = await bench.Commands.PreviewAsync(draft, Token);
        await bench.SavedAsync(draft);

        Assert.Equal(Written, preview!.Before!.Text);
        Assert.StartsWith(Written.TrimEnd(), await bench.ContentAsync("shop.yml"), StringComparison.Ordinal);
        Assert.Equal(
            ["Down", "More", "shop:up"],
            (await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules.Select(rule => rule.Name).Order()
        );
    }

    [Fact]
    public async Task The_second_of_two_editors_is_reported_and_nothing_is_lost()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        RuleDraft Draft(string expression) =>
            RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", expression)) with
            {
                RuleId = id,
                BasedOn = 1,
            };

        var results = await Task.WhenAll(
            bench.Commands.SaveAsync(Draft("up < 1"), TestActor.Named("ada"), Token),
            bench.Commands.SaveAsync(Draft("up <= 0"), TestActor.Named("bob"), Token)
        );

        var saved = Assert.Single(results.OfType<RuleSaveResult.Saved>());
        var reported = Assert.Single(results.OfType<RuleSaveResult.ChangedMeanwhile>());
        Assert.Equal((2, 2), (saved.Version, reported.Theirs.Number));
        Assert.Contains(reported.Theirs.Expression, await bench.ContentAsync("shop.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_who_edit_different_rules_of_one_file_both_save()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var one = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("One", "up == 1")));
        var two = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Two", "up == 2")));

        var results = await Task.WhenAll(
            bench.Commands.SaveAsync(
                RuleBench.New("shop.yml", "shop", RuleBench.Alert("One", "up == 10")) with
                {
                    RuleId = one,
                    BasedOn = 1,
                },
                TestActor.Named("ada"),
                Token
            ),
            bench.Commands.SaveAsync(
                RuleBench.New("shop.yml", "shop", RuleBench.Alert("Two", "up == 20")) with
                {
                    RuleId = two,
                    BasedOn = 1,
                },
                TestActor.Named("bob"),
                Token
            )
        );

        Assert.All(results, result => Assert.IsType<RuleSaveResult.Saved>(result));
        Assert.Equal(
            ["up == 10", "up == 20"],
            RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules.Select(rule => rule.Content.Expression)
        );
    }

    [Theory]
    [InlineData("shop.yml", "rate(up)", "could not parse expression")]
    [InlineData("../shop.yml", "up == 0", "no path inside the rule folder")]
    [InlineData("shop_test.yml", "up == 0", "contains unit tests")]
    public async Task What_Prometheus_would_refuse_is_refused_with_its_reason(string file, string expression, string reason)
    {
        await using var bench = await RuleBench.StartAsync(postgres);

        var result = await bench.Commands.SaveAsync(
            RuleBench.New(file, "shop", RuleBench.Alert("Down", expression)),
            TestActor.Named("ada"),
            Token
        );

        Assert.Contains(reason, Assert.Single(Assert.IsType<RuleSaveResult.Invalid>(result).Reasons), StringComparison.Ordinal);
        Assert.Equal(0, await bench.ReadAsync(db => db.RuleDocuments.CountAsync(Token)));
    }

    [Fact]
    public async Task A_renamed_rule_stays_the_same_rule_and_names_can_be_swapped()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var one = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("One", "up == 1")));
        await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Two", "up == 2")));

        await bench.Commands.SaveAsync(
            RuleBench.New("shop.yml", "shop", RuleBench.Alert("Two", "up == 1")) with
            {
                RuleId = one,
                BasedOn = 1,
            },
            TestActor.Named("ada"),
            Token
        );

        var rules = await bench.ReadAsync(db => db.AlertRules.AsNoTracking().OrderBy(rule => rule.Id).ToListAsync(Token));
        Assert.Equal([("Two", 0, 2), ("Two", 1, 1)], rules.Select(rule => (rule.Name, rule.Ordinal, rule.CurrentVersion)));
        Assert.All(rules, rule => Assert.Null(rule.DeletedAt));
    }

    [Fact]
    public async Task A_rule_moves_to_another_file_with_its_versions()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));

        await bench.Commands.SaveAsync(
            RuleBench.New("all.yml", "all", RuleBench.Alert("Down", "up == 0")) with
            {
                RuleId = id,
                BasedOn = 1,
            },
            TestActor.Named("ada"),
            Token
        );

        var detail = (await bench.Queries.FindAsync(id, Token))!;
        Assert.Equal(("all.yml", "all", 2, false), (detail.File, detail.Group.Name, detail.CurrentVersion, detail.IsDeleted));
        Assert.Empty(RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules);
    }

    [Fact]
    public async Task A_deleted_rule_is_listed_and_restored()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        Assert.IsType<RuleSaveResult.Saved>(await bench.Commands.DeleteAsync(id, 1, TestActor.Named("ada"), "not needed", Token));
        Assert.Equal(id, Assert.Single((await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Deleted).Id);
        Assert.Empty((await bench.Queries.PictureAsync(RuleBench.Environment, Token)).Rules);

        var restored = await bench.Commands.RestoreAsync(id, 1, TestActor.Named("bob"), "needed after all", Token);

        Assert.Equal(new RuleSaveResult.Saved(id, 2), restored);
        Assert.Equal("up == 0", Assert.Single(RuleFile.Read(await bench.ContentAsync("shop.yml"), out _)!.Rules).Content.Expression);
        Assert.Equal(["needed after all", "wanted"], (await bench.Queries.VersionsAsync(id, Token)).Select(version => version.Reason));
    }

    [Fact]
    public async Task What_the_server_runs_otherwise_is_drift_and_no_version()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(
            RuleBench.New(
                "shop.yml",
                "shop",
                RuleBench.Alert("Down", "up{job=\"shop\"} == 1", TimeSpan.FromMinutes(5)) with
                {
                    Labels = new Dictionary<string, string> { ["severity"] = "critical" },
                }
            )
        );
        bench.Metrics.Rules = Served("shop.yml");

        await bench.LookAsync();

        var picture = await bench.Queries.PictureAsync(RuleBench.Environment, Token);
        Assert.Equal(RuleStanding.ChangedOutside, picture.Rules.Single(rule => rule.Id == id).Standing);
        Assert.Equal(RuleStanding.StillRuns, picture.Rules.Single(rule => rule.Name == "shop:up").Standing);
        Assert.Equal(1, (await bench.RuleAsync("Down")).CurrentVersion);
    }

    [Fact]
    public async Task Tests_are_kept_with_the_file_and_a_preview_writes_nothing()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));

        Assert.IsType<RuleSaveResult.Saved>(
            await bench.Commands.SaveTestsAsync(id, "tests:\n  - interval: 1m\n", TestActor.Named("ada"), Token)
        );
        Assert.IsType<RuleSaveResult.Invalid>(await bench.Commands.SaveTestsAsync(id, "tests: [", TestActor.Named("ada"), Token));
        var (preview, faults) = await bench.Commands.PreviewAsync(
            RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up < 1")) with
            {
                RuleId = id,
                BasedOn = 1,
            },
            Token
        );

        Assert.Empty(faults);
        Assert.Equal((0, 0, "up < 1"), (preview!.Group, preview.Rule, preview.After.Groups[0].Rules[0].Content.Expression));
        Assert.Equal("tests:\n  - interval: 1m\n", (await bench.Queries.FindAsync(id, Token))!.Tests);
        Assert.DoesNotContain("up < 1", await bench.ContentAsync("shop.yml"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_byte_of_a_file_survives_the_database()
    {
        await using var bench = await RuleBench.StartAsync(postgres, hasFolder: true);
        byte[] bytes = [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(Written.ReplaceLineEndings("\r\n"))];
        await File.WriteAllBytesAsync(Path.Combine(bench.Folder, "shop.yml"), bytes, Token);
        bench.Metrics.Rules = Served(Path.Combine(bench.Folder, "shop.yml"));
        await bench.LookAsync();

        await bench.Commands.SaveTestsAsync((await bench.RuleAsync("Down")).Id, "tests: []", TestActor.Named("ada"), Token);

        Assert.Equal(bytes, (await bench.ReadAsync(db => db.RuleDocuments.AsNoTracking().SingleAsync(Token))).Content);
    }

    private static string Served(string file) =>
        $$"""
            {"groups":[{"name":"shop","file":"{{file}}","interval":30,"rules":[
            {"name":"Down","query":"up{job=\"shop\"} == 0","type":"alerting","state":"inactive","health":"ok","duration":300,"keepFiringFor":0,
            "labels":{"severity":"critical"},"annotations":{},"alerts":[]},
            {"name":"shop:up","query":"sum by (job) (up)","type":"recording","health":"ok","labels":{} } ] } ] }
            """;
}
