using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Archon.Integrations.Replies;

/// <summary>Reads a list of a reply item by item, so that only one item lies in memory as text.</summary>
internal static class JsonItems
{
    /// <param name="path">
    /// The members that lead to the list; empty where the reply is the list itself. With members the reply is one of Prometheus' kind, with a
    /// <c>status</c>.
    /// </param>
    /// <param name="what">What is listed, in the plural, for the words of a limit: <c>alerts</c>.</param>
    /// <param name="weight">How many an item counts for, such as the rules of a group; null: each is one.</param>
    /// <exception cref="JsonException">The reply has another form, or ends in its middle.</exception>
    /// <exception cref="ReplyTooLargeException">It exceeds one of its limits.</exception>
    public static async ValueTask<List<TValue>> ReadAsync<TItem, TValue>(
        ReplyStream body,
        string[] path,
        string what,
        JsonTypeInfo<TItem> type,
        Func<TItem, TValue> map,
        Func<TValue, int>? weight,
        CancellationToken cancellationToken
    )
    {
        using var json = new JsonStreamReader(body, body.Limits);
        var values = new List<TValue>();
        var count = 0;
        string? status = null;
        if (!await WalkAsync(0) || (path.Length > 0 && status != "success"))
            throw new JsonException("The reply has no data.");
        return values;

        async ValueTask<bool> WalkAsync(int depth)
        {
            if (depth == path.Length)
                return await ListAsync();
            var isFound = false;
            if (await json.PeekAsync(cancellationToken) == 'n')
            {
                await json.SkipAsync(cancellationToken);
                return false;
            }
            await json.ExpectAsync((byte)'{', cancellationToken);
            while (await json.NextNameAsync(cancellationToken) is { } name)
            {
                if (name == path[depth])
                    isFound |= await WalkAsync(depth + 1);
                else if (depth == 0 && name == "status")
                    status = await json.StringAsync(cancellationToken);
                else
                    await json.SkipAsync(cancellationToken);
            }
            // Servers leave out a list within the data that would be empty.
            return isFound || depth > 0;
        }

        async ValueTask<bool> ListAsync()
        {
            if (await json.PeekAsync(cancellationToken) == 'n')
            {
                await json.SkipAsync(cancellationToken);
                return path.Length > 1;
            }
            await json.ExpectAsync((byte)'[', cancellationToken);
            while (await json.NextItemAsync(cancellationToken))
            {
                var item =
                    JsonSerializer.Deserialize((await json.RawAsync(cancellationToken)).Span, type)
                    ?? throw new JsonException("An item of the list is null.");
                var value = map(item);
                body.Limits.CheckCount(count += weight?.Invoke(value) ?? 1, what);
                values.Add(value);
            }
            return true;
        }
    }
}
