using Archon.Analysis.Correlation;
using Archon.Analysis.RootCause;
using Xunit;

namespace Archon.Tests.Analysis.Correlation;

public sealed class FingerprintTests
{
    private static readonly GroupingAlert[] Alerts =
    [
        new("1", 0, "shop; Ältere=|x", "latency"),
        new("2", 5, "stock", "errors"),
        new("3", 9, "stock", "http_5xx"),
    ];
    private static readonly Hypothesis Cause = new("stock", "errors", 0.8, [], [], ["stock"]);

    [Fact]
    public void An_incident_is_like_itself_whatever_order_and_time_its_alerts_have()
    {
        var (one, other) = (
            Fingerprint.Of(Alerts, [Cause]),
            Fingerprint.Of(Alerts.Reverse().Select(alert => alert with { AtMs = alert.AtMs + 1000, Id = "x" + alert.Id }), [Cause])
        );

        Assert.Equal(one, other);
        Assert.Equal(1, one.SimilarityTo(other), 12);
    }

    [Fact]
    public void The_more_in_common_the_more_alike_and_both_ways_the_same()
    {
        var whole = Fingerprint.Of(Alerts, [Cause]);
        var symptoms = Fingerprint.Of(Alerts, []);
        var part = Fingerprint.Of(Alerts[..1], []);
        var other = Fingerprint.Of([new GroupingAlert("9", 0, "mail", "latency")], []);

        Assert.True(
            1 > whole.SimilarityTo(symptoms) && whole.SimilarityTo(symptoms) > whole.SimilarityTo(part) && whole.SimilarityTo(part) > 0
        );
        Assert.Equal(0, whole.SimilarityTo(other));
        Assert.Equal(whole.SimilarityTo(part), part.SimilarityTo(whole), 12);
        Assert.Equal(0, Fingerprint.Of([], []).SimilarityTo(Fingerprint.Of([], [])));
    }

    [Fact]
    public void Its_text_reads_back_and_other_text_is_refused()
    {
        var one = Fingerprint.Of(Alerts, [Cause]);

        Assert.True(Fingerprint.TryParse(one.Text, out var read));
        Assert.Equal(one, read);
        Assert.False(Fingerprint.TryParse("2;stock=1", out _));
        Assert.False(Fingerprint.TryParse("1;stock", out _));
        Assert.False(Fingerprint.TryParse("", out _));
    }
}
