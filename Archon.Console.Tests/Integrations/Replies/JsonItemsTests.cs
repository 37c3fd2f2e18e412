using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Archon.Integrations.Replies;
using Archon.Tests.Kit;
using Xunit;

namespace Archon.Tests.Integrations.Replies;

/// <summary>Lists are read item by item, however the reply is cut.</summary>
public sealed partial class JsonItemsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"status":"success","data":{"alerts":[{"a":"1"},{"a":"2"}]}}""")]
    [InlineData(
        """{ "data" : { "other" : [[{"x":"]}"}]] , "alerts" : [ {"a":"1"} , {"a":"2"} ] , "more" : 1.5e3 } , "status" : "success" }"""
    )]
    [InlineData(
        """{"infos":["a"],"status":"success","data":{"dropped":null,"n":12,"alerts":[{"a":"1","b":{"c":[1,2]}},{"a":"2"}]},"warnings":[]}"""
    )]
    public async Task Items_are_found_below_their_path_and_the_rest_is_passed_over(string reply)
    {
        foreach (var piece in (int[])[1, 3, int.MaxValue])
            Assert.Equal(["1", "2"], await ReadAsync(reply, ["data", "alerts"], piece));
    }

    [Theory]
    [InlineData("""{"status":"success","data":{"alerts":null}}""")]
    [InlineData("""{"status":"success","data":{"alerts":[]}}""")]
    [InlineData("""{"status":"success","data":{}}""")]
    public async Task A_list_that_is_left_out_is_empty(string reply) => Assert.Empty(await ReadAsync(reply, ["data", "alerts"]));

    [Fact]
    public async Task A_reply_that_is_a_list_is_read_without_a_path() => Assert.Equal(["1"], await ReadAsync("""[{"a":"1"}]""", []));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("<html>")]
    [InlineData("""{"status":"success"}""")]
    [InlineData("""{"status":"success","data":null}""")]
    [InlineData("""{"status":"error","error":"no","data":{"alerts":[]}}""")]
    [InlineData("""{"data":{"alerts":[]}}""")]
    [InlineData("""{"status":"success","data":{"alerts":[{"a":"1"},null]}}""")]
    [InlineData("""{"status":"success","data":{"alerts":[{"a":1}]}}""")]
    [InlineData("""{"status":"success","data":{"alerts":[{"a":"1"}""")]
    [InlineData("""{"status":"success","data":{"alerts":{"a":"1"}}}""")]
    public async Task What_has_another_form_is_refused(string reply) =>
        await Assert.ThrowsAsync<JsonException>(async () => await ReadAsync(reply, ["data", "alerts"]));

    [Fact]
    public async Task What_is_passed_over_may_be_longer_than_a_value_that_is_kept()
    {
        var options = new ReplyOptions { DocumentMegabytes = 1, ListMegabytes = 8 };
        var reply = $$$"""{"status":"success","data":{"dropped":["{{{new string('x', 3_000_000)}}}"],"alerts":[{"a":"1"}]}}""";

        Assert.Equal(["1"], await ReadAsync(reply, ["data", "alerts"], options: options));
    }

    private static async Task<List<string>> ReadAsync(string reply, string[] path, int piece = int.MaxValue, ReplyOptions? options = null)
    {
        using var body = new ReplyStream(
            new Pieces(reply, piece),
            new ReplyBudget(512 << 20),
            TestReplies.Limits(options, ReplyKind.List),
            length: null
        );
        return await JsonItems.ReadAsync(body, path, "alerts", ItemJson.Default.Item, item => item.A, null, Token);
    }

    internal sealed record Item(string A);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
    [JsonSerializable(typeof(Item))]
    internal sealed partial class ItemJson : JsonSerializerContext;

    private sealed class Pieces(string text, int piece) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
