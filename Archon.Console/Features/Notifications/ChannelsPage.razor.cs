using Archon.Features.Services;
using Archon.Integrations;
using Archon.Live;
using Archon.Ui.View;

namespace Archon.Features.Notifications;

public sealed partial class ChannelsPage(ChannelQueries channels, CatalogueFeed catalogue, UpstreamHealth upstreams, ViewState view)
    : LivePage<ChannelsPicture>
{
    private UpstreamState? Alertmanager => upstreams.Current.FirstOrDefault(one => one.Name == "Alertmanager");
    private int Receivers => Picture?.Channels.Select(channel => channel.Receiver).Distinct().Count() ?? 0;

    protected override string Key => $"channels/{view.EnvironmentId}";

    protected override Task<ChannelsPicture> ReadAsync(CancellationToken cancellationToken) =>
        channels.PictureAsync(view.EnvironmentId, cancellationToken);

    protected override void Follow()
    {
        Follow(catalogue.WatchAsync(Lifetime));
    }
}
