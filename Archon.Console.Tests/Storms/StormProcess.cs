using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Archon.Tests.Kit;

namespace Archon.Tests.Storms;

/// <summary><see cref="StormChild"/> as its parent sees it.</summary>
internal sealed class StormProcess : IDisposable
{
    private readonly Process process;
    private readonly ConcurrentQueue<string> errors = [];

    private StormProcess(Process process) => this.process = process;

    public bool HasEnded => process.HasExited;

    public string Errors => string.Join('\n', errors.TakeLast(40));

    /// <param name="report">Called with each line that it reports.</param>
    public static StormProcess Start(string folder, Uri prometheus, Action<string> report)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [StormChild.Option, folder, prometheus.AbsoluteUri])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Whatever it leaves behind goes with the folder.
        start.Environment["TMPDIR"] = Directory.CreateDirectory(Path.Combine(folder, "tmp")).FullName;
        var storm = new StormProcess(Process.Start(start)!);
        storm.process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is { Length: > 0 } text)
                report(text);
        };
        storm.process.ErrorDataReceived += (_, line) => storm.errors.Enqueue(line.Data ?? "");
        storm.process.BeginOutputReadLine();
        storm.process.BeginErrorReadLine();
        return storm;
    }

    /// <summary>As <c>kill -9</c>. What it reported before is read to the end.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Lets it finish what it does.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken).WaitAsync(Waits.Limit, cancellationToken);
        return process.ExitCode;
    }

    /// <summary>As <c>kill -9</c> of the server that serves a folder; with its backends, or of its first process alone.</summary>
    public static void KillPostgres(string folder, bool withBackends)
    {
        var file = Path.Combine(folder, "postgres", "data", "postmaster.pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadLines(file).FirstOrDefault(), CultureInfo.InvariantCulture, out var postmaster))
            return;
        var pids = withBackends ? OwnPostgres.Children(postmaster).Prepend(postmaster) : [postmaster];
        foreach (var pid in pids.ToList())
        {
            using var kill = Process.Start("kill", ["-9", pid.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
            process.Kill();
        process.Dispose();
    }
}
