using System.Globalization;
using System.Runtime.CompilerServices;
using Bunit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Kit;

/// <summary>How long tests wait for a condition. A limit ends a test that would fail: one that passes goes on at once.</summary>
/// <remarks>Every limit is multiplied by the environment variable <c>ARCHON_TEST_PATIENCE</c>, 1 unless it is set: for machines that are slow or busy.</remarks>
internal static class Waits
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private static readonly double Patience =
        double.TryParse(Environment.GetEnvironmentVariable("ARCHON_TEST_PATIENCE"), CultureInfo.InvariantCulture, out var times)
        && times >= 1
            ? times
            : 1;

    /// <summary>For whatever starts, stops, loads or answers.</summary>
    public static TimeSpan Limit { get; } = For(TimeSpan.FromSeconds(90));

    /// <summary>The same for Playwright, in milliseconds.</summary>
    public static float Milliseconds { get; } = (float)Limit.TotalMilliseconds;

    public static TimeSpan For(TimeSpan limit) => limit * Patience;

    public static Task UntilAsync(
        Func<bool> condition,
        TimeSpan? limit = null,
        [CallerArgumentExpression(nameof(condition))] string what = ""
    ) => UntilAsync(() => Task.FromResult(condition()), limit, what);

    public static async Task UntilAsync(
        Func<Task<bool>> condition,
        TimeSpan? limit = null,
        [CallerArgumentExpression(nameof(condition))] string what = ""
    )
    {
        using var end = new CancellationTokenSource(limit ?? Limit);
        while (!await condition())
        {
            Assert.False(end.IsCancellationRequested, $"Did not become true within {(limit ?? Limit).TotalSeconds} s: {what}");
            await Task.Delay(Pause, Xunit.TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The defaults of Playwright (5 s) and bUnit (1 s) are too short for a busy machine.</summary>
    [ModuleInitializer]
    internal static void SetDefaults()
    {
        Assertions.SetDefaultExpectTimeout(Milliseconds);
        BunitContext.DefaultWaitTimeout = Limit;
    }
}
