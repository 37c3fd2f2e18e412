using System.Net;
using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Live;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.SignalR.Client;
using Xunit;

namespace Archon.Tests.Features.Access;

[SystemTest]
public sealed class LiveHubAccessTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stranger_is_refused()
    {
        await using var client = Client(null);

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.StartAsync(Token));

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }

    [Fact]
    public async Task A_script_with_a_token_watches()
    {
        var token = (await console.App.WithTokenAsync(Roles.Viewer)).DefaultRequestHeaders.Authorization!.Parameter;
        await using var client = Client(token);
        await client.StartAsync(Token);

        await using var ticks = client.StreamAsync<TopicChanged>(nameof(LiveHub.Watch), AnomalyTopic.Id, Token).GetAsyncEnumerator(Token);

        Assert.True(await ticks.MoveNextAsync().AsTask().WaitAsync(Waits.Limit, Token));
    }

    private HubConnection Client(string? token) =>
        new HubConnectionBuilder()
            .WithUrl(
                new Uri(console.App.Address, LiveHub.Path),
                options =>
                {
                    if (token is not null)
                        options.AccessTokenProvider = () => Task.FromResult<string?>(token);
                }
            )
            .Build();
}
