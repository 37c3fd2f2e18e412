using Archon.Features.Access;
using Archon.Features.Scanning;
using Archon.Features.Watches;
using Archon.Live;
using Archon.Ui.View;
using Microsoft.AspNetCore.Components;

namespace Archon.Features.Services;

/// <summary>One service at one time; without a detail when there is none of that name.</summary>
public sealed record ServiceView(DateTimeOffset ReadAt, ServiceDetail? Detail, IReadOnlyList<ServiceAnomalyRow> Open) : ISharedPicture
{
    public long Bytes => 5000 + (500L * Open.Count) + (2000L * (Detail?.Watches.Count ?? 0));
}

public sealed partial class ServicePage(
    CurrentActor me,
    ServiceQueries services,
    ServiceCommands commands,
    ServiceTopic topic,
    WatchTopic watches,
    SampleTopic samples,
    AnomalyTopic anomalies,
    ViewState view
) : LivePage<ServiceView>
{
    private string notice = "";

    /// <summary>The name as <see cref="ServiceAddress"/> writes it.</summary>
    [Parameter]
    public string Segment { get; set; } = "";

    private string Name => ServiceAddress.NameIn(Segment);

    protected override LiveSource<ServiceView> Source
    {
        get
        {
            var name = Name;
            return LiveSource.Shared(
                "service",
                view.EnvironmentId,
                $"{name}",
                [topic, watches, samples, anomalies],
                (environment, token) => ReadAsync(environment, name, token)
            );
        }
    }

    private async Task<ServiceView> ReadAsync(int environmentId, string name, CancellationToken cancellationToken)
    {
        var readAt = Clock.GetUtcNow();
        var detail = await services.FindAsync(environmentId, name, cancellationToken);
        var open = detail is null ? [] : await services.OpenAnomaliesAsync(detail.Id, cancellationToken);
        return new ServiceView(readAt, detail, open);
    }

    private async Task AcceptAsync()
    {
        if (Picture?.Detail is not { } service)
            return;
        try
        {
            var actor = await me.GetAsync(Lifetime);
            notice = await commands.AcceptAsync(service.Id, actor, Lifetime) switch
            {
                ServiceResult.Done => "Accepted as discovered.",
                ServiceResult.ChangedMeanwhile => "Someone changed this service. The new state is shown.",
                _ => "This service no longer exists.",
            };
            await RefreshAsync();
        }
        catch (Exception failure) when (ReadFailures.Describe(failure) is { } reason)
        {
            notice = $"Not done: {reason}";
        }
    }

    /// <summary>An address that may be followed; a script hidden in a field is text, never a link.</summary>
    private static string? WebLink(string? address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? uri.AbsoluteUri
            : null;
}
