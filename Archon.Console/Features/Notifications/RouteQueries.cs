using Archon.Analysis;
using Archon.Analysis.Routing;
using Archon.ConfigFiles.Alertmanager;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;

namespace Archon.Features.Notifications;

/// <summary>Where an alert would go.</summary>
/// <param name="Channels">The integrations of each receiver, in words; none for one that only swallows.</param>
/// <param name="Silences">Those that would hold it back now.</param>
/// <param name="NoSilences">Why it is not known whether a silence applies; null where it is.</param>
public sealed record RoutePreview(
    IReadOnlyList<RouteStop> Stops,
    ILookup<string, string> Channels,
    IReadOnlyList<AlertmanagerSilence> Silences,
    string? NoSilences,
    DateTimeOffset At
);

/// <summary>Asks the running Alertmanager's own configuration where an alert would go. Nothing is sent.</summary>
public sealed class RouteQueries(Upstreams upstreams, TimeProvider clock)
{
    /// <param name="labels">All labels of the alert, <c>alertname</c> among them.</param>
    public async Task<Fetch<RoutePreview>> PreviewAsync(
        int environmentId,
        IReadOnlyDictionary<string, string> labels,
        CancellationToken cancellationToken
    )
    {
        var alertmanager = upstreams.For(environmentId).Alertmanager;
        var asked = await alertmanager.StatusAsync(cancellationToken);
        if (asked is Fetch<AlertmanagerStatus>.Rejected { Reason: var refused })
            return new Fetch<RoutePreview>.Rejected(refused);
        if (asked is not Fetch<AlertmanagerStatus>.Ok { Value.ConfigYaml: var yaml })
            return new Fetch<RoutePreview>.Unavailable(asked.Reason());
        var (root, fault) = RouteReader.Read(yaml);
        if (root is null)
            return new Fetch<RoutePreview>.Unavailable($"The configuration of Alertmanager cannot be read. {fault}");
        var (channels, _) = ReceiverReader.Read(yaml);
        IReadOnlyList<RouteStop> stops;
        try
        {
            stops = RouteTree.Stops(root, labels);
        }
        catch (InputLimitException beyond)
        {
            return new Fetch<RoutePreview>.Unavailable($"The routes of Alertmanager are not checked: {beyond.Message}.");
        }
        var silenced = await alertmanager.SilencesAsync(null, cancellationToken);
        var silences = silenced is Fetch<IReadOnlyList<AlertmanagerSilence>>.Ok { Value: var all }
            ? all.Where(silence => silence.State == "active")
                .ToLookup(silence => silence.Matches(name => labels.GetValueOrDefault(name, "")))
            : null;
        return new Fetch<RoutePreview>.Ok(
            new RoutePreview(
                stops,
                (channels ?? []).ToLookup(
                    one => one.Receiver,
                    one => one.Target == ReceiverReader.Masked ? one.Kind : $"{one.Kind} {one.Target}"
                ),
                [.. silences?[true] ?? []],
                silences is null ? silenced.Reason()
                    : silences[null].FirstOrDefault() is { } large ? TooLarge(large)
                    : null,
                clock.GetUtcNow()
            )
        );
    }

    private static string TooLarge(AlertmanagerSilence silence) =>
        $"the matchers of the silence by {silence.CreatedBy} are too large to check. Read that silence in Alertmanager.";
}
