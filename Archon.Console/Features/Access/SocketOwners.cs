using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Archon.Features.Access;

/// <summary>
/// Tells by the kernel's tables of TCP sockets, see proc(5), whether the program at the other end of a connection runs as the console's own user.
/// </summary>
internal sealed class SocketOwners
{
    // Of the fields of a row: "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode".
    private const int Local = 1;
    private const int Remote = 2;
    private const int Uid = 7;
    private const int Inode = 9;

    private readonly string[] tables;
    private readonly uint? own;

    public SocketOwners()
        : this("/proc") { }

    internal SocketOwners(string proc)
    {
        tables = [Path.Combine(proc, "net", "tcp"), Path.Combine(proc, "net", "tcp6")];
        try
        {
            own = OwnUid(Path.Combine(proc, "self", "status"));
            // Users whom this user namespace does not know are all shown as the overflow user.
            var overflow = Path.Combine(proc, "sys", "kernel", "overflowuid");
            if (File.Exists(overflow) && own == Number(File.ReadAllText(overflow).Trim()))
                own = null;
            using var readable = File.OpenRead(tables[0]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            own = null;
        }
    }

    /// <summary>False where the system does not say who has a socket, as outside Linux.</summary>
    public bool IsReadable => own is not null;

    /// <summary>True where the peer's end of the connection is open and has the console's user.</summary>
    public bool IsOwn(IPEndPoint peer, IPEndPoint console)
    {
        if (own is null)
            return false;
        var (wantedLocal, wantedRemote) = (Plain(peer), Plain(console));
        var port = $":{peer.Port:X4}";
        foreach (var table in tables)
        {
            try
            {
                foreach (var line in File.ReadLines(table).Skip(1))
                {
                    var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    if (fields.Length <= Inode || !fields[Local].EndsWith(port, StringComparison.Ordinal))
                        continue;
                    if (!wantedLocal.Equals(EndPoint(fields[Local])) || !wantedRemote.Equals(EndPoint(fields[Remote])))
                        continue;
                    // The row of a socket that its program has closed says uid 0, which is root's, and inode 0.
                    return fields[Inode] != "0" && Number(fields[Uid]) == own;
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Without IPv6 there is no second table.
            }
        }
        return false;
    }

    /// <summary>The user that files and sockets of this process belong to: the fourth, the file system's.</summary>
    private static uint? OwnUid(string status)
    {
        var line = File.ReadLines(status).FirstOrDefault(one => one.StartsWith("Uid:", StringComparison.Ordinal));
        return line?.Split('\t', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, _, var last] ? Number(last) : null;
    }

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>Reads <c>0100007F:1F90</c>: words of 32 bits in the byte order of the machine, then the port.</summary>
    internal static IPEndPoint? EndPoint(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon is not (8 or 32))
            return null;
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var port))
            return null;
        var bytes = new byte[colon / 2];
        for (var word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.AsSpan(word * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                return null;
            BitConverter.TryWriteBytes(bytes.AsSpan(word * 4), value);
        }
        return Plain(new IPEndPoint(new IPAddress(bytes), port));
    }

    /// <summary>An IPv4 address within IPv6 is the same address; what scope it was seen in does not count.</summary>
    private static IPEndPoint Plain(IPEndPoint one) =>
        new(
            one.Address.IsIPv4MappedToIPv6 ? one.Address.MapToIPv4()
                : one.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress(one.Address.GetAddressBytes())
                : one.Address,
            one.Port
        );
}
