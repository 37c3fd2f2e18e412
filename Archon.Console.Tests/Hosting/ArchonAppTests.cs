using System.Net;
using Archon.Shell;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Hosting;

[SystemTest]
public sealed class ArchonAppTests(RunningConsole console) : IClassFixture<RunningConsole>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_person_signs_in_and_every_page_of_the_navigation_answers()
    {
        var person = await console.App.SignInAsync();

        foreach (var path in console.App.Services.GetRequiredService<NavItems>().All.Select(item => item.Href))
        {
            using var reply = await person.GetAsync(new Uri(path, UriKind.Relative), Token);
            var page = await reply.Content.ReadAsStringAsync(Token);

            Assert.True(reply.StatusCode == HttpStatusCode.OK, $"{path}: {reply.StatusCode}\n{string.Join('\n', console.App.Log)}");
            Assert.Contains("<h1", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_a_page_loads_is_there()
    {
        var person = await console.App.SignInAsync();
        var page = await person.GetStringAsync(new Uri("", UriKind.Relative), Token);

        var files = System
            .Text.RegularExpressions.Regex.Matches(page, "(?:src|href)=\"([^\"]+\\.(?:js|css|svg))\"")
            .Select(match => match.Groups[1].Value)
            .ToList();

        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            using var reply = await person.GetAsync(new Uri(file, UriKind.Relative), Token);
            Assert.True(reply.StatusCode == HttpStatusCode.OK, $"{file}: {reply.StatusCode}");
        }
    }
}
