using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Archon.Tests.Kit;

/// <summary>Replies without an end, which a broken or hostile server may send.</summary>
internal static class HostileUpstream
{
    private const int Piece = 64 * 1024;

    /// <summary>Begins with a text, then goes on with another until the reader leaves.</summary>
    public static Task<FakeUpstream> EndlessAsync(string beginning, string repeated) =>
        FakeUpstream.StartAsync(context => WriteEndlesslyAsync(context, beginning, repeated));

    public static async Task WriteEndlesslyAsync(HttpContext context, string beginning, string repeated)
    {
        context.Response.ContentType = "application/json";
        var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(repeated, Math.Max(1, Piece / repeated.Length))));
        try
        {
            await context.Response.WriteAsync(beginning, context.RequestAborted);
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The reader left.
        }
    }

    /// <summary>A few kilobytes that unpack to <paramref name="megabytes"/> of the same text.</summary>
    public static async Task<FakeUpstream> PackedAsync(string beginning, string repeated, int megabytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(beginning));
            var piece = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(repeated, (1 << 20) / repeated.Length)));
            for (var i = 0; i < megabytes; i++)
                gzip.Write(piece);
        }
        var body = packed.ToArray();
        return await FakeUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = "gzip";
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        });
    }

    /// <summary>Sends one space at a time.</summary>
    public static Task<FakeUpstream> DrippingAsync(TimeSpan pause) =>
        FakeUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            try
            {
                while (true)
                {
                    await context.Response.WriteAsync(" ", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                    await Task.Delay(pause, context.RequestAborted);
                }
            }
            catch (OperationCanceledException)
            {
                // The reader left.
            }
        });

    /// <summary>Sends headers without an end. Kestrel would not.</summary>
    public static EndlessHeaders Headers() => new();

    internal sealed class EndlessHeaders : IAsyncDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource stop = new();
        private readonly Task serving;

        public EndlessHeaders()
        {
            listener.Start();
            serving = ServeAsync();
        }

        public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(stop.Token);
                    try
                    {
                        await using var stream = client.GetStream();
                        await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), stop.Token);
                        for (var i = 0; ; i++)
                            await stream.WriteAsync(Encoding.ASCII.GetBytes($"X-Header-{i}: {new string('x', 1000)}\r\n"), stop.Token);
                    }
                    catch (IOException)
                    {
                        // The reader left.
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // The test ends.
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (stop.IsCancellationRequested)
                return;
            await stop.CancelAsync();
            await serving;
            listener.Dispose();
            stop.Dispose();
        }
    }
}
