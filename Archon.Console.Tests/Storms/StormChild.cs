using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Catalogue;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Tests.Kit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Archon.Tests.Storms;

/// <summary>A process of the kill storm: a whole console with its own PostgreSQL that scans, and applies one change of a rule after another.</summary>
/// <remarks>
/// It writes a line for each thing that it was told is done: <c>ready</c>, <c>saved VERSION</c>, <c>ended ID STAGE</c>. What was reported must
/// survive a kill. It ends by itself when standard input ends.
/// </remarks>
internal static class StormChild
{
    public const string Option = "--storm-child";
    public const string RuleName = "Storm";
    public const string File = "storm.yml";
    private const string Who = "storm";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <param name="folder">Of the console's data; rule files are in its folder <c>rules</c>.</param>
    public static async Task<int> RunAsync(string folder, string prometheus)
    {
        using var ending = new CancellationTokenSource();
        // Console.In reads synchronously whatever it is asked.
        new Thread(() =>
        {
            Console.In.ReadToEnd();
            ending.Cancel();
        })
        {
            IsBackground = true,
        }.Start();
        await using var app = await ArchonApp.StartAsync(
            "",
            ("ConnectionStrings:Archon", null),
            ("Archon:Database:Folder", folder),
            ("Archon:Role", "All"),
            ("Archon:ScanInterval", "00:00:05"),
            ("Archon:HistoryWindow", "01:00:00"),
            ("Archon:LeastHistory", "00:00:00"),
            ("Archon:Rules:Target", "Folder"),
            ("Archon:Rules:Folder", Path.Combine(folder, "rules")),
            ("Prometheus:BaseAddress", prometheus)
        );
        await app.Services.GetRequiredService<ArchonDatabase>().WhenReadyAsync(ending.Token);
        await app.LearnAsync(ending.Token);
        Console.WriteLine("ready");
        while (!ending.IsCancellationRequested)
        {
            try
            {
                await ChangeAsync(app.Services, ending.Token);
            }
            catch (OperationCanceledException) when (ending.IsCancellationRequested) { }
            // The database was killed: a person would try again.
            catch (Exception failure)
            {
                Console.WriteLine($"failed {failure.GetType().Name}");
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
        return 0;
    }

    private static async Task ChangeAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        AlertRule? rule;
        await using (
            var db = await services.GetRequiredService<IDbContextFactory<ArchonDbContext>>().CreateDbContextAsync(cancellationToken)
        )
            rule = await db.AlertRules.AsNoTracking().SingleOrDefaultAsync(one => one.Name == RuleName, cancellationToken);
        var version = (rule?.CurrentVersion ?? 0) + 1;
        var content = new RuleContent(RuleName, true, $"vector({version}) == 0");
        var draft = new RuleDraft(MonitoredEnvironment.DefaultId, rule?.Id, File, "storm", content, version - 1, "storm");
        if (
            await services.GetRequiredService<RuleCommands>().SaveAsync(draft, TestActor.Named(Who), cancellationToken)
            is RuleSaveResult.Saved saved
        )
            Console.WriteLine($"saved {saved.Version}");
        if (
            await services.GetRequiredService<RuleReviewer>().ReviewAsync(MonitoredEnvironment.DefaultId, cancellationToken)
            is not Fetch<ApplyReview>.Ok { Value: var review }
        )
            return;
        var ready = review.Files.Where(file => file.State == ReviewState.Ready).ToList();
        var result = await services
            .GetRequiredService<RuleApplier>()
            .ApplyAsync(MonitoredEnvironment.DefaultId, ready, TestActor.Named(Who), null, cancellationToken);
        Console.WriteLine(
            result switch
            {
                ApplyResult.Done done => $"ended {done.Id} {RuleApplyStage.Done}",
                ApplyResult.PutBack back => $"ended {back.Id} {RuleApplyStage.PutBack}",
                ApplyResult.Stuck stuck => $"ended {stuck.Id} {RuleApplyStage.Stuck}",
                ApplyResult.Refused refused => $"refused {refused.Reason}",
                _ => throw new InvalidOperationException($"An apply ended in {result}."),
            }
        );
    }
}
