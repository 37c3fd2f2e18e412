using Archon.Tests.Kit;
using Xunit;

[assembly: AssemblyFixture(typeof(SharedPrometheus))]

namespace Archon.Tests.Kit;

/// <summary>One Prometheus of a run, for tests that only ask it what PromQL means. It scrapes nothing, and starts when the first test asks for it.</summary>
public sealed class SharedPrometheus : IAsyncDisposable
{
    private readonly Lazy<Task<RealPrometheus>> server = new(() =>
        RealPrometheus.StartAsync(
            "global: {}",
            CancellationToken.None,
            flags: ["--enable-feature=promql-at-modifier,promql-negative-offset"]
        )
    );

    public async Task<Uri> AddressAsync() => (await server.Value).Address;

    public async ValueTask DisposeAsync()
    {
        if (server.IsValueCreated)
            await (await server.Value).DisposeAsync();
    }
}
