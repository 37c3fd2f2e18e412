using System.Net;
using Archon.Data.Catalogue;
using Archon.Tests.Kit;
using Archon.Ui.View;
using Xunit;

namespace Archon.Tests.Features.Services;

/// <summary>Each service has a page and a form, whatever it is called.</summary>
[SystemTest]
public sealed class ServiceAddressPagesTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static readonly string[] Names = ["new", "edit", "shop%2Fpay", "shop/pay", "..", "50%", "back\\slash", "~tilde"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_name_is_found_through_the_server_as_through_a_link()
    {
        await using (var db = await console.Database.Contexts.CreateDbContextAsync(Token))
        {
            db.Services.AddRange(
                Names.Select(name => new Service
                {
                    EnvironmentId = 1,
                    Name = name,
                    Matchers = new() { ["service"] = name },
                    CreatedAt = DateTimeOffset.UtcNow,
                    LastSeenAt = DateTimeOffset.UtcNow,
                })
            );
            await db.SaveChangesAsync(Token);
        }
        var person = await console.App.SignInAsync();

        var list = await person.GetStringAsync(new Uri("services", UriKind.Relative), Token);
        foreach (var name in Names)
        {
            var page = await person.GetStringAsync(new Uri(ServiceAddress.Of(name)[1..], UriKind.Relative), Token);
            var form = await person.GetStringAsync(new Uri(ServiceAddress.Edit(name)[1..], UriKind.Relative), Token);

            Assert.Contains($"href=\"{WebUtility.HtmlEncode(ServiceAddress.Of(name))}\"", list, StringComparison.Ordinal);
            Assert.Contains($"<h1 title=\"{WebUtility.HtmlEncode(name)}\"", page, StringComparison.Ordinal);
            Assert.DoesNotContain("No service is called", page, StringComparison.Ordinal);
            Assert.DoesNotContain("No service is called", form, StringComparison.Ordinal);
        }
    }
}
