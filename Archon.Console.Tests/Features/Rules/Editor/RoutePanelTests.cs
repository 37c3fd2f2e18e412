using Archon.Features.Notifications;
using Archon.Features.Rules.Editor;
using Archon.Tests.Kit;
using Bunit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

public sealed class RoutePanelTests : BunitContext
{
    [Fact]
    public async Task The_receiver_of_an_alert_is_shown_with_the_way_to_it_and_how_it_notifies()
    {
        await using var alertmanager = await AlertmanagerAsync("""[]""");

        var panel = Shown(alertmanager.Address, ("case", "page"));

        panel.WaitForAssertion(
            () => Assert.Contains("case=\"page\"", panel.Find("ol").TextContent, StringComparison.Ordinal),
            TimeSpan.FromSeconds(30)
        );
        Assert.Contains("pagerduty", panel.Find("ol").TextContent, StringComparison.Ordinal);
        Assert.Contains("No silence applies now.", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silence_that_has_it_back_is_named()
    {
        await using var alertmanager = await AlertmanagerAsync(
            """
            [{"id":"1","status":{"state":"active"},"matchers":[{"name":"case","value":"p.*","isRegex":true,"isEqual":true}],
              "startsAt":"2026-11-23T09:00:00Z","endsAt":"2026-11-23T11:00:00Z","updatedAt":"2026-11-23T09:00:00Z","createdBy":"ada","comment":"planned work"}]
            """
        );

        var panel = Shown(alertmanager.Address, ("case", "page"));

        panel.WaitForAssertion(
            () => Assert.Contains("Silenced by ada", panel.Find("section").TextContent, StringComparison.Ordinal),
            TimeSpan.FromSeconds(30)
        );
        Assert.Contains("planned work", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silence_that_is_too_large_to_check_leaves_it_unknown_whether_the_alert_is_silenced()
    {
        var large = new string('p', 3_000) + ".*";
        await using var alertmanager = await AlertmanagerAsync(
            $$"""
            [{"id":"1","status":{"state":"active"},"matchers":[{"name":"case","value":"{{large}}","isRegex":true,"isEqual":false}],
              "startsAt":"2026-11-23T09:00:00Z","endsAt":"2026-11-23T11:00:00Z","updatedAt":"2026-11-23T09:00:00Z","createdBy":"ada","comment":"planned work"}]
            """
        );

        var panel = Shown(alertmanager.Address, ("case", "page"));

        panel.WaitForAssertion(
            () =>
                Assert.Contains(
                    "not known: the matchers of the silence by ada are too large to check",
                    panel.Find("section").TextContent,
                    StringComparison.Ordinal
                ),
            TimeSpan.FromSeconds(30)
        );
        Assert.DoesNotContain("No silence applies", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void An_Alertmanager_that_does_not_answer_is_not_calm()
    {
        var panel = Shown(new Uri("http://127.0.0.1:9/"), ("case", "page"));

        panel.WaitForAssertion(() => Assert.Contains("Not known:", panel.Markup, StringComparison.Ordinal), TimeSpan.FromSeconds(30));
        Assert.DoesNotContain("No silence applies", panel.Markup, StringComparison.Ordinal);
    }

    private static Task<FakeUpstream> AlertmanagerAsync(string silences) =>
        FakeUpstream.StartAsync(context =>
            context.Request.Path.Value switch
            {
                "/api/v2/status" => RecordedReply.Read("Alertmanager/0.33.1/status").AnswerAsync(context),
                _ => context.Response.WriteAsync(silences),
            }
        );

    private IRenderedComponent<RoutePanel> Shown(Uri address, params (string Name, string Value)[] labels)
    {
        this.AddShellParts();
        Services.AddSingleton(new RouteQueries(UpstreamClients.At(address, address), TimeProvider.System));
        return Render<RoutePanel>(one =>
            one.Add(p => p.EnvironmentId, 1).Add(p => p.Labels, labels.ToDictionary(label => label.Name, label => label.Value))
        );
    }
}
