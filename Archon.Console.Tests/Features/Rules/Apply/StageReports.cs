using Archon.Data;
using Archon.Data.Rules;
using Archon.Features.Rules.Apply;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Features.Rules.Apply;

/// <summary>What other readers of the database see when a stage is reported or logged.</summary>
internal sealed class StageReports(IDbContextFactory<ArchonDbContext> contexts) : IProgress<RuleApplyStage>, ILogger<RuleApplier>
{
    public List<(RuleApplyStage Reported, RuleApplyStage Stored)> Seen { get; } = [];
    public List<RuleApplyStage> StoredWhenLogged { get; } = [];

    private RuleApplyStage Stored
    {
        get
        {
            using var db = contexts.CreateDbContext();
            return db.RuleApplies.AsNoTracking().OrderByDescending(apply => apply.Id).First().Stage;
        }
    }

    public void Report(RuleApplyStage value) => Seen.Add((value, Stored));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => StoredWhenLogged.Add(Stored);
}
