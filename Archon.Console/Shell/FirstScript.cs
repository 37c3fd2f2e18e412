using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Components;

namespace Archon.Shell;

/// <summary>The only script that stands in a page: before the first paint, so that nothing flashes.</summary>
/// <remarks>The server has written the theme that is wanted, and cannot know the system's. A file of its own would hold up the first paint.</remarks>
public static class FirstScript
{
    private const string Text =
        "document.documentElement.dataset.wanted===\"system\"&&(document.documentElement.dataset.theme=matchMedia(\"(prefers-color-scheme: light)\").matches?\"light\":\"dark\")";

    /// <summary>The whole element; it holds nothing but the constant above.</summary>
    public static MarkupString Element { get; } = new($"<script>{Text}</script>");

    /// <summary>What the Content-Security-Policy lets run: this text and no other.</summary>
    public static string Source { get; } = $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Text)))}'";
}
