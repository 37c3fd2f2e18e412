using Archon.Features.Access;
using Archon.Features.Notifications;
using Archon.Features.Rules.Editor;
using Archon.Features.Rules.Noise;
using Archon.Tests.Kit;
using Archon.Ui.Dialogs;
using Archon.Ui.View;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Features.Rules.Editor;

/// <summary>Which rule of which environment the page edits.</summary>
[SystemTest]
public sealed class RuleWorkbenchPageTests(PostgresFixture postgres) : BunitContext
{
    [Fact]
    public async Task Another_environment_begins_anew_and_only_where_no_draft_is_lost()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var floats = Prepare(bench, desk);
        var (view, navigation) = (Services.GetRequiredService<ViewState>(), Services.GetRequiredService<NavigationManager>());
        navigation.NavigateTo($"rules/{id}");
        var page = Render<RuleWorkbenchPage>(one => one.Add(p => p.Id, id));
        await TypeAsync(page, "Down2", "Draft of v1");

        var choosing = page.InvokeAsync(() => view.ChooseEnvironment(2));
        Answer(floats, "Keep writing");
        await choosing;
        page.WaitForAssertion(() => Assert.Equal(1, view.EnvironmentId));
        Assert.Contains("Draft of v1", page.Markup, StringComparison.Ordinal);
        await TypeAsync(page, "Down", "v1");
        await page.InvokeAsync(() => navigation.NavigateTo($"rules/{id}?env=2"));

        page.WaitForAssertion(() => Assert.Contains("There is no such rule.", page.Markup, StringComparison.Ordinal));
        Assert.Equal(2, view.EnvironmentId);
        await page.InvokeAsync(() => view.ChooseEnvironment(1));
        page.WaitForAssertion(() => Assert.Contains("up == 0", page.Markup, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_length_of_the_backtest_stays_for_the_next_rule()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var first = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        var second = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Slow", "latency > 1")));
        Prepare(bench, desk);
        var page = Render<RuleWorkbenchPage>(one => one.Add(p => p.Id, first));
        page.WaitForAssertion(() => Assert.Equal("1 d", Length(page)));
        await page.InvokeAsync(() => page.FindAll("[aria-label='How far back'] button").Single(one => one.TextContent == "7 d").Click());

        page.Render(one => one.Add(p => p.Id, second));

        page.WaitForAssertion(() => Assert.Contains("latency", page.Markup, StringComparison.Ordinal));
        page.WaitForAssertion(() => Assert.Equal("7 d", Length(page)));
    }

    [Fact]
    public async Task The_rule_of_the_former_environment_is_not_shown_while_the_other_is_read()
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        var contexts = new HeldContexts(bench.Contexts);
        using var desk = EditorDesk.At(bench, contexts);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        Prepare(bench, desk);
        var view = Services.GetRequiredService<ViewState>();
        var page = Render<RuleWorkbenchPage>(one => one.Add(p => p.Id, id));
        page.WaitForAssertion(() => Assert.Contains("up == 0", page.Markup, StringComparison.Ordinal));

        contexts.Pause();
        await page.InvokeAsync(() => view.ChooseEnvironment(2));

        page.WaitForAssertion(() => Assert.Contains("Reading the rule", page.Markup, StringComparison.Ordinal));
        Assert.DoesNotContain("up == 0", page.Markup, StringComparison.Ordinal);
        contexts.Release();
        page.WaitForAssertion(() => Assert.Contains("There is no such rule.", page.Markup, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Roles.Viewer, "You need the editor role to edit rules.")]
    [InlineData(Roles.Editor, "Your role may not edit rules.")]
    public async Task Why_a_rule_cannot_be_edited_follows_the_role_and_what_was_taken_from_it(string role, string words)
    {
        await using var bench = await RuleBench.StartAsync(postgres);
        using var desk = EditorDesk.At(bench);
        var id = await bench.SavedAsync(RuleBench.New("shop.yml", "shop", RuleBench.Alert("Down", "up == 0")));
        Prepare(bench, desk, role, Permissions.ApplyRules);

        var known = Render<RuleWorkbenchPage>(one => one.Add(p => p.Id, id));
        known.WaitForAssertion(() => Assert.Contains($"{words} What you write is not kept.", known.Markup, StringComparison.Ordinal));
        Assert.NotEmpty(known.FindAll("a[href='/rules/apply']"));
        var made = Render<RuleWorkbenchPage>();
        made.WaitForAssertion(() => Assert.Contains(words, made.Markup, StringComparison.Ordinal));
    }

    private static string Length(IRenderedComponent<RuleWorkbenchPage> page) =>
        page.Find("[aria-label='How far back'] [aria-pressed=true]").TextContent;

    private static async Task TypeAsync(IRenderedComponent<RuleWorkbenchPage> page, string name, string tag)
    {
        page.WaitForAssertion(() => Assert.NotEmpty(page.FindAll("input[maxlength='200']")));
        await page.InvokeAsync(() => page.Find("input[maxlength='200']").Input(name));
        page.WaitForAssertion(() => Assert.Equal(tag, page.Find("header .tag").TextContent));
    }

    private static void Answer(IRenderedComponent<FloatLayer> floats, string button)
    {
        floats.WaitForAssertion(() => Assert.Contains(floats.FindAll("button"), one => one.TextContent == button));
        floats.FindAll("button").Single(one => one.TextContent == button).Click();
        floats.WaitForAssertion(() => Assert.DoesNotContain(floats.FindAll("button"), one => one.TextContent == button));
    }

    private IRenderedComponent<FloatLayer> Prepare(
        RuleBench bench,
        EditorDesk desk,
        string role = Roles.Editor,
        string permission = Permissions.EditRules
    )
    {
        this.AddShellParts();
        this.AddAuthorization().SetAuthorized("ada").SetRoles(role).SetPolicies(permission);
        Services.AddScoped<Floats>();
        Services.AddScoped<CurrentActor>();
        Services.AddSingleton(new Actors(bench.Contexts));
        Services.AddSingleton(desk.Services);
        Services.AddSingleton(bench.UpstreamHealth);
        Services.AddSingleton(new RouteQueries(bench.Upstreams, TimeProvider.System));
        Services.AddSingleton(new NoiseQueries(bench.Contexts, bench.Queries, bench.Upstreams, TimeProvider.System));
        Services.AddSingleton(new PromtoolRunner(Options.Create(new PromtoolOptions()), TimeProvider.System));
        return this.RenderFloats();
    }
}
