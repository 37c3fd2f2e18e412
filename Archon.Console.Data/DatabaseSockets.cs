using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Archon.Data;

/// <summary>Ends this process' connections to a server that accepts them and does not answer.</summary>
/// <remarks>
/// When a command is cancelled or takes too long, Npgsql asks the server over a second connection to cancel it, and waits for the end of that one without a
/// time limit (<c>NpgsqlConnector.DoCancelRequest</c>; <c>Cancellation Timeout</c> counts only afterwards). A frozen server would so block the request, the
/// page or the thread for as long as it is frozen, and there is no other way to break such a connection.
/// </remarks>
internal static class DatabaseSockets
{
    private const int AddressField = 2;
    private const int StateField = 3;
    private const int InodeField = 9;
    private const string Established = "01";

    /// <summary>Shuts down every established connection to the server's addresses. Where there is no <c>/proc</c> it does nothing.</summary>
    /// <returns>How many.</returns>
    public static async Task<int> ShutDownAsync(string connectionString, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        var server = await AddressesAsync(connectionString, cancellationToken);
        var inodes = Inodes("/proc/self/net/tcp", server)
            .Concat(Inodes("/proc/self/net/tcp6", server))
            .Select(inode => $"socket:[{inode}]")
            .ToHashSet();
        if (inodes.Count == 0)
            return 0;
        var ended = 0;
        foreach (var descriptor in new DirectoryInfo("/proc/self/fd").EnumerateFiles())
        {
            if (descriptor.LinkTarget is not { } target || !inodes.Contains(target))
                continue;
            // The descriptor stays its owner's, who reads the end of the stream and closes it.
            using var handle = new SafeSocketHandle(int.Parse(descriptor.Name, CultureInfo.InvariantCulture), ownsHandle: false);
            using var socket = new Socket(handle);
            try
            {
                socket.Shutdown(SocketShutdown.Both);
                ended++;
            }
            catch (SocketException)
            {
                // it ended meanwhile
            }
        }
        return ended;
    }

    private static async Task<HashSet<IPEndPoint>> AddressesAsync(string connectionString, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var addresses = new HashSet<IPEndPoint>();
        // Several servers may be named, each with a port of its own. A path is a Unix socket.
        foreach (
            var host in (settings.Host ?? "")
                .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(host => host[0] is not ('/' or '@'))
        )
        {
            var (name, port) = DnsEndPoint(host, settings.Port);
            try
            {
                foreach (var address in await Dns.GetHostAddressesAsync(name, cancellationToken))
                    addresses.Add(new IPEndPoint(address, port));
            }
            catch (SocketException)
            {
                // Without a name service nothing can be told apart; the connections end with the server.
            }
        }
        return addresses;
    }

    private static (string Name, int Port) DnsEndPoint(string host, int port) =>
        IPAddress.TryParse(host, out _) ? (host, port)
        : host.LastIndexOf(':') is > 0 and var colon
        && int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var own)
            ? (host[..colon].Trim('[', ']'), own)
        : (host, port);

    private static IEnumerable<string> Inodes(string table, HashSet<IPEndPoint> server)
    {
        if (!File.Exists(table))
            yield break;
        foreach (var line in File.ReadLines(table).Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > InodeField && fields[StateField] == Established && server.Contains(EndPoint(fields[AddressField])))
                yield return fields[InodeField];
        }
    }

    /// <summary>As the kernel writes it: words of 32 bits in the machine's own order, such as <c>0100007F:1538</c> for 127.0.0.1:5432.</summary>
    private static IPEndPoint EndPoint(string text)
    {
        var (words, port) = (
            text[..text.IndexOf(':', StringComparison.Ordinal)],
            text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..]
        );
        var bytes = new byte[words.Length / 2];
        for (var word = 0; word < words.Length; word += 8)
        {
            BitConverter.TryWriteBytes(
                bytes.AsSpan(word / 2),
                uint.Parse(words.AsSpan(word, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            );
        }
        var address = new IPAddress(bytes);
        return new IPEndPoint(
            address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
            int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        );
    }
}
