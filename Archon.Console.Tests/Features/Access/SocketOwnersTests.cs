using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Archon.Features.Access;
using Xunit;

namespace Archon.Tests.Features.Access;

/// <summary>The kernel's own tables, and tables as it writes them for other users.</summary>
public sealed class SocketOwnersTests : IDisposable
{
    private const string Header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
    private readonly string proc = Directory.CreateTempSubdirectory("archon-proc-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(proc, recursive: true);

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("127.0.0.1", true)] // through a socket of both families the kernel writes ::ffff:127.0.0.1
    public async Task A_connection_of_this_very_process_is_its_own_until_it_is_closed(string address, bool isDualMode)
    {
        var owners = new SocketOwners();
        using var listener = new TcpListener(isDualMode ? IPAddress.IPv6Any : IPAddress.Parse(address), 0);
        if (isDualMode)
            listener.Server.DualMode = true;
        listener.Start();
        using var client = new Socket(
            isDualMode ? AddressFamily.InterNetworkV6 : IPAddress.Parse(address).AddressFamily,
            SocketType.Stream,
            ProtocolType.Tcp
        );
        if (isDualMode)
            client.DualMode = true;
        await client.ConnectAsync(IPAddress.Parse(address), ((IPEndPoint)listener.LocalEndpoint).Port, Token);
        using var accepted = await listener.AcceptSocketAsync(Token);
        var (peer, console) = ((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!);

        Assert.True(owners.IsReadable);
        Assert.True(owners.IsOwn(peer, console));
        Assert.False(owners.IsOwn(new IPEndPoint(peer.Address, peer.Port == 1 ? 2 : peer.Port - 1), console));
        client.Close();
        Assert.False(owners.IsOwn(peer, console));
    }

    [Theory]
    [InlineData(1000, "0100007F:9C40", "0100007F:1FF5", 1000, 4711, true)]
    [InlineData(1000, "0100007F:9C40", "0100007F:1FF5", 33, 4711, false)] // www-data's
    [InlineData(0, "0100007F:9C40", "0100007F:1FF5", 0, 0, false)] // closed: the kernel says uid 0, which is no user's then
    [InlineData(0, "0100007F:9C40", "0100007F:1FF5", 0, 4711, true)]
    [InlineData(1000, "0100007F:9C41", "0100007F:1FF5", 1000, 4711, false)]
    [InlineData(1000, "0100007F:1FF5", "0100007F:9C40", 1000, 4711, false)] // the console's own end
    public void The_row_of_the_peers_end_decides(int own, string local, string remote, int uid, int inode, bool expected)
    {
        var owners = Written(own, tcp: Row(local, remote, uid, inode), tcp6: "");

        Assert.Equal(expected, owners.IsOwn(new IPEndPoint(IPAddress.Loopback, 40000), new IPEndPoint(IPAddress.Loopback, 8181)));
    }

    [Fact]
    public void An_IPv4_address_within_IPv6_is_found_in_either_table()
    {
        const string Mapped = "0000000000000000FFFF00000100007F";
        var owners = Written(1000, tcp: "", tcp6: Row($"{Mapped}:9C40", $"{Mapped}:1FF5", 1000, 1));
        var (peer, console) = (new IPEndPoint(IPAddress.Loopback, 40000), new IPEndPoint(IPAddress.Loopback, 8181));

        Assert.True(owners.IsOwn(peer, console));
        Assert.True(owners.IsOwn(new IPEndPoint(peer.Address.MapToIPv6(), 40000), new IPEndPoint(console.Address.MapToIPv6(), 8181)));
    }

    [Fact]
    public void Where_the_user_cannot_be_read_nothing_is_its_own()
    {
        Assert.False(new SocketOwners(proc).IsReadable);

        // In a user namespace all users that are not mapped look like one.
        var owners = Written(65534, tcp: Row("0100007F:9C40", "0100007F:1FF5", 65534, 1), tcp6: "");
        Assert.False(owners.IsReadable);
        Assert.False(owners.IsOwn(new IPEndPoint(IPAddress.Loopback, 40000), new IPEndPoint(IPAddress.Loopback, 8181)));
    }

    private static string Row(string local, string remote, int uid, int inode) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"   3: {local} {remote} 01 00000000:00000000 00:00000000 00000000 {uid, 5}        0 {inode} 1 0000000000000000 20 4 30 10 -1"
        );

    private SocketOwners Written(int own, string tcp, string tcp6)
    {
        foreach (
            var (file, text) in ((string, string)[])
                [
                    ("net/tcp", $"{Header}\n{tcp}\n"),
                    ("net/tcp6", $"{Header}\n{tcp6}\n"),
                    ("self/status", $"Name:\tconsole\nUid:\t5\t6\t7\t{own}\nGid:\t0\t0\t0\t0\n"),
                    ("sys/kernel/overflowuid", "65534\n"),
                ]
        )
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(proc, file))!);
            File.WriteAllText(Path.Combine(proc, file), text);
        }
        return new SocketOwners(proc);
    }
}
