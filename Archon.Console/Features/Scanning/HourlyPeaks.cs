using Archon.Analysis.Detection;

namespace Archon.Features.Scanning;

/// <summary>The rarest sample that one series had in one hour.</summary>
/// <param name="Hour">When the hour began.</param>
/// <param name="Class">See <see cref="EstateEvidence.ClassOf"/>.</param>
internal readonly record struct EvidencePeak(DateTimeOffset Hour, int Class);

/// <summary>Finds the rarest sample of each hour in the samples of one series.</summary>
internal sealed class HourlyPeaks
{
    private readonly List<EvidencePeak> over = [];
    private DateTimeOffset? hour;
    private double rarest;

    /// <summary>When the hour of the newest sample began; null before the first.</summary>
    public DateTimeOffset? Hour => hour;

    public void Add(DateTimeOffset at, double rarity)
    {
        var began = new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);
        if (began != hour)
        {
            if (hour is { } last)
                over.Add(new EvidencePeak(last, EstateEvidence.ClassOf(rarest)));
            (hour, rarest) = (began, 0);
        }
        rarest = Math.Max(rarest, rarity);
    }

    /// <summary>Those of the hours that are over; afterwards they count as taken.</summary>
    public List<EvidencePeak> Take()
    {
        List<EvidencePeak> taken = [.. over];
        over.Clear();
        return taken;
    }
}
