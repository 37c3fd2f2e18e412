using System.Diagnostics;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Cli;

/// <summary><c>archon rules import</c> and <c>export</c> on a database.</summary>
[SystemTest]
public sealed class RulesCatalogueCommandTests(PostgresFixture postgres)
{
    private const string Text = "groups:\n  - name: shop\n    rules:\n      - alert: One\n        expr: up == 1\n";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ours_in_conflicts_takes_comments_that_only_the_file_changed()
    {
        await using var database = await postgres.NewDatabaseAsync();
        var folder = Directory.CreateTempSubdirectory("archon-rules");
        try
        {
            var file = Path.Combine(folder.FullName, "shop.yml");
            await File.WriteAllTextAsync(file, Text, Token);
            Assert.Equal((0, "shop.yml: taken as version 1\n"), await RunAsync(database, "import", file));
            await File.WriteAllTextAsync(file, "# why\n" + Text, Token);

            var again = await RunAsync(database, "import", file, "--take", "ours");

            Assert.Equal((0, "shop.yml: taken as version 2\n"), again);
            Assert.Equal((0, "# why\n" + Text), await RunAsync(database, "export", "shop.yml"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(TestDatabase database, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Archon.Console.dll"), "rules", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__Archon"] = database.ConnectionString;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        TestContext.Current.TestOutputHelper!.WriteLine(await error);
        return (process.ExitCode, output);
    }
}
