using System.Text;
using Archon.Analysis;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Fuzz;

/// <summary>
/// Inputs that once ended the process, filled its memory or kept it busy for minutes, and others of their kind. Each is taken in a child process.
/// </summary>
[SystemTest]
public sealed class HostileInputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Keys];

    [Theory, MemberData(nameof(Targets))]
    public async Task Every_input_of_the_corpus_ends_in_a_result_or_a_clean_refusal_within_a_second(string target)
    {
        var corpus = FuzzCorpus.Of(target);

        var outcomes = await FuzzChild.RunAsync(target, corpus, Token);

        var failures = corpus
            .Zip(outcomes)
            .Where(one => one.Second.Failure is not null)
            .Select(one => $"{one.Second.Failure}: {one.Second.Step} of {Shortened(one.First)}");
        Assert.Empty(failures);
    }

    [Fact]
    public async Task A_child_that_is_lost_is_reported_at_the_input_it_was_at_and_the_others_are_still_taken()
    {
        IReadOnlyList<byte[]> inputs = ["up"u8.ToArray(), Encoding.UTF8.GetBytes(FuzzTargets.Overflow), "up == 0"u8.ToArray()];

        var outcomes = await FuzzChild.RunAsync(FuzzTargets.Check, inputs, Token);

        Assert.Null(outcomes[0].Failure);
        Assert.Contains("ended the process", outcomes[1].Failure, StringComparison.Ordinal);
        Assert.Null(outcomes[2].Failure);
    }

    [Theory]
    [InlineData(FuzzTargets.Busy, "CPU time")]
    [InlineData(FuzzTargets.Greedy, "allocated")]
    [InlineData(FuzzTargets.Faulty, "InvalidOperationException")]
    public async Task What_is_beyond_the_limits_of_a_step_is_a_failure(string input, string words)
    {
        var outcome = (await FuzzChild.RunAsync(FuzzTargets.Check, [Encoding.UTF8.GetBytes(input)], Token))[0];

        Assert.Contains(words, outcome.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        var (one, other, third) = (
            new FuzzMutator(7, FuzzCorpus.Of("yaml")),
            new FuzzMutator(7, FuzzCorpus.Of("yaml")),
            new FuzzMutator(8, FuzzCorpus.Of("yaml"))
        );

        var made = Enumerable.Range(0, 50).Select(_ => one.Next()).ToList();

        Assert.Equal(made, Enumerable.Range(0, 50).Select(_ => other.Next()));
        Assert.NotEqual(made, Enumerable.Range(0, 50).Select(_ => third.Next()));
    }

    [Fact]
    public void Each_limit_has_a_sentence_with_its_number()
    {
        var limits = typeof(InputLimits).GetFields().Select(field => (InputLimit)field.GetValue(null)!).ToList();

        Assert.NotEmpty(limits);
        Assert.All(limits, limit => Assert.DoesNotContain("{", limit.Sentence, StringComparison.Ordinal));
        Assert.Equal("the expression is longer than 20,000 characters", InputLimits.PromqlLength.Sentence);
    }

    private static string Shortened(byte[] input) =>
        input.Length > 60 ? $"{Encoding.UTF8.GetString(input, 0, 60)}… ({input.Length:N0} bytes)" : Encoding.UTF8.GetString(input);
}
