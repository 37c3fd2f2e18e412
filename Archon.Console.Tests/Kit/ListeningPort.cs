using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Archon.Tests.Kit;

/// <summary>The port that a program chose when it was told to listen at port 0. A port that a test chose for it may be taken meanwhile.</summary>
internal static class ListeningPort
{
    private const string Listening = "0A";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the program listens at a TCP port.</summary>
    /// <exception cref="InvalidOperationException">It ended, or takes too long.</exception>
    public static async Task<int> OfAsync(Process process, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(began) < Waits.Limit)
        {
            if (Find(process.Id) is { } port)
                return port;
            await Task.Delay(Pause, cancellationToken);
        }
        throw new InvalidOperationException("The program ended before it listened at a port, or took too long.");
    }

    /// <summary>A port that was free a moment ago, for a program that cannot choose one: it is started again where the port is taken.</summary>
    public static int Choose()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>By proc(5): sockets of the process among those of the system that listen.</summary>
    private static int? Find(int pid)
    {
        var sockets = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            foreach (var file in Directory.EnumerateFiles($"/proc/{pid}/fd"))
            {
                if (new FileInfo(file).LinkTarget is { } target && target.StartsWith("socket:[", StringComparison.Ordinal))
                    sockets.Add(target[8..^1]);
            }
        }
        catch (IOException)
        {
            return null; // it ended meanwhile
        }
        foreach (var table in (string[])["tcp", "tcp6"])
        {
            foreach (var line in File.ReadLines($"/proc/net/{table}").Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields[3] == Listening && sockets.Contains(fields[9]))
                    return int.Parse(
                        fields[1].AsSpan(fields[1].LastIndexOf(':') + 1),
                        NumberStyles.HexNumber,
                        CultureInfo.InvariantCulture
                    );
            }
        }
        return null;
    }
}
