using Archon.Data;
using Archon.Features.Access;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Features.Rules.Editor;
using Archon.Integrations;
using Archon.Tests.Kit;
using Archon.Ui.Forms;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Microsoft.JSInterop;
using Npgsql;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>A person at the rule editor: their name, their answers to questions, their browser, and time that is moved.</summary>
internal sealed class EditorDesk : IDisposable
{
    private readonly PromtoolRunner promtool;
    private readonly List<RuleEditorSession> opened = [];

    private EditorDesk(IDbContextFactory<ArchonDbContext> contexts, RuleTarget target, Upstreams upstreams)
    {
        var commands = new RuleCommands(TestActor.Gate(contexts), contexts, target, TimeProvider.System);
        promtool = new PromtoolRunner(Options.Create(new PromtoolOptions()), TimeProvider.System);
        Services = new RuleEditorServices(
            new RuleQueries(contexts, target),
            commands,
            new WorkbenchQueries(upstreams, commands, Clock),
            new TroubleQueries(contexts),
            new RuleTestMaker(upstreams, promtool),
            upstreams,
            new BacktestSampleCache(Clock),
            new Drafts(Browser),
            Clock
        );
    }

    public RuleEditorServices Services { get; }
    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);
    public TabStorage Browser { get; } = new();

    /// <summary>Null: a reader who may not edit.</summary>
    public string? Who { get; set; } = "ada";

    /// <summary>What is answered to each question.</summary>
    public bool Agrees { get; set; } = true;
    public List<string> Asked { get; } = [];
    public List<string> Warnings { get; } = [];
    public List<Exception> Failures { get; } = [];

    /// <summary>Without a database and without a server: both are away.</summary>
    public static EditorDesk Alone() =>
        new(new AwayDatabase(), new NoTarget(), UpstreamClients.At(new Uri("http://127.0.0.1:9/"), new Uri("http://127.0.0.1:9/")));

    /// <param name="contexts">In place of those of the bench.</param>
    public static EditorDesk At(RuleBench bench, IDbContextFactory<ArchonDbContext>? contexts = null) =>
        new(contexts ?? bench.Contexts, bench.Target, bench.Upstreams);

    /// <param name="ruleId">Null for a new rule.</param>
    public async Task<RuleEditorSession> OpenAsync(int? ruleId, RuleEditorStart? start = null)
    {
        var host = new RuleEditorHost(
            () => Task.FromResult(Who is not null),
            () => Task.FromResult(Who is { } who ? TestActor.Named(who, Roles.Editor) : TestActor.Named("reader", Roles.Viewer)),
            question =>
            {
                Asked.Add(question.Title);
                return Task.FromResult(Agrees);
            },
            words =>
            {
                Warnings.Add(words);
                return Task.CompletedTask;
            },
            () => { },
            failure =>
            {
                Failures.Add(failure);
                return Task.CompletedTask;
            }
        );
        var session = new RuleEditorSession(Services, host, RuleBench.Environment, ruleId, start ?? RuleEditorStart.Empty);
        opened.Add(session);
        await session.LoadAsync();
        await session.KeepDraftAsync();
        return session;
    }

    /// <summary>Lets the writer pause until everything that follows from the last change is there.</summary>
    public async Task PauseAsync(RuleEditorSession session)
    {
        await Waits.UntilAsync(() =>
        {
            Clock.Advance(DraftChecks.ThinkingPause);
            return session.Checks.Looking.IsCompleted;
        });
        Assert.Empty(Failures);
    }

    public void Dispose()
    {
        opened.ForEach(session => session.Dispose());
        promtool.Dispose();
    }

    /// <summary>A database that goes away once it was asked so many times more.</summary>
    public sealed class LeavingDatabase(IDbContextFactory<ArchonDbContext> inner) : IDbContextFactory<ArchonDbContext>
    {
        public int Left { get; set; } = int.MaxValue;

        public ArchonDbContext CreateDbContext() =>
            Left-- > 0 ? inner.CreateDbContext() : throw new NpgsqlException("The database is away.");
    }

    private sealed class AwayDatabase : IDbContextFactory<ArchonDbContext>
    {
        public ArchonDbContext CreateDbContext() => throw new NpgsqlException("The database is away.");
    }

    /// <summary>What scripts of the page keep of drafts: for the tab, and beyond it.</summary>
    public sealed class TabStorage : IJSRuntime
    {
        private readonly Dictionary<string, string> tab = new(StringComparer.Ordinal);
        private readonly Dictionary<string, string> beyond = new(StringComparer.Ordinal);

        public IEnumerable<string> Kept => beyond.Keys;

        /// <summary>Called when a draft was dropped: what it was a draft of is saved.</summary>
        public Action Dropped { get; set; } = () => { };

        /// <summary>The connection was lost and the page has loaded itself again; otherwise it was opened anew.</summary>
        public bool IsAfterLoss { get; set; }

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, object?[]? args)
        {
            var key = (string)args![0]!;
            switch (identifier)
            {
                case "archon.drafts.keep":
                    tab[key] = beyond[key] = (string)args[1]!;
                    return default;
                case "archon.drafts.drop":
                    tab.Remove(key);
                    beyond.Remove(key);
                    Dropped();
                    return default;
                default:
                    var from = identifier == "archon.drafts.take" ? (IsAfterLoss ? tab : []) : beyond;
                    return new ValueTask<TValue>((TValue)(object)from.GetValueOrDefault(key)!);
            }
        }

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) =>
            InvokeAsync<TValue>(identifier, args);
    }
}
