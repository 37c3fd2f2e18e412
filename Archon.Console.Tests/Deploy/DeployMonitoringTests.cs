using System.Diagnostics;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Deploy;

/// <summary><c>deploy-monitoring.sh</c> against a Docker that writes down what it was asked.</summary>
[SystemTest]
public sealed class DeployMonitoringTests : IDisposable
{
    private const string Compose = "compose -f docker-compose.monitoring.yml --env-file .env.monitoring";
    private static readonly TimeSpan TimeLimit = Waits.Limit;
    private readonly string folder = Directory.CreateTempSubdirectory("archon-deploy-").FullName;

    public DeployMonitoringTests()
    {
        var deploy = Directory.CreateDirectory(Path.Combine(folder, "deploy", "prometheus")).Parent!.FullName;
        foreach (var file in (string[])["deploy-monitoring.sh", ".env.monitoring.example", "docker-compose.monitoring.yml"])
        {
            File.Copy(Path.Combine(DeployTests.Checkout(), "deploy", file), Path.Combine(deploy, file));
        }
        Docker(isThere: true);
    }

    [Fact]
    public async Task Up_brings_the_stack_and_says_where_it_is()
    {
        Settings(port: 8282);

        var (exitCode, reported) = await RunAsync();

        Assert.True(exitCode == 0, reported);
        Assert.Contains($"{Compose} up -d --build --wait --wait-timeout 300", Asked());
        Assert.Contains(
            "Archon Console: http://localhost:8282, as admin with ARCHON_ADMIN_PASSWORD of deploy/.env.monitoring",
            reported,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("a good password", reported, StringComparison.Ordinal);
        Assert.Equal("none\n", File.ReadAllText(Path.Combine(folder, "deploy", "credentials", "archon-console")));
    }

    [Theory]
    [InlineData("status", "ps")]
    [InlineData("logs grafana", "logs --tail 200 grafana")]
    [InlineData("down", "down")]
    public async Task The_other_words_do_what_they_say(string words, string asked)
    {
        Settings();

        var (exitCode, reported) = await RunAsync(words.Split(' '));

        Assert.True(exitCode == 0, reported);
        Assert.Equal($"{Compose} {asked}", Asked()[^1]);
    }

    [Fact]
    public async Task What_is_missing_is_said_before_anything_starts()
    {
        Assert.Contains("cp deploy/.env.monitoring.example deploy/.env.monitoring", (await FailAsync()).Reported, StringComparison.Ordinal);
        File.Copy(Path.Combine(folder, "deploy", ".env.monitoring.example"), Path.Combine(folder, "deploy", ".env.monitoring"));
        Assert.Contains("ARCHON_DATABASE_PASSWORD has no value", (await FailAsync()).Reported, StringComparison.Ordinal);
        Settings();
        Assert.Contains("there is no 'fly'", (await FailAsync("fly")).Reported, StringComparison.Ordinal);
        Docker(isThere: false);
        Assert.Contains("the Docker daemon does not answer", (await FailAsync()).Reported, StringComparison.Ordinal);
        Assert.DoesNotContain(Asked(), words => words.Contains(" up ", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private void Settings(int port = 8181) =>
        File.WriteAllText(
            Path.Combine(folder, "deploy", ".env.monitoring"),
            $"ARCHON_DATABASE_PASSWORD=a\nARCHON_ADMIN_PASSWORD=a good password\nGRAFANA_ADMIN_PASSWORD=b\n{(port == 8181 ? "" : $"ARCHON_PORT={port}\n")}"
        );

    private void Docker(bool isThere)
    {
        var docker = Path.Combine(folder, "docker");
        File.WriteAllText(docker, $"#!/bin/sh\necho \"$*\" >>'{folder}/asked'\n[ \"$1\" != info ] || exit {(isThere ? 0 : 1)}\n");
        File.SetUnixFileMode(docker, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string[] Asked() => File.Exists(Path.Combine(folder, "asked")) ? File.ReadAllLines(Path.Combine(folder, "asked")) : [];

    private async Task<(int ExitCode, string Reported)> FailAsync(params string[] words)
    {
        var (exitCode, reported) = await RunAsync(words);
        Assert.Equal(1, exitCode);
        return (exitCode, reported);
    }

    private async Task<(int ExitCode, string Reported)> RunAsync(params string[] words)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeLimit);
        var start = new ProcessStartInfo("bash", [Path.Combine(folder, "deploy", "deploy-monitoring.sh"), .. words])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(limit.Token);
        var errors = process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output + await errors);
    }
}
