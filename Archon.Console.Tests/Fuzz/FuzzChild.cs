using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Archon.Tests.Fuzz;

/// <summary>What became of one input.</summary>
/// <param name="Step">The step that failed, or took most.</param>
/// <param name="Failure">Null where every step ended in a result or a clean refusal, within its limits.</param>
/// <param name="Share">Of the memory allowed, where 1 is all of it.</param>
internal sealed record FuzzOutcome(string Step, TimeSpan Cpu, long Allocated, double Share, string? Failure);

/// <summary>Takes inputs in a process of its own: one that overflows a stack or fills the memory ends that process alone.</summary>
internal static class FuzzChild
{
    public const string Option = "--fuzz-child";

    /// <summary>As the smallest that .NET gives a thread of its pool anywhere.</summary>
    private const int StackBytes = 1536 * 1024;

    private static readonly TimeSpan MostCpu = TimeSpan.FromSeconds(1);

    // An input that hangs uses CPU time as well; this is for one that waits.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Bytes that a step may allocate.</summary>
    public static long MostAllocated(FuzzStep step, int length) => step.Fixed + ((long)step.PerByte * length);

    /// <summary>Runs a batch.</summary>
    /// <returns>One outcome an input; a process that ended early is told at the input that it was at, and the rest goes to another.</returns>
    public static async Task<IReadOnlyList<FuzzOutcome>> RunAsync(
        string target,
        IReadOnlyList<byte[]> inputs,
        CancellationToken cancellationToken
    )
    {
        var outcomes = new List<FuzzOutcome>();
        while (outcomes.Count < inputs.Count)
            await RunRestAsync(target, inputs, outcomes, cancellationToken);
        return outcomes;
    }

    private static async Task RunRestAsync(
        string target,
        IReadOnlyList<byte[]> inputs,
        List<FuzzOutcome> outcomes,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Option, target])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Collections run on the thread that is measured; a dump of a crash would take seconds and is not looked at.
        (start.Environment["DOTNET_gcConcurrent"], start.Environment["DOTNET_gcServer"], start.Environment["DOTNET_DbgEnableMiniDump"]) = (
            "0",
            "0",
            "0"
        );
        // What fills the memory is to end here and not on the machine.
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x30000000";
        using var child = Process.Start(start)!;
        var errors = child.StandardError.ReadToEndAsync(cancellationToken);
        var writing = WriteAsync(child.StandardInput.BaseStream, inputs.Skip(outcomes.Count), cancellationToken);
        try
        {
            while (outcomes.Count < inputs.Count)
            {
                string? line;
                try
                {
                    line = await child.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
                }
                catch (TimeoutException)
                {
                    outcomes.Add(new FuzzOutcome("?", Patience, 0, 0, $"took longer than {Patience.TotalSeconds} s"));
                    return;
                }
                if (line is null)
                {
                    await child.WaitForExitAsync(cancellationToken);
                    var words = string.Join(" / ", (await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(6));
                    outcomes.Add(new FuzzOutcome("?", default, 0, 0, $"ended the process with {child.ExitCode}: {words}"));
                    return;
                }
                var parts = line.Split('\t', 5);
                outcomes.Add(
                    new FuzzOutcome(
                        parts[0],
                        TimeSpan.FromMilliseconds(double.Parse(parts[1], CultureInfo.InvariantCulture)),
                        long.Parse(parts[2], CultureInfo.InvariantCulture),
                        double.Parse(parts[3], CultureInfo.InvariantCulture),
                        parts[4].Length == 0 ? null : parts[4]
                    )
                );
            }
            child.StandardInput.Close();
            await child.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            if (!child.HasExited)
                child.Kill();
            await writing;
        }
    }

    private static async Task WriteAsync(Stream stream, IEnumerable<byte[]> inputs, CancellationToken cancellationToken)
    {
        try
        {
            var length = new byte[4];
            foreach (var input in inputs)
            {
                BinaryPrimitives.WriteInt32LittleEndian(length, input.Length);
                await stream.WriteAsync(length, cancellationToken);
                await stream.WriteAsync(input, cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }
        catch (IOException)
        {
            // The child has ended; its output says at which input.
        }
    }

    /// <summary>The child's own part.</summary>
    public static int Run(string target)
    {
        var thread = new Thread(() => Take(FuzzTargets.Of(target)), StackBytes);
        thread.Start();
        thread.Join();
        return 0;
    }

    private static void Take(IReadOnlyList<FuzzStep> steps)
    {
        // What is set up once is no cost of the first input.
        foreach (var step in steps)
            Measure(step, "up"u8.ToArray());
        using var input = Console.OpenStandardInput();
        using var output = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        var length = new byte[4];
        while (input.ReadAtLeast(length, 4, throwOnEndOfStream: false) == 4)
        {
            var bytes = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
            input.ReadExactly(bytes);
            var worst = steps
                .Select(step => Measure(step, bytes))
                .OrderByDescending(one => one.Failure is not null)
                .ThenByDescending(one => one.Share)
                .First();
            var failure = worst.Failure?.ReplaceLineEndings(" ").Replace('\t', ' ');
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{worst.Step}\t{worst.Cpu.TotalMilliseconds}\t{worst.Allocated}\t{worst.Share}\t{failure}"
                )
            );
        }
    }

    private static FuzzOutcome Measure(FuzzStep step, byte[] input)
    {
        var (cpu, allocated) = (ThreadCpu(), GC.GetAllocatedBytesForCurrentThread());
        string? failure = null;
        try
        {
            step.Do(input);
        }
        catch (Exception odd)
        {
            failure =
                $"{odd.GetType().Name}: {odd.Message} {odd.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("Archon.", StringComparison.Ordinal))?.Trim()}";
        }
        (cpu, allocated) = (ThreadCpu() - cpu, GC.GetAllocatedBytesForCurrentThread() - allocated);
        if (cpu > MostCpu)
            failure ??= string.Create(CultureInfo.InvariantCulture, $"took {cpu.TotalSeconds:0.0} s of CPU time");
        var share = allocated / (double)MostAllocated(step, input.Length);
        if (share > 1)
        {
            failure ??= string.Create(CultureInfo.InvariantCulture, $"allocated {allocated:N0} bytes for an input of {input.Length:N0}");
        }
        return new FuzzOutcome(step.Name, cpu, allocated, share, failure);
    }

    /// <summary>CPU time of the thread that asks.</summary>
    internal static TimeSpan ThreadCpu()
    {
        var time = default(Timespec);
        _ = ClockGetTime(OperatingSystem.IsMacOS() ? 16 : 3, ref time); // CLOCK_THREAD_CPUTIME_ID
        return TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, ref Timespec time);
}
