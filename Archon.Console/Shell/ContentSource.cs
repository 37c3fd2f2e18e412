namespace Archon.Shell;

/// <summary>An origin that pages of a feature load from; everything else is refused by the content security policy.</summary>
/// <param name="Directive">Such as <c>frame-src</c>.</param>
/// <param name="Origin">Such as <c>https://grafana.example.org</c>.</param>
public sealed record ContentSource(string Directive, string Origin);
