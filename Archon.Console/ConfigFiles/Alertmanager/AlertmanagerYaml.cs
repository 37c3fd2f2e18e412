using System.Globalization;
using Archon.ConfigFiles.Yaml;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Archon.ConfigFiles.Alertmanager;

/// <summary>A configuration of Alertmanager as a tree.</summary>
internal static class AlertmanagerYaml
{
    /// <returns>The top, null for an empty text; or why it cannot be read.</returns>
    public static (YamlMappingNode? Root, string? Fault) Read(string yaml)
    {
        YamlStream stream;
        try
        {
            stream = BoundedYaml.Load(yaml);
        }
        catch (YamlException fault)
        {
            return (null, string.Create(CultureInfo.InvariantCulture, $"Line {fault.Start.Line}: {fault.Message}"));
        }
        return (stream.Documents is [{ RootNode: YamlMappingNode root }, ..] ? root : null, null);
    }

    public static YamlNode? Child(this YamlMappingNode node, string name) =>
        node.Children.TryGetValue(new YamlScalarNode(name), out var child) ? child : null;

    public static string? Text(this YamlMappingNode node, string name) => (node.Child(name) as YamlScalarNode)?.Value;
}
