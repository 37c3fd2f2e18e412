using Archon.Tests.Kit;
using Archon.Ui.Charts;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.JSInterop;
using Xunit;

namespace Archon.Tests.Ui.Charts;

public sealed class SeriesChartTests : BunitContext
{
    [Fact]
    public void What_comes_while_the_first_is_drawn_changes_it_and_makes_no_second()
    {
        this.AddShellParts();
        var script = new SlowScript();
        Services.AddSingleton<IJSRuntime>(script);
        var chart = Render<SeriesChart>(one => one.Add(p => p.Data, Data(1)));

        chart.Render(one => one.Add(p => p.Data, Data(2)));
        chart.Render(one => one.Add(p => p.Data, Data(3)));
        Assert.Equal(["archon.chart", "draw"], script.Called);
        script.Drawn.SetResult();

        chart.WaitForAssertion(() => Assert.Equal(["archon.chart", "draw", "update"], script.Called));
    }

    private static ChartData Data(double value) => new([1, 2], [new ChartLine("value", "", [value, value], 0)]);

    /// <summary>The chart's script over a line on which the first drawing takes its time. It is runtime, module and drawing in one.</summary>
    private sealed class SlowScript : IJSRuntime, IJSObjectReference
    {
        public List<string> Called { get; } = [];
        public TaskCompletionSource Drawn { get; } = new();

        public async ValueTask<TValue> InvokeAsync<TValue>(string identifier, object?[]? args)
        {
            Called.Add(identifier);
            if (identifier == "draw")
                await Drawn.Task;
            return this is TValue script ? script : default!;
        }

        public ValueTask<TValue> InvokeAsync<TValue>(string identifier, CancellationToken cancellationToken, object?[]? args) =>
            InvokeAsync<TValue>(identifier, args);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
