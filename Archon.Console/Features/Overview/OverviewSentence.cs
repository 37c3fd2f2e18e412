using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Ui.Format;
using Archon.Ui.Health;

namespace Archon.Features.Overview;

/// <summary>The first line of the page: what is on fire, or why one may believe that nothing is.</summary>
/// <param name="Head">A whole sentence.</param>
/// <param name="Rest">What else there is to say; may be empty.</param>
/// <param name="Since">When the worst of it began; the page writes it after <paramref name="Rest"/> in the reader's zone.</param>
public sealed record OverviewSentence(HealthState State, string Head, string Rest, DateTimeOffset? Since)
{
    /// <summary>What goes on after the time; may be empty.</summary>
    public string Tail { get; init; } = "";

    public static OverviewSentence For(OverviewPicture picture, string? prometheusAway, ScanState scans)
    {
        var services = picture.Services;
        var checking = picture.Checking;
        var worst = services.Worst ?? HealthState.NotChecked;
        // The worst come first, so that some of them are always among those that were read.
        var hit = services.Services.Where(service => service.State == worst).ToList();
        if (worst <= HealthState.Info)
        {
            var number = services.Count(worst);
            var word = worst switch
            {
                HealthState.Critical => "critical",
                HealthState.Warning => "not as expected",
                _ => "slightly unusual",
            };
            var blind = services.Count(HealthState.NotChecked);
            return new OverviewSentence(
                worst,
                $"{Count(number, "service is", "services are", capital: true)} {word}.",
                $"{Names(hit, number)} {(number == 1 ? "is" : "are")} outside {(number == 1 ? "its" : "their")} expected band",
                services.WorstSince(worst)
            )
            {
                Tail = blind > 0 ? $"; {Count(blind, "service is", "services are")} not checked" : "",
            };
        }
        if (scans is ScanState.Stopped { At: var stoppedAt })
        {
            return new OverviewSentence(
                HealthState.NotChecked,
                "Nothing is being checked.",
                stoppedAt is null ? "No scan runs" : "No scan has run",
                stoppedAt
            );
        }
        if (prometheusAway is not null)
        {
            return new OverviewSentence(
                HealthState.NotChecked,
                "Nothing is being checked.",
                $"Prometheus does not answer: {prometheusAway}",
                null
            );
        }
        var notChecked = services.Count(HealthState.NotChecked);
        if (notChecked > 0)
        {
            return new OverviewSentence(
                HealthState.NotChecked,
                notChecked == services.InAll
                    ? "No service is being checked."
                    : $"No anomaly is open, but {Count(notChecked, "service is", "services are")} not checked.",
                $"{Names(hit, notChecked)}: no samples to judge",
                null
            );
        }
        var learning = services.Count(HealthState.Learning);
        if (learning > 0)
        {
            return new OverviewSentence(
                HealthState.Learning,
                learning == services.InAll ? "Learning what is normal."
                    : services.IsMostlyLearning ? $"Learning: {Figures.Count(learning)} of {Figures.Count(services.InAll)} services."
                    : $"No anomaly is open; {Count(learning, "service is", "services are")} still learning.",
                $"{Figures.Count(checking.SeriesWithBand)} of {Count(checking.Series, "series has", "series have")} an expected band so far",
                null
            );
        }
        var judged = services.Count(HealthState.Judged);
        return new OverviewSentence(
            HealthState.Healthy,
            services.InAll == 1
                ? "The one service is within its expected bands."
                : $"All {Figures.Count(services.InAll)} services are within their expected bands.",
            $"{Count(checking.SeriesWithBand, "series", "series")} of {Count(checking.Watches, "watch", "watches")} checked"
                + (judged > 0 ? $"; {Count(judged, "open anomaly was", "open anomalies were")} judged noise or expected" : ""),
            null
        );
    }

    private static string Names(List<ServiceHealth> services, int number) =>
        number switch
        {
            1 => services[0].Name,
            2 => $"{services[0].Name} and {services[1].Name}",
            3 => $"{services[0].Name}, {services[1].Name} and {services[2].Name}",
            _ => $"{services[0].Name}, {services[1].Name} and {Figures.Count(number - 2)} more",
        };

    private static string Count(int number, string one, string many, bool capital = false)
    {
        var text = number is >= 1 and <= 9 ? Small[number] : Figures.Count(number);
        if (capital)
            text = char.ToUpperInvariant(text[0]) + text[1..];
        return $"{text} {(number == 1 ? one : many)}";
    }

    private static readonly string[] Small = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
}
