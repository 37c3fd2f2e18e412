using Archon.Analysis.Detection;
using Xunit;
using static Archon.Analysis.Detection.DeviationDirection;
using static Archon.Analysis.Detection.ImpactSeverity;

namespace Archon.Tests.Analysis.Detection;

public sealed class ImpactTests
{
    private static readonly ImpactSignal ErrorShare = new(SignalKind.Errors, "1", Up);
    private static readonly ImpactSignal ErrorCount = new(SignalKind.Errors, "{req}/s", Up);
    private static readonly ImpactSignal Latency = new(SignalKind.Latency, "s", Up);
    private static readonly ImpactSignal Memory = new(SignalKind.Saturation, "1", Up, Limit: 1);
    private static readonly ImpactSignal Pods = new(SignalKind.Availability, "1", Down);
    private static readonly ImpactSignal Requests = new(SignalKind.Requests, "{req}/s");
    private static readonly ImpactSignal Bytes = new(SignalKind.Saturation, "By", Up);
    private static readonly ImpactSignal Cpu = new(SignalKind.Saturation, "1", Up);
    private static readonly ImpactSignal Available = new(SignalKind.Saturation, "1", Down, Limit: 0, IsFloor: true);
    private static readonly ImpactSignal CertificateOfFourteenDays = new(SignalKind.Saturation, "s", Down, Limit: 1_209_600, IsFloor: true);
    private static readonly ImpactSignal Certificate = new(SignalKind.Saturation, "s", Down, Limit: 0, IsFloor: true);
    private static readonly ImpactSignal HitRatio = new(SignalKind.Quality, "1", Down);

    [Theory]
    [InlineData(0.5, ServiceWeight.Critical, 30, Critical)]
    [InlineData(0.5, ServiceWeight.Critical, 15, Warning)]
    [InlineData(0.5, ServiceWeight.Standard, 60, Critical)]
    [InlineData(0.5, ServiceWeight.BestEffort, 60, Warning)]
    [InlineData(0.12, ServiceWeight.Critical, 60, Critical)]
    [InlineData(0.12, ServiceWeight.Standard, 60, Warning)]
    [InlineData(0.06, ServiceWeight.Critical, 60, Warning)]
    [InlineData(0.06, ServiceWeight.Critical, 1800, Critical)]
    [InlineData(0.03, ServiceWeight.Critical, 7200, Warning)]
    [InlineData(0.03, ServiceWeight.Standard, 60, Warning)]
    [InlineData(0.03, ServiceWeight.BestEffort, 60, Info)]
    [InlineData(0.006, ServiceWeight.Critical, 60, Info)]
    [InlineData(0.0024, ServiceWeight.Critical, 60, ImpactSeverity.None)]
    public void Failed_requests_are_graded_by_their_share(double value, ServiceWeight weight, int seconds, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(ErrorShare, value, 0.002, weight, seconds));
    }

    [Fact]
    public void Where_many_requests_fail_every_day_a_few_more_are_no_outage()
    {
        Assert.Equal(Warning, Grade(ErrorShare, 0.45, 0.4, ServiceWeight.Standard));
    }

    [Theory]
    [InlineData(3, 0.05, ServiceWeight.Critical, 60, Warning)]
    [InlineData(3, 0.05, ServiceWeight.Critical, 300, Critical)]
    [InlineData(3, 0.05, ServiceWeight.Standard, 7200, Warning)]
    [InlineData(0.05, 0.01, ServiceWeight.Critical, 300, Info)]
    [InlineData(3, 2, ServiceWeight.Critical, 300, Info)]
    public void Errors_per_second_say_nothing_of_the_share_that_fails(
        double value,
        double upper,
        ServiceWeight weight,
        int seconds,
        ImpactSeverity expected
    )
    {
        var deviation = new Deviation(value, upper / 2, upper, Up, TimeSpan.FromSeconds(seconds));

        Assert.Equal(expected, Impact.Of(ErrorCount, deviation, weight, affected: 1).Severity);
    }

    [Theory]
    [InlineData(0.254, 0.247, ServiceWeight.Critical, Info)]
    [InlineData(0.0184, 0.0176, ServiceWeight.Critical, ImpactSeverity.None)]
    [InlineData(0.0176, 0.0184, ServiceWeight.Critical, ImpactSeverity.None)]
    [InlineData(0.022, 0.0176, ServiceWeight.Critical, ImpactSeverity.None)]
    [InlineData(0.023, 0.0176, ServiceWeight.Critical, Info)]
    [InlineData(0.004, 0.001, ServiceWeight.Critical, Info)]
    [InlineData(0.5, 0.25, ServiceWeight.BestEffort, Info)]
    [InlineData(0.5, 0.25, ServiceWeight.Standard, Warning)]
    [InlineData(0.5, 0.25, ServiceWeight.Critical, Warning)]
    [InlineData(0.9, 0.25, ServiceWeight.Critical, Critical)]
    [InlineData(0.9, 0.25, ServiceWeight.Standard, Warning)]
    [InlineData(1.5, 0.25, ServiceWeight.Standard, Critical)]
    [InlineData(1.5, 0.25, ServiceWeight.BestEffort, Warning)]
    [InlineData(0.1, 0.25, ServiceWeight.Critical, Info)]
    public void Latency_is_graded_by_what_a_person_notices(double value, double usual, ServiceWeight weight, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(Latency, value, usual, weight, 60));
        Assert.Equal(expected, Grade(Latency with { Unit = "ms" }, value * 1000, usual * 1000, weight, 60));
    }

    [Fact]
    public void Latency_beyond_its_limit_is_a_warning_however_little_it_is_slower()
    {
        Assert.Equal(Warning, Grade(Latency with { Limit = 0.25 }, 0.26, 0.24, ServiceWeight.Standard));
        Assert.Equal(Info, Grade(Latency with { Limit = 0.25 }, 0.27, 0.255, ServiceWeight.Standard));
    }

    [Fact]
    public void A_floor_that_is_reached_is_critical_also_where_nothing_was_learnt()
    {
        // What is usual is then the limit itself.
        Assert.Equal(Critical, Grade(CertificateOfFourteenDays, 10 * 86_400, 14 * 86_400, ServiceWeight.Standard));
        Assert.Equal(Critical, Grade(Certificate, -86_400, 0, ServiceWeight.Standard));
    }

    [Theory]
    [InlineData(0.6, 0.2, Warning)]
    [InlineData(0.69, 0.23, Warning)]
    [InlineData(0.8, 0.27, Warning)]
    [InlineData(0.87, 0.29, Critical)]
    [InlineData(0.3, 0.25, Info)]
    [InlineData(0.006, 0.002, Info)]
    [InlineData(0.87, 0.86, Info)]
    [InlineData(1, 0.97, Critical)]
    public void Use_is_graded_by_what_is_left_to_its_limit(double value, double usual, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(Memory, value, usual, ServiceWeight.Standard));
        Assert.Equal(expected, Grade(Bytes with { Limit = 4e9 }, value * 4e9, usual * 4e9, ServiceWeight.Standard));
        Assert.Equal(expected, Grade(Available, 1 - value, 1 - usual, ServiceWeight.Standard));
    }

    [Fact]
    public void A_full_disk_is_critical_however_many_others_there_are()
    {
        Assert.Equal(Critical, Grade(Memory, 0.97, 0.5, ServiceWeight.Standard, affected: 0.1));
        Assert.Equal(Warning, Grade(Memory, 0.97, 0.5, ServiceWeight.BestEffort, affected: 0.1));
    }

    [Theory]
    [InlineData(0, Critical)]
    [InlineData(-3600, Critical)]
    [InlineData(20 * 86_400, Warning)]
    [InlineData(55 * 86_400, Info)]
    public void What_is_left_of_a_certificate_is_compared_with_what_usually_is(double left, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(Certificate, left, 60 * 86_400, ServiceWeight.Standard));
    }

    [Theory]
    [InlineData(3, Warning)]
    [InlineData(1.4, Info)]
    public void Without_a_limit_growth_is_never_critical(double times, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(Bytes, times * 2e9, 2e9, ServiceWeight.Critical, seconds: 7200));
    }

    [Theory]
    [InlineData(1, 0.5, ServiceWeight.Critical, 300, Critical)]
    [InlineData(1, 0.5, ServiceWeight.Critical, 240, Warning)]
    [InlineData(1, 0.5, ServiceWeight.Standard, 7200, Warning)]
    [InlineData(1, 0.97, ServiceWeight.Critical, 300, Warning)]
    [InlineData(0.27, 0.16, ServiceWeight.Critical, 300, Info)]
    [InlineData(3, 1.5, ServiceWeight.Critical, 300, Warning)]
    public void A_share_without_a_limit_is_full_at_a_hundred_percent(
        double value,
        double usual,
        ServiceWeight weight,
        int seconds,
        ImpactSeverity expected
    )
    {
        Assert.Equal(expected, Grade(Cpu, value, usual, weight, seconds));
    }

    [Theory]
    [InlineData(0, 0.1, ServiceWeight.Critical, Warning)]
    [InlineData(0, 0.1, ServiceWeight.Standard, Warning)]
    [InlineData(0, 1, ServiceWeight.Critical, Critical)]
    [InlineData(0, 1, ServiceWeight.Standard, Critical)]
    [InlineData(0, 1, ServiceWeight.BestEffort, Warning)]
    [InlineData(0, 0.5, ServiceWeight.Critical, Critical)]
    [InlineData(0, 0.5, ServiceWeight.Standard, Warning)]
    [InlineData(0.9, 1, ServiceWeight.Critical, Warning)]
    [InlineData(0, 0.002, ServiceWeight.Critical, Info)]
    public void Pods_are_graded_by_the_share_that_is_down(double value, double affected, ServiceWeight weight, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(Pods, value, 1, weight, 60, affected));
    }

    [Fact]
    public void A_scrape_that_failed_once_wakes_no_one()
    {
        Assert.Equal(Warning, Grade(Pods, 0, 1, ServiceWeight.Critical, seconds: 15));
    }

    [Theory]
    [InlineData(0.2, ServiceWeight.Critical, 120, Critical)]
    [InlineData(0.2, ServiceWeight.Critical, 60, Warning)]
    [InlineData(0.2, ServiceWeight.Standard, 7200, Warning)]
    [InlineData(0.2, ServiceWeight.BestEffort, 7200, Info)]
    [InlineData(0, ServiceWeight.Standard, 120, Critical)]
    [InlineData(0.8, ServiceWeight.Critical, 7200, Info)]
    [InlineData(4, ServiceWeight.Critical, 7200, Warning)]
    [InlineData(1.5, ServiceWeight.Critical, 7200, Info)]
    public void Requests_that_stay_away_are_graded_by_what_still_comes(
        double times,
        ServiceWeight weight,
        int seconds,
        ImpactSeverity expected
    )
    {
        Assert.Equal(expected, Grade(Requests, times * 50, 50, weight, seconds));
    }

    [Fact]
    public void Bytes_and_connections_that_stay_away_are_a_warning_at_most()
    {
        Assert.Equal(Warning, Grade(Requests with { Kind = SignalKind.Traffic }, 0, 50, ServiceWeight.Critical, 7200));
    }

    [Theory]
    [InlineData(0.4, 0.9, Warning)]
    [InlineData(0.85, 0.9, Info)]
    [InlineData(0.897, 0.9, ImpactSeverity.None)]
    [InlineData(0, 0.9, Warning)]
    public void A_hit_ratio_that_falls_is_a_warning_at_most(double value, double usual, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(HitRatio, value, usual, ServiceWeight.Critical, 7200));
    }

    [Theory]
    [InlineData(0.1, ServiceWeight.Critical, Warning)]
    [InlineData(0.5, ServiceWeight.Critical, Critical)]
    [InlineData(0.5, ServiceWeight.Standard, Warning)]
    [InlineData(0.6, ServiceWeight.Standard, Critical)]
    public void A_part_of_a_service_is_less_than_the_service(double affected, ServiceWeight weight, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(ErrorShare, 0.9, 0, weight, 60, affected));
    }

    [Theory]
    [InlineData("", 1, 0, ImpactSeverity.None)]
    [InlineData("", 2, 0, Warning)]
    [InlineData("", 1, 0.4, Warning)]
    [InlineData("{task}", 4, 0, Info)]
    [InlineData("{task}", 5, 0, Warning)]
    [InlineData("{task}", 24, 20, Info)]
    [InlineData("{cpu}", 4, 1, Warning)]
    public void A_few_things_more_are_no_trouble(string unit, double value, double usual, ImpactSeverity expected)
    {
        Assert.Equal(expected, Grade(new ImpactSignal(SignalKind.Saturation, unit, Up), value, usual, ServiceWeight.Standard));
    }

    [Fact]
    public void A_limit_that_is_reached_is_more_than_one_thing()
    {
        var quota = new ImpactSignal(SignalKind.Saturation, "", Up, Limit: 1);

        Assert.Equal(Critical, Grade(quota, 1, 0, ServiceWeight.Standard));
    }

    [Theory]
    [InlineData(0.5, 0.002, 60, 1, ServiceWeight.Critical, "50 % errors, usually 0.2 %.")]
    [InlineData(0.5, 0.002, 15, 1, ServiceWeight.Critical, "50 % errors, usually 0.2 %. Critical after 30 s.")]
    [InlineData(0.5, 0, 60, 0.1, ServiceWeight.Standard, "50 % errors, usually 0 %. Only 10 % of the series of this service.")]
    [InlineData(0.5, 0, 60, 1, ServiceWeight.BestEffort, "50 % errors, usually 0 %. Best-effort service: one level lower.")]
    public void The_reason_is_a_short_line(double value, double usual, int seconds, double affected, ServiceWeight weight, string expected)
    {
        var deviation = new Deviation(value, usual, usual, Up, TimeSpan.FromSeconds(seconds));

        Assert.Equal(expected, Impact.Of(ErrorShare, deviation, weight, affected).Reason);
    }

    [Fact]
    public void Whether_it_is_worth_a_person_depends_on_the_size_alone_and_more_is_never_less_severe()
    {
        double[] sizes = [0, 1e-9, 0.001, 0.004, 0.02, 0.1, 0.3, 0.5, 0.9, 1, 1.797e308, double.PositiveInfinity];
        double?[] limits = [null, 0, 0.5, 1, 4e9];
        int[] ages = [15, 30, 60, 300, 7200];
        double[] parts = [0.01, 0.5, 1];
        var signals =
            from kind in Enum.GetValues<SignalKind>()
            from unit in (string[])["1", "s", "{req}/s", ""]
            from limit in limits
            from isFloor in (bool[])[false, true]
            select new ImpactSignal(kind, unit, DeviationDirection.None, limit, isFloor);
        foreach (var signal in signals)
        {
            foreach (var (value, usual) in sizes.SelectMany(value => sizes[..^2].Select(usual => (value, usual))))
            {
                var deviation = new Deviation(value, usual, usual, value < usual ? Down : Up, TimeSpan.Zero);
                var isWorth = Impact.IsWorthAPerson(signal, deviation);
                foreach (var weight in Enum.GetValues<ServiceWeight>())
                {
                    foreach (var part in parts)
                    {
                        var last = ImpactSeverity.None;
                        foreach (var seconds in ages)
                        {
                            var grade = Impact.Of(signal, deviation with { Lasting = TimeSpan.FromSeconds(seconds) }, weight, part);
                            Assert.Equal(isWorth, grade.Severity != ImpactSeverity.None);
                            Assert.True(grade.Severity >= last, $"{signal} {deviation} {weight} {part}: {grade} after {last}");
                            Assert.InRange(grade.Reason.Length, isWorth ? 1 : 0, 256);
                            Assert.DoesNotContain("NaN", grade.Reason, StringComparison.Ordinal);
                            last = grade.Severity;
                        }
                    }
                }
            }
        }
    }

    private static ImpactSeverity Grade(
        ImpactSignal signal,
        double value,
        double usual,
        ServiceWeight weight,
        int seconds = 60,
        double affected = 1
    ) =>
        Impact
            .Of(signal, new Deviation(value, usual, usual, value < usual ? Down : Up, TimeSpan.FromSeconds(seconds)), weight, affected)
            .Severity;
}
