using System.Globalization;
using Archon.ConfigFiles.Rules.Lint;
using Archon.Integrations.Prometheus;

namespace Archon.Features.Rules.Editor.ServerLint;

/// <summary>More alerts at once than a person can read.</summary>
internal static class TooManySeriesCheck
{
    public static void Find(ServerLintRun run, LintedRule rule, QueryResult result)
    {
        var count = result.SeriesCount;
        if (count <= run.Settings.MostSeries)
            return;
        var words = string.Create(CultureInfo.InvariantCulture, $"{count:N0} series at once");
        run.Add(rule.AtField(LintChecks.TooMany, LintSeverity.Warning, "expr", words));
    }
}
