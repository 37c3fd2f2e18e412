using Archon.Features.Access;
using Archon.Features.Rules.Backtest;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Ui.Dialogs;
using Archon.Ui.Forms;

namespace Archon.Features.Rules.Editor;

/// <summary>What a session asks of the page that shows it.</summary>
/// <param name="MayEditAsync">Whether the reader has a role that edits rules: what is offered. What is done is checked by the command.</param>
/// <param name="ActorAsync">The reader, for a command.</param>
/// <param name="ConfirmAsync">Whether the reader wants something done that cannot simply be taken back.</param>
/// <param name="WarnAsync">Reports what was not done, on a page that is being left.</param>
/// <param name="Refresh">Something to show has changed.</param>
/// <param name="FailAsync">An error that the session cannot answer.</param>
public sealed record RuleEditorHost(
    Func<Task<bool>> MayEditAsync,
    Func<Task<Actor>> ActorAsync,
    Func<Question, Task<bool>> ConfirmAsync,
    Func<string, Task> WarnAsync,
    Action Refresh,
    Func<Exception, Task> FailAsync
);

/// <summary>What a new draft begins with, as the address of the page says it.</summary>
/// <param name="Source">The page that wrote the draft: one of <see cref="DraftSources"/>; null where it was begun here.</param>
/// <param name="SharedDraft">A draft that somebody shared by a link.</param>
public sealed record RuleEditorStart(string? Expression, string? For, string? Severity, string? Name, string? Source, string? SharedDraft)
{
    public static RuleEditorStart Empty { get; } = new(null, null, null, null, null, null);
}

/// <summary>What sessions work with.</summary>
public sealed record RuleEditorServices(
    RuleQueries Rules,
    RuleCommands Commands,
    WorkbenchQueries Queries,
    TroubleQueries Troubles,
    RuleTestMaker TestMaker,
    Upstreams Upstreams,
    BacktestSampleCache Samples,
    Drafts Drafts,
    TimeProvider Clock
);
