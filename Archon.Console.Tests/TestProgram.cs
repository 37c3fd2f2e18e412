using Archon.Tests.Data.Audit;
using Archon.Tests.Fuzz;
using Archon.Tests.Storms;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Archon.Tests;

/// <summary>The tests; or, where they ask for it, a child process whose end harms nobody, or the long search for inputs that break something.</summary>
internal static class TestProgram
{
    public static Task<int> Main(string[] args) =>
        args switch
        {
            [FuzzChild.Option, var target] => Task.FromResult(FuzzChild.Run(target)),
            [FuzzSearch.Option, .. var rest] => FuzzSearch.RunAsync(rest),
            [StormChild.Option, var folder, var prometheus] => StormChild.RunAsync(folder, prometheus),
            [AuditChild.Option, var connection, var first, var count] => AuditChild.RunAsync(connection, first, count),
            _ when args.Any(one => one is "--server" or "--internal-msbuild-node") => TestPlatformTestFramework.RunAsync(
                args,
                SelfRegisteredExtensions.AddSelfRegisteredExtensions
            ),
            _ => ConsoleRunner.Run(args),
        };
}
