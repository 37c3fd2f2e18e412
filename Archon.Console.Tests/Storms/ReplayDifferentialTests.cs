using Archon.Tests.Analysis.RuleReplay;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Storms;

/// <summary>The replay of rules against the real engine, over many times the data of a normal run.</summary>
[SystemTest, LongTest]
public sealed class ReplayDifferentialTests
{
    private const int Runs = 100;
    private const int MinutesOfRun = 12 * 60;

    [Fact(Explicit = true)]
    public async Task A_hundred_half_days_have_the_alerts_that_the_real_engine_has()
    {
        var compared = 0L;
        for (var seed = 1; seed <= Runs; seed++)
            compared += await RuleReplayerPromtoolTests.CompareAsync(seed, MinutesOfRun);

        Assert.True(compared > 1_000_000, $"only {compared} states were compared");
    }
}
