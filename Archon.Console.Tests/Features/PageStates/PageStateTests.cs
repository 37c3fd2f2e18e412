using System.Reflection;
using Archon.Features.Access;
using Archon.Features.DevUi;
using Archon.Features.Rules.Editor;
using Archon.Features.Rules.Import;
using Archon.Live;
using Archon.Tests.Kit;
using Bunit;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace Archon.Tests.Features.PageStates;

/// <summary>What each page says before it is read, and when it cannot be: never that all is well.</summary>
public sealed class PageStateTests : BunitContext
{
    /// <summary>Pages that read nothing before a person asks for it, or are drawn by the server alone.</summary>
    private static readonly Type[] ReadNothing = [typeof(SignInPage), typeof(DeniedPage), typeof(DevUiPage), typeof(RuleImportPage)];

    public static TheoryData<PageCase> Cases => [.. PageCase.All];

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public async Task Before_the_first_answer_it_says_what_is_read(PageCase page)
    {
        await using var server = await FakeUpstream.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        this.AddPages(new SilentDatabase(), server.Address);

        var drawn = this.Draw(page);

        drawn.WaitForAssertion(() => Assert.Contains(page.Loading, drawn.Words(), StringComparison.Ordinal));
        SaysNothingOfTheWorld(page, drawn.Words());
        Assert.NotEmpty(drawn.FindAll("[role=status], .panel"));
        await DisposeComponentsAsync();
    }

    [Theory]
    [MemberData(nameof(Cases), DisableDiscoveryEnumeration = true)]
    public void What_cannot_be_read_is_unknown_with_the_reason(PageCase page)
    {
        this.AddPages(new AbsentDatabase(), NoServer.Address);

        var drawn = this.Draw(page);

        drawn.WaitForAssertion(() => Assert.Contains(page.Failed, drawn.Words(), StringComparison.Ordinal));
        SaysNothingOfTheWorld(page, drawn.Words());
        Assert.NotEmpty(drawn.FindAll("[role=alert], [role=status], [aria-label^='Unknown'], [aria-label='Not known']"));
        Assert.Matches("(?i)connection refused|nothing listens", drawn.Words());
    }

    [Fact]
    public void Every_page_and_every_panel_that_reads_is_among_the_cases()
    {
        var reading = typeof(Program)
            .Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("Archon.Features.", StringComparison.Ordinal) == true && !type.IsAbstract)
            .Where(type => typeof(IComponent).IsAssignableFrom(type) && (IsPage(type) || IsLive(type) || Injected(type).Any(Reads)))
            .Except(ReadNothing)
            .Select(type => type.Name)
            .Order(StringComparer.Ordinal)
            .ToList();

        Assert.Contains("OverviewPage", reading);
        Assert.Contains("AnomalyPanel", reading);
        Assert.Equal(reading, PageCase.All.Select(one => one.Page.Name).Distinct().Order(StringComparer.Ordinal));
    }

    private static bool IsPage(Type type) => type.IsDefined(typeof(RouteAttribute));

    private static bool IsLive(Type? type) =>
        type is not null && (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(LivePage<>) || IsLive(type.BaseType));

    private static bool Reads(Type service) =>
        service == typeof(RuleEditorServices) || service.Name.EndsWith("Queries", StringComparison.Ordinal);

    private static IEnumerable<Type> Injected(Type component) =>
        component
            .GetConstructors()
            .SelectMany(constructor => constructor.GetParameters().Select(one => one.ParameterType))
            .Concat(
                component
                    .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                    .Where(property => property.IsDefined(typeof(InjectAttribute)))
                    .Select(property => property.PropertyType)
            );

    private static void SaysNothingOfTheWorld(PageCase page, string words)
    {
        if (page.Empty is { } empty)
            Assert.DoesNotContain(empty, words, StringComparison.Ordinal);
        Assert.DoesNotContain(PageCase.AllIsWell, well => words.Contains(well, StringComparison.Ordinal));
    }
}
