using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Archon.Features.Rules.Editor;

/// <summary>How one unit test went.</summary>
/// <param name="Output">In promtool's words; empty for a test that passed.</param>
public sealed record RuleTestOutcome(string Name, bool Passed, TimeSpan Took, string Output);

/// <summary>What came of running unit tests.</summary>
/// <param name="NotRun">Why they did not run; null where they did.</param>
public sealed record RuleTestRun(IReadOnlyList<RuleTestOutcome> Outcomes, string? NotRun);

/// <summary>Runs unit tests of rules with Prometheus' own tool.</summary>
public sealed partial class PromtoolRunner(IOptions<PromtoolOptions> options, TimeProvider clock) : IDisposable
{
    private const int MostOutput = 16_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // Each test is a process of its own: a few people may run theirs at once, many wait.
    private readonly SemaphoreSlim turns = new(2);

    /// <summary>Where it is; null where there is none.</summary>
    public string? Program { get; } = Find(options.Value.Promtool);

    /// <param name="rules">Text of the rule file.</param>
    /// <param name="tests">In promtool's form.</param>
    public async Task<RuleTestRun> RunAsync(string rules, string tests, CancellationToken cancellationToken)
    {
        if (Program is null)
        {
            return new RuleTestRun(
                [],
                "promtool is not on this machine. ./archon up brings it; elsewhere name it in Archon:Rules:Promtool. "
                    + "The tests are kept and can be run by promtool test rules."
            );
        }
        var (parts, fault) = RuleTestFile.Split(tests);
        if (fault is not null)
            return new RuleTestRun([], fault);
        await turns.WaitAsync(cancellationToken);
        var folder = Directory.CreateTempSubdirectory("archon-rule-tests-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, RuleTestFile.RulesName), rules, cancellationToken);
            var outcomes = new List<RuleTestOutcome>();
            foreach (var (name, text) in parts)
            {
                await File.WriteAllTextAsync(Path.Combine(folder, "test.yml"), text, cancellationToken);
                outcomes.Add(await RunOneAsync(folder, name, cancellationToken));
            }
            return new RuleTestRun(outcomes, null);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
            turns.Release();
        }
    }

    public void Dispose() => turns.Dispose();

    private async Task<RuleTestOutcome> RunOneAsync(string folder, string name, CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        using var process = Process.Start(
            new ProcessStartInfo(Program!, ["test", "rules", "test.yml"])
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            }
        )!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var said = await Task.WhenAll(ReadAsync(process.StandardOutput, limit.Token), ReadAsync(process.StandardError, limit.Token));
            await process.WaitForExitAsync(limit.Token);
            var passed = process.ExitCode == 0;
            return new RuleTestOutcome(name, passed, clock.GetElapsedTime(began), passed ? "" : Tidy(string.Join('\n', said), folder));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new RuleTestOutcome(
                name,
                false,
                clock.GetElapsedTime(began),
                $"It was not done within {Patience.TotalSeconds:0} s and was stopped."
            );
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Reads to the end, for a full pipe would hold the program up, and keeps the beginning.</summary>
    private static async Task<string> ReadAsync(StreamReader output, CancellationToken cancellationToken)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        int read;
        while ((read = await output.ReadAsync(buffer, cancellationToken)) > 0)
        {
            kept.Append(buffer, 0, Math.Min(read, MostOutput - kept.Length));
        }
        return kept.ToString();
    }

    /// <summary>Without the heading, the empty lines and the folder of the moment.</summary>
    private static string Tidy(string said, string folder) =>
        EmptyLines()
            .Replace(said.Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal), "\n")
            .Replace("Unit Testing:  test.yml\n", "", StringComparison.Ordinal)
            .Trim('\n');

    private static string? Find(string? named)
    {
        if (named is { Length: > 0 })
            return named;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .ToList();
        // Where ./archon up unpacks programs; it tells so by this name.
        if (Environment.GetEnvironmentVariable("ARCHON_TOOLS") is { Length: > 0 } tools)
        {
            folders.Insert(0, Path.Combine(tools, "usr", "bin"));
        }
        var program = OperatingSystem.IsWindows() ? "promtool.exe" : "promtool";
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    [GeneratedRegex(@"\n\s*\n+", RegexOptions.CultureInvariant)]
    private static partial Regex EmptyLines();
}
