using Npgsql;

namespace Archon.Data;

/// <summary>Words between consoles on one database, by PostgreSQL's LISTEN and NOTIFY.</summary>
public sealed class ArchonNotifications(ArchonConnection connection)
{
    // A listener only ever reads: without keep-alive it would wait for ever on a server that vanished without a word.
    private const int KeepAliveSeconds = 15;

    /// <summary>Listens on some channels, by one connection, until cancelled.</summary>
    /// <param name="onPayload">
    /// Called for each channel with an empty payload once the server listens, since nobody knows what was said before, then with the channel and the payload
    /// of each notification in order.
    /// </param>
    /// <exception cref="System.Data.Common.DbException">The connection broke, or could not be made.</exception>
    public async Task ListenAsync(
        IReadOnlyCollection<string> channels,
        Action<string, string> onPayload,
        CancellationToken cancellationToken
    )
    {
        var settings = new NpgsqlConnectionStringBuilder(connection.ConnectionString)
        {
            KeepAlive = KeepAliveSeconds,
            Pooling = false,
            ApplicationName = "archon listens",
        };
        await using var listener = new NpgsqlConnection(settings.ConnectionString);
        await listener.OpenAsync(cancellationToken);
        listener.Notification += (_, notification) => onPayload(notification.Channel, notification.Payload);
        await using (var listen = listener.CreateCommand())
        {
            using var quoting = new NpgsqlCommandBuilder();
            listen.CommandText = string.Join("; ", channels.Select(channel => $"LISTEN {quoting.QuoteIdentifier(channel)}"));
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }
        foreach (var channel in channels)
            onPayload(channel, "");
        while (true)
            await listener.WaitAsync(cancellationToken);
    }
}
