using YamlDotNet.RepresentationModel;

namespace Archon.ConfigFiles.Alertmanager;

/// <summary>One integration of a receiver as a configuration names it, secrets masked.</summary>
public sealed record ReceiverChannel(string Receiver, string Kind, int Ordinal, string Target, bool SendResolved);

/// <summary>Reads the receivers out of an Alertmanager configuration.</summary>
/// <remarks>Alertmanager writes <c>&lt;secret&gt;</c> for what it knows to be one. Nothing is left to that here: of an address only scheme, host and port
/// stay, as webhook paths are the password; keys and tokens are never read at all.</remarks>
public static class ReceiverReader
{
    public const string Masked = "•••";
    private const string Suffix = "_configs";

    /// <summary>What names the place, by kind, in order of preference. None of these holds a secret, addresses apart, and those are cut.</summary>
    private static readonly Dictionary<string, string[]> Names = new(StringComparer.Ordinal)
    {
        ["email"] = ["to"],
        ["slack"] = ["channel", "api_url"],
        ["pagerduty"] = ["client", "url"],
        ["webhook"] = ["url"],
        ["opsgenie"] = ["api_url"],
        ["victorops"] = ["routing_key_name", "api_url"],
        ["telegram"] = ["chat_id", "api_url"],
        ["discord"] = ["webhook_url"],
        ["msteams"] = ["webhook_url"],
        ["msteamsv2"] = ["webhook_url"],
        ["webex"] = ["room_id"],
        ["sns"] = ["topic_arn", "phone_number"],
        ["pushover"] = ["device"],
        ["wechat"] = ["to_party", "to_user", "to_tag"],
        ["rocketchat"] = ["channel", "api_url"],
        ["mattermost"] = ["channel", "webhook_url"],
        ["jira"] = ["project", "api_url"],
        ["incidentio"] = ["url"],
    };

    /// <summary>Alertmanager's own defaults of send_resolved, where they are not true.</summary>
    private static readonly HashSet<string> SilentWhenResolved = ["email", "slack", "wechat"];

    /// <returns>The channels, or why the configuration cannot be read.</returns>
    public static (IReadOnlyList<ReceiverChannel>? Channels, string? Fault) Read(string yaml)
    {
        var (root, fault) = AlertmanagerYaml.Read(yaml);
        if (fault is not null)
            return (null, fault);
        var channels = new List<ReceiverChannel>();
        if (root is null)
            return (channels, null);
        if (root.Child("receivers") is not YamlSequenceNode receivers)
            return (channels, null);
        foreach (var receiver in receivers.OfType<YamlMappingNode>())
        {
            if (receiver.Text("name") is not { Length: > 0 } name)
                continue;
            foreach (var (key, value) in receiver.Children)
            {
                if (key is not YamlScalarNode { Value: { } kindKey } || !kindKey.EndsWith(Suffix, StringComparison.Ordinal))
                    continue;
                if (value is not YamlSequenceNode integrations)
                    continue;
                var kind = kindKey[..^Suffix.Length];
                var ordinal = 0;
                foreach (var integration in integrations.OfType<YamlMappingNode>())
                {
                    var resolved = integration.Text("send_resolved") is { } said ? said == "true" : !SilentWhenResolved.Contains(kind);
                    channels.Add(new ReceiverChannel(name, kind, ordinal++, Target(kind, integration), resolved));
                }
            }
        }
        return (channels, null);
    }

    private static string Target(string kind, YamlMappingNode integration)
    {
        foreach (var name in Names.GetValueOrDefault(kind, []))
        {
            // A default that a template fills in names nobody.
            if (
                integration.Text(name) is not { Length: > 0 } text
                || text == "<secret>"
                || text.StartsWith("{{ template", StringComparison.Ordinal)
            )
                continue;
            var target = Masks(text);
            return target.Length > 500 ? target[..500] : target;
        }
        return Masked;
    }

    /// <summary>An address without what could be its password: user, path, query and fragment.</summary>
    private static string Masks(string text)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
            return text;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
            return Masked;
        var rest = uri.UserInfo.Length > 0 || uri.AbsolutePath.Length > 1 || uri.Query.Length > 0 || uri.Fragment.Length > 0;
        return $"{uri.Scheme}://{uri.Authority}{(rest ? "/" + Masked : "")}";
    }
}
