using System.ComponentModel;
using System.Diagnostics;

namespace Archon.Data.Embedded;

/// <summary>Runs a program to its end, within a time limit.</summary>
internal static class Command
{
    /// <summary>What the program said on both streams. <c>ExitCode</c> is -1 where it could not be started or took too long.</summary>
    public sealed record Result(int ExitCode, string Output);

    /// <param name="input">What it reads from standard input; null where it reads nothing.</param>
    public static async Task<Result> RunAsync(
        string program,
        IEnumerable<string> arguments,
        TimeSpan limit,
        CancellationToken cancellationToken,
        string? input = null
    )
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        // "/": the account that runs the program may not be allowed into the console's own folder.
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = input is not null,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            return new Result(-1, failure.Message);
        }
        using (process)
        {
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
                var errors = process.StandardError.ReadToEndAsync(timeout.Token);
                if (input is not null)
                    await WriteAsync(process, input, timeout.Token);
                await process.WaitForExitAsync(timeout.Token);
                return new Result(process.ExitCode, await output + await errors);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return new Result(-1, $"{Path.GetFileName(program)} took longer than {limit.TotalSeconds:0} s and was stopped");
            }
        }
    }

    private static async Task WriteAsync(Process process, string input, CancellationToken cancellationToken)
    {
        try
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended before it read everything; its exit code says why.
        }
    }
}
