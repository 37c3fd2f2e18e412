using Archon.Data.Alerts;
using Archon.Features.Alerts;
using Archon.Tests.Kit;
using Bunit;
using Xunit;

namespace Archon.Tests.Features.Alerts;

/// <summary>What pages say of alerts, whose labels and texts others chose.</summary>
public sealed class AlertPagesTests : BunitContext
{
    public AlertPagesTests() => this.AddShellParts();

    private static AlertRow Row { get; } =
        new(
            1,
            "ErrorsHigh",
            7,
            "shop",
            "storefront",
            AlertSeverity.Critical,
            ActiveAlertState.Firing,
            new Dictionary<string, string> { ["instance"] = "shop-1:9100" },
            new Dictionary<string, string> { ["summary"] = "12 % of requests fail" },
            0.12,
            ShellParts.Now.AddMinutes(-6),
            "Prometheus",
            false,
            false,
            true,
            ["team"],
            true
        );

    [Fact]
    public void A_row_says_rule_service_instance_text_value_age_and_receiver()
    {
        var line = Line(Row);

        Assert.Equal("/rules?r=7", line.Find("a.name").GetAttribute("href"));
        foreach (var part in (string[])["ErrorsHigh", "shop", "shop-1:9100", "12 % of requests fail", "0.12", "6 min", "to team"])
            Assert.Contains(part, line.Markup, StringComparison.Ordinal);
        Assert.NotNull(line.Find("[aria-label='Critical']"));
    }

    [Fact]
    public void A_text_of_an_alert_is_never_markup_nor_turns_its_surroundings_round()
    {
        var line = Line(
            Row with
            {
                Name = "<b>x</b>\u202E",
                Labels = new Dictionary<string, string> { ["instance"] = "<img src=x>" },
                Annotations = new Dictionary<string, string> { ["summary"] = "<script>alert(1)</script>" },
            }
        );

        Assert.Empty(line.FindAll("script"));
        Assert.Empty(line.FindAll("img"));
        Assert.DoesNotContain('\u202E', line.Markup);
    }

    [Fact]
    public void Without_a_page_of_rules_a_row_leads_to_none()
    {
        var line = Render<AlertLine>(with => with.Add(one => one.Alert, Row).Add(one => one.HasRules, false));

        Assert.Empty(line.FindAll("a.name"));
    }

    [Theory]
    [InlineData(true, false, true, true, "silenced")]
    [InlineData(false, true, true, true, "inhibited")]
    [InlineData(false, false, true, false, "no receiver")]
    [InlineData(false, false, true, null, "receiver unknown")]
    [InlineData(false, false, false, null, "not at Alertmanager")]
    public void Who_hears_of_an_alert_is_said_in_words(
        bool silenced,
        bool inhibited,
        bool isAtAlertmanager,
        bool? hasReceiver,
        string words
    )
    {
        var row = Row with
        {
            IsSilenced = silenced,
            IsInhibited = inhibited,
            IsAtAlertmanager = isAtAlertmanager,
            HasReceiver = hasReceiver,
        };

        Assert.Equal(words, AlertWords.Receiver(row));
    }

    private IRenderedComponent<AlertLine> Line(AlertRow row) =>
        Render<AlertLine>(with => with.Add(one => one.Alert, row).Add(one => one.HasRules, true));
}
