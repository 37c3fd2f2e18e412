using Archon.Integrations;
using Archon.Live;
using Archon.Ui.View;

namespace Archon.Features.Notifications;

public sealed partial class ChannelsPage(ChannelQueries channels, ChannelTopic topic, UpstreamHealth upstreams, ViewState view)
    : LivePage<ChannelsPicture>
{
    private UpstreamState? Alertmanager => upstreams.Of(view.EnvironmentId).FirstOrDefault(one => one.Name == "Alertmanager");
    private int Receivers => Picture?.Channels.Select(channel => channel.Receiver).Distinct().Count() ?? 0;

    protected override LiveSource<ChannelsPicture> Source =>
        LiveSource.Shared("channels", view.EnvironmentId, $"", [topic], channels.PictureAsync);
}
