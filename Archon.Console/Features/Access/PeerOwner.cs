using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Archon.Features.Access;

/// <summary>Feature of a connection: whose program is at its other end. Looked up once, when first asked for.</summary>
internal sealed class PeerOwner(EndPoint? peer, EndPoint? console, SocketOwners owners)
{
    private readonly Lazy<bool> isOwn = new(() => peer is IPEndPoint from && console is IPEndPoint to && owners.IsOwn(from, to));

    /// <summary>True for a program of the console's own user on this machine.</summary>
    public bool IsOwn => isOwn.Value;
}

internal static class PeerOwnerConnections
{
    /// <summary>Gives every connection the feature <see cref="PeerOwner"/>, before anything a client sends could change what is known of it.</summary>
    public static void UsePeerOwner(this KestrelServerOptions kestrel) =>
        kestrel.ConfigureEndpointDefaults(endpoint =>
            endpoint.Use(next =>
            {
                var owners = endpoint.ApplicationServices.GetRequiredService<SocketOwners>();
                return connection =>
                {
                    connection.Features.Set(new PeerOwner(connection.RemoteEndPoint, connection.LocalEndPoint, owners));
                    return next(connection);
                };
            })
        );
}
