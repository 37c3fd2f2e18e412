namespace Archon.Analysis.RuleReplay;

/// <summary>A stretch of time in which something really was wrong.</summary>
/// <param name="Name">How people know it.</param>
/// <param name="From">Unix milliseconds.</param>
/// <param name="To">Unix milliseconds.</param>
public sealed record KnownTrouble(string Name, long From, long To);

/// <summary>How well a rule's firings meet what was really wrong.</summary>
/// <param name="Caught">With the delay from the trouble's start to the first firing in it; negative when the rule was earlier.</param>
/// <param name="Missed">Trouble without a firing.</param>
/// <param name="Extra">Firings outside of any trouble.</param>
public sealed record ReplayComparison(
    IReadOnlyList<(KnownTrouble Trouble, TimeSpan Delay)> Caught,
    IReadOnlyList<KnownTrouble> Missed,
    IReadOnlyList<ReplaySpan> Extra
)
{
    /// <param name="spans">Of any state; only firing ones count.</param>
    /// <param name="lead">
    /// How long before its recorded start a firing still belongs to a trouble, for people open incidents after the fact.
    /// </param>
    public static ReplayComparison Of(IReadOnlyList<ReplaySpan> spans, IReadOnlyList<KnownTrouble> troubles, TimeSpan lead)
    {
        var firing = spans.Where(span => span.State == AlertState.Firing).OrderBy(span => span.From).ToList();
        var caught = new List<(KnownTrouble, TimeSpan)>();
        var missed = new List<KnownTrouble>();
        foreach (var trouble in troubles)
        {
            if (firing.FirstOrDefault(span => Meets(span, trouble, lead)) is { } first)
            {
                caught.Add((trouble, TimeSpan.FromMilliseconds(first.From - trouble.From)));
            }
            else
                missed.Add(trouble);
        }
        return new ReplayComparison(caught, missed, [.. firing.Where(span => !troubles.Any(trouble => Meets(span, trouble, lead)))]);
    }

    private static bool Meets(ReplaySpan span, KnownTrouble trouble, TimeSpan lead) =>
        span.From <= trouble.To && span.To >= trouble.From - lead.TotalMilliseconds;
}
