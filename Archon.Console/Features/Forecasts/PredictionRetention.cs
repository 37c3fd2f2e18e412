using Archon.Data;
using Archon.Features.Scanning;
using Archon.Jobs;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Archon.Features.Forecasts;

/// <summary>Predictions are kept as long as anomalies, counted from when it was known whether they came true.</summary>
internal sealed class PredictionRetention(IOptions<WatchOptions> options) : IRetention
{
    public Task CleanAsync(ArchonDbContext db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var oldest = now - options.Value.Retention;
        return db.Predictions.Where(prediction => prediction.SettledAt < oldest).ExecuteDeleteAsync(cancellationToken);
    }
}
