using System.Text;
using Archon.Features.Rules.Apply;
using Archon.Features.Rules.Catalogue;
using Archon.Integrations;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Archon.Tests.Features.Rules.Apply;

public sealed class FolderTargetTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("archon-folder").FullName;
    private readonly ServiceProvider services = UpstreamClients.Build(("Prometheus:BaseAddress", "http://127.0.0.1:9/"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        services.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_file_is_replaced_whole_and_nothing_else_is_left()
    {
        var target = Target();
        await target.WriteAsync("team/a.yml", "one"u8.ToArray(), Token);

        await target.WriteAsync("team/a.yml", "two"u8.ToArray(), Token);

        Assert.Equal("two", await File.ReadAllTextAsync(Path.Combine(folder, "team", "a.yml"), Token));
        Assert.Equal("team/a.yml", Assert.Single(Assert.IsType<Fetch<IReadOnlyList<string>>.Ok>(await target.ListAsync(Token)).Value));
        Assert.Single(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_said_and_the_old_file_stays()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "a.yml"), "old", Token);
        // Where the new file would be prepared stands a folder: nobody, not even root, can write it.
        Directory.CreateDirectory(Path.Combine(folder, ".a.yml.partial"));

        var result = await Target().WriteAsync("a.yml", "new"u8.ToArray(), Token);

        Assert.Contains("a.yml cannot be written", Assert.IsType<TargetResult.Failed>(result).Reason, StringComparison.Ordinal);
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(folder, "a.yml"), Token));
    }

    [Fact]
    public async Task A_full_disk_is_said_and_the_old_file_stays()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "a.yml"), "old", Token);
        // What is prepared goes to a device that is always full.
        File.CreateSymbolicLink(Path.Combine(folder, ".a.yml.partial"), "/dev/full");

        var result = await Target().WriteAsync("a.yml", Encoding.UTF8.GetBytes(new string('x', 100_000)), Token);

        Assert.Equal(
            "a.yml cannot be written: the disk is full. The file there is as it was.",
            Assert.IsType<TargetResult.Failed>(result).Reason
        );
        Assert.Equal("old", await File.ReadAllTextAsync(Path.Combine(folder, "a.yml"), Token));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder));
    }

    [Theory]
    [InlineData("../a.yml")]
    [InlineData("/etc/a.yml")]
    [InlineData("a/../../b.yml")]
    [InlineData("a.txt")]
    [InlineData(".a.yml")]
    [InlineData("")]
    public void A_name_that_leaves_the_folder_or_that_no_server_reads_is_refused(string name) => Assert.NotNull(Target().NameFault(name));

    [Fact]
    public void The_server_may_see_the_folder_elsewhere()
    {
        var target = new FolderTarget(folder, "/etc/prometheus/rules/", null, services.GetRequiredService<RuleServerClient>());

        Assert.Equal(
            ("/etc/prometheus/rules/team/a.yml", "team/a.yml", null),
            (target.ServerFile("team/a.yml"), target.NameOf("/etc/prometheus/rules/team/a.yml"), target.NameOf("/etc/other.yml"))
        );
    }

    [Fact]
    public async Task A_folder_that_is_away_is_not_an_empty_one()
    {
        var target = new FolderTarget(Path.Combine(folder, "nothing"), null, null, services.GetRequiredService<RuleServerClient>());

        Assert.IsType<Fetch<byte[]?>.Unavailable>(await target.ReadAsync("a.yml", Token));
        Assert.IsType<Fetch<IReadOnlyList<string>>.Unavailable>(await target.ListAsync(Token));
    }

    [Fact]
    public async Task A_target_of_one_environment_refuses_the_rules_of_another()
    {
        var target = new FolderTarget(folder, null, null, services.GetRequiredService<RuleServerClient>()) { EnvironmentId = 1 };
        var other = target.For(2);

        Assert.Same(target, target.For(1));
        Assert.False(other.IsThere);
        var written = Assert.IsType<TargetResult.Failed>(await other.WriteAsync("shop.yml", [1], Token));
        Assert.Equal("No rule target is configured for environment 2.", written.Reason);
        Assert.IsType<Fetch<byte[]?>.Unavailable>(await other.ReadAsync("shop.yml", Token));
        Assert.Empty(Directory.GetFiles(folder));
    }

    private FolderTarget Target() => new(folder, null, null, services.GetRequiredService<RuleServerClient>());
}
