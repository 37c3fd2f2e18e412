using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Archon.Tests.Fuzz;

/// <summary>Looks for inputs that break something, for as long as is asked: <c>./archon test --fuzz</c>.</summary>
internal static partial class FuzzSearch
{
    public const string Option = "--fuzz";
    private const int BatchSize = 250;

    // One fault is met again and again; a few inputs of it are enough.
    private const int MostOfOneKind = 5;

    /// <returns>0 where nothing was found, 1 where something was, 2 for options that are none.</returns>
    public static async Task<int> RunAsync(string[] options)
    {
        var (length, seed, folder) = (
            TimeSpan.FromMinutes(10),
            Environment.TickCount,
            Path.Combine(Directory.GetCurrentDirectory(), ".archon", "fuzz")
        );
        for (var i = 0; i < options.Length; i++)
        {
            switch (options[i])
            {
                case "--seed" when i + 1 < options.Length && int.TryParse(options[i + 1], CultureInfo.InvariantCulture, out seed):
                    i++;
                    break;
                case "--into" when i + 1 < options.Length:
                    folder = options[++i];
                    break;
                case "--replay" when i + 1 < options.Length:
                    return await ReplayAsync(options[i + 1]);
                case var text when Archon.Ui.View.RangeText.TryLength(text, out length):
                    break;
                default:
                    await Console.Error.WriteLineAsync(
                        $"--fuzz does not know '{options[i]}': a length such as 10m, --seed NUMBER, or --replay FILE"
                    );
                    return 2;
            }
        }
        Console.WriteLine($"Seed {seed}: ./archon test --fuzz --seed {seed} makes the same inputs");
        return await SearchAsync(length, seed, folder);
    }

    private static async Task<int> SearchAsync(TimeSpan length, int seed, string folder)
    {
        var began = Stopwatch.GetTimestamp();
        var tallies = FuzzTargets.All.Keys.ToDictionary(target => target, _ => new Tally());
        var kinds = new Dictionary<string, int>();
        var mutators = FuzzTargets
            .All.Keys.Select((target, i) => (Target: target, Mutator: new FuzzMutator(seed + i, FuzzCorpus.Of(target))))
            .ToList();
        for (var round = 0; round == 0 || Stopwatch.GetElapsedTime(began) < length; round++)
        {
            foreach (var (target, mutator) in mutators)
            {
                // The corpus itself comes first.
                IReadOnlyList<byte[]> inputs =
                    round == 0 ? FuzzCorpus.Of(target) : [.. Enumerable.Range(0, BatchSize).Select(_ => mutator.Next())];
                var outcomes = await FuzzChild.RunAsync(target, inputs, default);
                foreach (var (input, outcome) in inputs.Zip(outcomes))
                {
                    tallies[target].Add(input, outcome);
                    if (outcome.Failure is null)
                        continue;
                    var kind = Digits().Replace($"{target} {outcome.Step} {outcome.Failure}", "0");
                    kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
                    if (kinds[kind] <= MostOfOneKind)
                        Report(target, input, outcome, folder);
                }
                if (round > 0 && Stopwatch.GetElapsedTime(began) >= length)
                    break;
            }
        }
        foreach (var (target, tally) in tallies)
            Console.WriteLine($"{target, -10} {tally}");
        Console.WriteLine(
            $"{tallies.Values.Sum(one => one.Inputs):N0} inputs, {kinds.Values.Sum():N0} failures of {kinds.Count} kinds, seed {seed}"
        );
        return kinds.Count > 0 ? 1 : 0;
    }

    private static void Report(string target, byte[] input, FuzzOutcome outcome, string folder)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{target}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}");
        File.WriteAllBytes(file, input);
        Console.WriteLine($"{target}, {outcome.Step}: {outcome.Failure}");
        Console.WriteLine($"  again: ./archon test --fuzz --replay {file}");
    }

    private static async Task<int> ReplayAsync(string file)
    {
        var target = Path.GetFileName(file).Split('-')[0];
        if (!File.Exists(file) || !FuzzTargets.All.ContainsKey(target))
        {
            await Console.Error.WriteLineAsync(
                $"There is no file {file} whose name begins with one of: {string.Join(", ", FuzzTargets.All.Keys)}"
            );
            return 2;
        }
        var outcome = (await FuzzChild.RunAsync(target, [await File.ReadAllBytesAsync(file)], default))[0];
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{target}, {outcome.Step}: {outcome.Failure ?? "nothing is wrong"} ({outcome.Cpu.TotalMilliseconds:0} ms of CPU time, {outcome.Allocated:N0} bytes)"
            )
        );
        return outcome.Failure is null ? 0 : 1;
    }

    private sealed class Tally
    {
        private long bytes;
        private TimeSpan longest;
        private double largest;

        public int Inputs { get; private set; }
        public int Failures { get; private set; }

        public void Add(byte[] input, FuzzOutcome outcome)
        {
            (Inputs, bytes) = (Inputs + 1, bytes + input.Length);
            if (outcome.Failure is not null)
                Failures++;
            if (outcome.Cpu > longest)
                longest = outcome.Cpu;
            largest = Math.Max(largest, outcome.Share);
        }

        public override string ToString() =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Inputs, 7:N0} inputs, {bytes / 1e6, 6:0.0} MB, {Failures, 3} failures, at most {longest.TotalMilliseconds, 5:0} ms and {largest, 4:0.00} of the memory allowed"
            );
    }

    [GeneratedRegex("[0-9][0-9.,]*")]
    private static partial Regex Digits();
}
