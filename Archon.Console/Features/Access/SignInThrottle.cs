using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Archon.Features.Access;

/// <summary>
/// Slows down the guessing of passwords: each wrong one from an address, and for a name from an address, makes the next attempt wait
/// longer. No name is ever closed to other addresses, so nobody can lock somebody else out. A browser that signed in before has a count of
/// its own.
/// </summary>
internal sealed class SignInThrottle(IOptions<AccessOptions> options, TimeProvider clock)
{
    /// <summary>Those that were used last are kept; an attacker chooses names and may have many addresses.</summary>
    internal const int Capacity = 20_000;

    internal static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(5);
    private const int WrongPerName = 5;
    private const int WrongPerDevice = 10;
    private static readonly TimeSpan LongestForAddress = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestForName = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromHours(1);

    private readonly Lock gate = new();
    private readonly Dictionary<UInt128, LinkedListNode<Count>> counts = [];
    private readonly LinkedList<Count> byUse = []; // the last used first

    internal int Size
    {
        get
        {
            lock (gate)
            {
                return counts.Count;
            }
        }
    }

    /// <summary>Counts an attempt as wrong until it is reported as right: many at once must not all pass before the first is judged.</summary>
    /// <param name="device">The browser, where it is known to have signed in with this name before.</param>
    /// <returns>How long to wait before the password may be tried; null for now.</returns>
    public TimeSpan? Begin(IPAddress? address, string name, string? device)
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            var rules = Rules(address, name, device);
            var wait = rules.Select(rule => WaitOf(rule.Key, now)).Max();
            if (wait > TimeSpan.Zero)
                return wait;
            foreach (var rule in rules)
                CountWrong(rule, now);
            return null;
        }
    }

    /// <summary>The password was right: what was counted for the name is forgotten, and for the address this attempt.</summary>
    public void Succeeded(IPAddress? address, string name, string? device)
    {
        lock (gate)
        {
            foreach (var rule in Rules(address, name, device))
            {
                if (!counts.TryGetValue(rule.Key, out var found))
                    continue;
                // An attacker with a user of their own would else begin anew with each sign-in.
                if (!rule.IsOfAddress || found.Value.Wrong == 1)
                    Remove(found);
                else
                    found.Value = found.Value with { Wrong = found.Value.Wrong - 1, NotBefore = DateTimeOffset.MinValue };
            }
        }
    }

    private Rule[] Rules(IPAddress? address, string name, string? device)
    {
        if (device is not null)
            return [new Rule(KeyOf($"device {device} {name}"), WrongPerDevice, LongestForName, IsOfAddress: false)];
        var from = Network(address);
        return
        [
            new Rule(KeyOf($"address {from}"), options.Value.WrongPasswordsPerAddress, LongestForAddress, IsOfAddress: true),
            new Rule(KeyOf($"name {from} {name}"), WrongPerName, LongestForName, IsOfAddress: false),
        ];
    }

    private TimeSpan WaitOf(UInt128 key, DateTimeOffset now) =>
        counts.TryGetValue(key, out var found) && found.Value.NotBefore > now ? found.Value.NotBefore - now : TimeSpan.Zero;

    private void CountWrong(Rule rule, DateTimeOffset now)
    {
        var wrong = 1;
        if (counts.TryGetValue(rule.Key, out var before))
        {
            if (now - before.Value.At < ForgottenAfter)
                wrong = before.Value.Wrong + 1;
            Remove(before);
        }
        var wait = FirstWait * Math.Pow(2, Math.Clamp(wrong - rule.Free, 0, 16));
        var notBefore = wrong < rule.Free ? DateTimeOffset.MinValue : now + (wait < rule.Longest ? wait : rule.Longest);
        counts[rule.Key] = byUse.AddFirst(new Count(rule.Key, wrong, now, notBefore));
        if (counts.Count > Capacity)
            Remove(byUse.Last!);
    }

    private void Remove(LinkedListNode<Count> count)
    {
        byUse.Remove(count);
        counts.Remove(count.Value.Key);
    }

    /// <summary>Who has one IPv6 address has all that begin with the same 64 bits.</summary>
    private static string Network(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        if (address is { AddressFamily: AddressFamily.InterNetworkV6 })
            return Convert.ToHexString(address.GetAddressBytes(), 0, 8);
        return address?.ToString() ?? "";
    }

    // Names are as long as people make them; a hash is not.
    private static UInt128 KeyOf(string words) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(words)));

    private sealed record Rule(UInt128 Key, int Free, TimeSpan Longest, bool IsOfAddress);

    private readonly record struct Count(UInt128 Key, int Wrong, DateTimeOffset At, DateTimeOffset NotBefore);
}
