using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.RootCause;

public sealed class CauseRankerTests
{
    [Fact]
    public void The_service_whose_latency_nothing_explains_leads_and_its_callers_do_not()
    {
        var ranked = Rank(Slow(1).Question());

        var first = ranked.Hypotheses[0];
        Assert.Equal(("stock", "latency"), (first.Service, first.Metric));
        Assert.InRange(first.Confidence, 0.5, 1);
        Assert.DoesNotContain(ranked.Hypotheses, one => one.Service != "stock" && one.Confidence > 0.2);
        Assert.Equal(Estate.OnsetMs, ranked.OnsetMs);
    }

    [Fact]
    public void The_path_leads_from_where_it_is_felt_to_where_it_arises()
    {
        var question = Slow(2).Question() with { Breached = new BreachedObjective("web", "latency") };

        var path = Rank(question).Hypotheses[0].Path;

        Assert.Equal(["web", "search", "stock"], path);
    }

    [Fact]
    public void Evidence_comes_as_figures_and_as_sentences()
    {
        var first = Rank(Slow(3).Question()).Hypotheses[0];

        var moved = Assert.Single(first.For.OfType<Evidence.MovedByItself>());
        Assert.Equal("stock", moved.Service);
        Assert.InRange(moved.Shift, 0.015, 0.05);
        Assert.True(moved.StandardErrors > 5);
        Assert.Matches(@"^latency of stock is [\d.]+ higher than load and neighbours explain \(usually [\d.]+\)\.$", moved.Sentence);
        var reach = Assert.Single(first.For.OfType<Evidence.Reaches>());
        Assert.Equal(3, reach.Reached);
        Assert.All(first.For.Concat(first.Against), evidence => Assert.EndsWith(".", evidence.Sentence, StringComparison.Ordinal));
    }

    [Fact]
    public void Failures_are_put_down_to_the_callee_that_fails()
    {
        var estate = new Estate(4).Break("pay", "errors", (_, usual) => usual + 0.05);

        Assert.Equal("pay", Rank(estate.Question()).Hypotheses[0].Service);
    }

    [Fact]
    public void A_rush_of_requests_is_put_down_to_the_door_it_came_in_by()
    {
        var estate = new Estate(5).Break("web", "requests", (_, usual) => 3 * usual);

        var first = Rank(estate.Question()).Hypotheses[0];

        Assert.Equal(("web", "requests"), (first.Service, first.Metric));
    }

    [Fact]
    public void What_is_used_up_supports_a_cause_and_is_one_where_users_feel_nothing()
    {
        var alone = new Estate(6).Break("search", "cpu", (_, usual) => 4 * usual).Question();
        var both = Slow(6).Break("stock", "cpu", (_, usual) => 3 * usual).Question();

        Assert.Equal(("search", "cpu"), (Rank(alone).Hypotheses[0].Service, Rank(alone).Hypotheses[0].Metric));
        Assert.Single(Rank(both).Hypotheses[0].For.OfType<Evidence.Supported>());
    }

    [Fact]
    public void What_was_used_for_a_while_and_came_back_is_no_cause()
    {
        var question = new Estate(6).Break("search", "cpu", (row, usual) => row is >= 5 and < 25 ? 4 * usual : usual).Question();

        Assert.IsType<CauseVerdict.Abstained>(CauseRanker.Rank(question));
    }

    [Fact]
    public void A_quiet_day_names_no_one_and_says_why()
    {
        var abstained = Enumerable.Range(10, 20).Select(seed => CauseRanker.Rank(new Estate(seed).Question())).ToList();

        Assert.All(abstained, verdict => Assert.NotEmpty(Assert.IsType<CauseVerdict.Abstained>(verdict).Reason));
    }

    [Fact]
    public void An_exporter_that_restarts_is_a_gap_and_no_cause()
    {
        var estate = new Estate(7);
        foreach (var metric in new[] { "requests", "latency", "errors", "cpu" })
        {
            estate.Break("pay", metric, (row, usual) => row is >= 3 and < 8 ? 0 : usual);
        }

        Assert.IsType<CauseVerdict.Abstained>(CauseRanker.Rank(Alone(estate)));

        // The exporter alone stood still: what others had from the service went on.
        static CauseQuestion Alone(Estate broken)
        {
            var (whole, part) = (new Estate(7).Question(), broken.Question());
            var (others, pay) = (
                whole.Series.Where(series => series.Service != "pay"),
                part.Series.Where(series => series.Service == "pay")
            );
            return whole with { Series = [.. others, .. pay] };
        }
    }

    [Fact]
    public void A_change_just_before_the_onset_raises_a_service_and_is_reported()
    {
        var question = Slow(8).Question();
        var change = new ServiceChange("stock", ServiceChangeKind.Deploy, Estate.OnsetMs - 60_000, "version 2.4");

        var late = new ServiceChange("pay", ServiceChangeKind.Restart, Estate.OnsetMs + 600_000, "after the fact");
        var with = Rank(question with { Changes = [change, late] });

        Assert.Equal(change, Assert.Single(with.Hypotheses[0].For.OfType<Evidence.Changed>()).Change);
        Assert.True(with.Hypotheses[0].Confidence >= Rank(question).Hypotheses[0].Confidence);
        Assert.DoesNotContain(
            with.Hypotheses.SelectMany(one => one.For).OfType<Evidence.Changed>(),
            reported => reported.Change.Service == "pay"
        );
    }

    [Fact]
    public void A_service_that_the_alerts_cannot_have_come_from_is_no_likely_cause()
    {
        var question = Slow(8).Question() with { Hints = [new ServiceHint("pay", "latency", Estate.OnsetMs, 1)] };

        Assert.DoesNotContain(Rank(question).Hypotheses, one => one.Service != "pay" && one.Confidence > 0.2);
    }

    [Fact]
    public void A_service_that_does_not_respond_is_the_cause_of_what_fails_at_its_callers()
    {
        var question = new Estate(22).Break("shop", "errors", (_, usual) => usual + 0.5).Question();
        question = question with
        {
            Series =
            [
                .. question.Series.Select(series =>
                    series.Service == "pay"
                        ? series with
                        {
                            Values = series.Values.ToArray().Select((value, row) => row >= Estate.Onset ? double.NaN : value).ToArray(),
                        }
                        : series
                ),
            ],
        };

        var first = Rank(question).Hypotheses[0];

        Assert.Equal("pay", first.Service);
        Assert.Single(first.For.OfType<Evidence.Down>());
    }

    [Fact]
    public void A_service_called_for_the_first_time_is_put_down_to_its_caller()
    {
        var estate = new Estate(9).Break("shop", "errors", (_, usual) => usual + 0.1);
        var question = estate.Question();
        var odd = Enumerable.Range(0, Estate.Rows).Select(row => row >= Estate.Onset ? 20.0 : 0).ToArray();
        var failing = Enumerable.Range(0, Estate.Rows).Select(row => row >= Estate.Onset ? 1.0 : double.NaN).ToArray();
        question = question with
        {
            Graph = new ServiceGraph([], [.. Estate.Calls, ("shop", "odd")]),
            Series = [.. question.Series, new ServiceSeries("odd", "requests", "", odd), new ServiceSeries("odd", "errors", "", failing)],
        };

        var first = Rank(question).Hypotheses[0];

        Assert.Equal("shop", first.Service);
        Assert.Equal("odd", Assert.Single(first.For.OfType<Evidence.NewlyCalled>()).Callee);
    }

    [Fact]
    public void Names_carry_no_weight()
    {
        var question = Slow(12).Question();
        var services = new Dictionary<string, string>
        {
            ["web"] = "q7",
            ["shop"] = "a1",
            ["search"] = "zz",
            ["stock"] = "m0",
            ["pay"] = "b3",
        };
        var metrics = new Dictionary<string, string>
        {
            ["requests"] = "xa",
            ["latency"] = "xb",
            ["errors"] = "xc",
            ["cpu"] = "xd",
        };
        var renamed = question with
        {
            Series =
            [
                .. question.Series.Select(series => series with { Service = services[series.Service], Metric = metrics[series.Metric] }),
            ],
            Graph = new ServiceGraph([], Estate.Calls.Select(call => (services[call.Caller], services[call.Callee]))),
        };

        var first = Rank(renamed).Hypotheses[0];

        Assert.Equal(("m0", "xb"), (first.Service, first.Metric));
    }

    [Fact]
    public void Scale_and_time_change_nothing()
    {
        var plain = Rank(Slow(13).Question());
        var moved = Rank(Slow(13).Question(scale: 1000, shiftMs: 5 * 7 * 86_400_000L));

        Assert.Equal(plain.Hypotheses.Select(one => one.Service), moved.Hypotheses.Select(one => one.Service));
        Assert.Equal(plain.Hypotheses[0].Confidence, moved.Hypotheses[0].Confidence, 6);
        Assert.Equal(plain.OnsetMs + (5 * 7 * 86_400_000L), moved.OnsetMs);
    }

    [Fact]
    public void One_question_has_one_answer_whatever_the_order_of_its_parts()
    {
        var question = Slow(14).Question();

        var (one, other) = (Rank(question), Rank(question with { Series = [.. question.Series.Reverse()] }));

        Assert.Equal(Reported(one), Reported(other));
        Assert.Equal(Reported(one), Reported(Rank(question)));

        static IEnumerable<string> Reported(CauseVerdict.Ranked ranked) =>
            ranked.Hypotheses.SelectMany(hypothesis =>
                hypothesis
                    .For.Concat(hypothesis.Against)
                    .Select(evidence => evidence.Sentence)
                    .Prepend($"{hypothesis.Service} {hypothesis.Confidence:R} {string.Join('>', hypothesis.Path)}")
            );
    }

    [Fact]
    public void Gaps_infinities_and_constants_are_borne()
    {
        var question = Slow(15).Question();
        var random = new Random(15);
        var gapped = question with
        {
            Series =
            [
                .. question.Series.Select(series => series with { Values = Array.ConvertAll(series.Values.ToArray(), Holed) }),
                new ServiceSeries("pay", "pool", "", new double[Estate.Rows]),
                new ServiceSeries("idle", "latency", "", Enumerable.Repeat(double.NaN, Estate.Rows).ToArray()),
            ],
        };

        var ranked = Rank(gapped);

        Assert.Equal("stock", ranked.Hypotheses[0].Service);
        Assert.All(ranked.Hypotheses, one => Assert.InRange(one.Confidence, 0, 1));
        Assert.Contains(ranked.Hypotheses[0].Against, evidence => evidence is Evidence.Gaps { Share: > 0.1 and < 0.3 });

        double Holed(double value) =>
            random.Next(10) switch
            {
                0 => double.NaN,
                1 => double.PositiveInfinity,
                _ => value,
            };
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(5), InlineData(12), InlineData(30)]
    public void Few_rows_are_borne(int rows)
    {
        var question = Slow(16).Question();
        var few = question with
        {
            Times = question.Times[..rows],
            Series = [.. question.Series.Select(series => series with { Values = series.Values.Slice(Estate.Onset - (rows / 2), rows) })],
            OnsetMs = rows / 2 * 15_000,
        };

        foreach (
            var one in new[]
            {
                few,
                few with
                {
                    OnsetMs = null,
                },
                few with
                {
                    Graph = null,
                },
                few with
                {
                    OnsetMs = -1,
                },
                few with
                {
                    OnsetMs = long.MaxValue / 2,
                },
            }
        )
        {
            if (CauseRanker.Rank(one) is not CauseVerdict.Ranked ranked)
                continue;
            Assert.All(ranked.Hypotheses, hypothesis => Assert.InRange(hypothesis.Confidence, 0, 1));
        }
    }

    [Fact]
    public void A_past_of_its_own_is_in_for_rows_before_the_onset()
    {
        var (quiet, slow) = (new Estate(17).Question(), Slow(18).Question());
        var few = slow with
        {
            Times = slow.Times.Slice(Estate.Onset - 2, 6),
            Series =
            [
                .. slow.Series.Select(
                    (series, i) => series with { Values = series.Values.Slice(Estate.Onset - 2, 6), Normal = quiet.Series[i].Values }
                ),
            ],
        };

        Assert.Equal("stock", Rank(few).Hypotheses[0].Service);
    }

    [Fact]
    public void Without_a_graph_the_service_furthest_beyond_its_own_range_leads()
    {
        var question = new Estate(19).Break("pay", "cpu", (_, usual) => 5 * usual).Question() with { Graph = null };

        var ranked = Rank(question);

        Assert.Equal(("pay", "cpu"), (ranked.Hypotheses[0].Service, ranked.Hypotheses[0].Metric));
        Assert.Equal(["pay"], ranked.Hypotheses[0].Path);
    }

    [Fact]
    public void An_onset_no_one_reported_is_found()
    {
        var ranked = Rank(new Estate(20).Break("stock", "latency", (_, usual) => 4 * usual).Question() with { OnsetMs = null });

        Assert.Equal("stock", ranked.Hypotheses[0].Service);
        Assert.InRange(ranked.OnsetMs, Estate.OnsetMs - 45_000, Estate.OnsetMs + 45_000);
    }

    [Fact]
    public void A_question_that_does_not_fit_together_is_refused()
    {
        var question = Slow(21).Question();

        Assert.Throws<ArgumentException>(() => CauseRanker.Rank(question with { Times = question.Times[1..] }));
        Assert.Throws<ArgumentException>(() => CauseRanker.Rank(question with { Times = question.Times.ToArray().Reverse().ToArray() }));
        Assert.Throws<ArgumentException>(() =>
            CauseRanker.Rank(
                question with
                {
                    Series = [.. question.Series.Select((series, i) => series with { Normal = new double[10 + i] })],
                }
            )
        );
    }

    private static Estate Slow(int seed) => new Estate(seed).Break("stock", "latency", (_, usual) => 2 * usual);

    private static CauseVerdict.Ranked Rank(CauseQuestion question) => Assert.IsType<CauseVerdict.Ranked>(CauseRanker.Rank(question));
}
