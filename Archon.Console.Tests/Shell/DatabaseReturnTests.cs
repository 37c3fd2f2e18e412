using Archon.Data;
using Archon.Shell;
using Archon.Tests.Kit;
using Archon.Ui.Parts;
using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Archon.Tests.Shell;

/// <summary>What a page shows while the database is away goes by itself when it is back.</summary>
public sealed class DatabaseReturnTests : BunitContext
{
    private readonly FakeTimeProvider clock;
    private readonly ArchonDatabase database;
    private readonly Source source = new();

    public DatabaseReturnTests()
    {
        clock = this.AddShellParts();
        Services.AddSingleton(source);
        database = Services.GetRequiredService<ArchonDatabase>();
    }

    [Fact]
    public async Task A_page_that_failed_on_the_database_is_made_anew_once_that_is_back()
    {
        source.Failure = new DbUpdateException("saving", new NpgsqlException("away"));
        database.Become(new DatabaseState.Away("away", ShellParts.Now));
        var page = RenderBoundary();
        Assert.Equal("away", page.Find("p").TextContent);

        source.Failure = null;
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("away", page.Find("p").TextContent);
        database.Become(new DatabaseState.Ready());

        await UntilAsync(() => page.Find("p").TextContent == "all is well");
    }

    [Fact]
    public async Task Where_the_state_still_says_ready_the_page_is_tried_again_until_it_works()
    {
        source.Failure = new NpgsqlException("away");
        var page = RenderBoundary();
        await UntilAsync(() => source.Reads >= 3);

        source.Failure = null;

        await UntilAsync(() => page.Find("p").TextContent == "all is well");
    }

    [Fact]
    public void A_page_that_failed_for_another_reason_stays_as_it_is()
    {
        source.Failure = new InvalidOperationException("ours");
        var page = RenderBoundary();

        source.Failure = null;
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal("failed", page.Find("p").TextContent);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public async Task What_could_not_be_read_is_read_again_until_it_is_there()
    {
        var tries = 0;
        Render<DatabaseRetry>(parameters => parameters.Add(retry => retry.Do, () => tries++));
        database.Become(new DatabaseState.Away("away", ShellParts.Now));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, tries);

        database.Become(new DatabaseState.Ready());

        await UntilAsync(() => tries >= 2);
    }

    private IRenderedComponent<PageBoundary> RenderBoundary() =>
        Render<PageBoundary>(parameters =>
            parameters
                .Add(
                    boundary => boundary.ChildContent,
                    builder =>
                    {
                        builder.OpenComponent<Page>(0);
                        builder.CloseComponent();
                    }
                )
                .Add(
                    boundary => boundary.ErrorContent,
                    failure => builder => builder.AddMarkupContent(0, DatabaseFailures.IsAway(failure) ? "<p>away</p>" : "<p>failed</p>")
                )
        );

    private async Task UntilAsync(Func<bool> isSo)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Xunit.TestContext.Current.CancellationToken);
        limit.CancelAfter(Waits.Limit);
        while (!isSo())
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, limit.Token);
        }
    }

    private sealed class Source
    {
        public Exception? Failure { get; set; }
        public int Reads { get; set; }
    }

    private sealed class Page(Source source) : ComponentBase
    {
        protected override Task OnInitializedAsync()
        {
            source.Reads++;
            return source.Failure is { } failure ? Task.FromException(failure) : Task.CompletedTask;
        }

        protected override void BuildRenderTree(Microsoft.AspNetCore.Components.Rendering.RenderTreeBuilder builder) =>
            builder.AddMarkupContent(0, "<p>all is well</p>");
    }
}
