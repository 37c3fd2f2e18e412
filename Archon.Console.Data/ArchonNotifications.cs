using Npgsql;

namespace Archon.Data;

/// <summary>Words between consoles on one database, by PostgreSQL's LISTEN and NOTIFY.</summary>
public sealed class ArchonNotifications(ArchonConnection connection)
{
    // A listener only ever reads: without keep-alive it would wait for ever on a server that vanished without a word.
    private const int KeepAliveSeconds = 15;

    /// <summary>Listens on <paramref name="channel"/> until cancelled.</summary>
    /// <param name="onPayload">
    /// Called with an empty payload once the server listens, since nobody knows what was said before, then for each notification in order.
    /// </param>
    /// <exception cref="System.Data.Common.DbException">The connection broke, or could not be made.</exception>
    public async Task ListenAsync(string channel, Action<string> onPayload, CancellationToken cancellationToken)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection.ConnectionString)
        {
            KeepAlive = KeepAliveSeconds,
            Pooling = false,
            ApplicationName = $"archon listens on {channel}",
        };
        await using var listener = new NpgsqlConnection(settings.ConnectionString);
        await listener.OpenAsync(cancellationToken);
        listener.Notification += (_, notification) => onPayload(notification.Payload);
        await using (var listen = listener.CreateCommand())
        {
            listen.CommandText = $"LISTEN {new NpgsqlCommandBuilder().QuoteIdentifier(channel)}";
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }
        onPayload("");
        while (true)
            await listener.WaitAsync(cancellationToken);
    }
}
