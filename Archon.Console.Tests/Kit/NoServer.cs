namespace Archon.Tests.Kit;

/// <summary>An address at which nothing listens, and nothing ever will: port 1 is reserved for a service that no system runs.</summary>
internal static class NoServer
{
    public const int Port = 1;

    public static Uri Address { get; } = new($"http://127.0.0.1:{Port}/");
}
