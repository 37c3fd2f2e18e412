using System.Text;

namespace Archon.Tests.Fuzz;

/// <summary>Makes inputs of others. The same seed makes the same ones.</summary>
internal sealed class FuzzMutator(int seed, IReadOnlyList<byte[]> corpus)
{
    private const int Longest = 120_000;

    private static readonly byte[][] Words =
    [
        .. (
            (string[])
                [
                    "(",
                    ")",
                    "{",
                    "}",
                    "[",
                    "]",
                    "[5m]",
                    "[5m:1m]",
                    "{{",
                    "}}",
                    "{{ if . }}",
                    "{{ end }}",
                    "{{ range . }}",
                    "{{ else if . }}",
                    "$labels",
                    "| ",
                    "+",
                    "-",
                    "^",
                    " and ",
                    " or on () ",
                    " * on (a) group_left (b) ",
                    "=~",
                    "!~",
                    "\"",
                    "'",
                    "`",
                    "\\",
                    "\\x",
                    "\\u",
                    "sum by (a) (",
                    "rate(",
                    "up",
                    " offset ",
                    "@",
                    " bool ",
                    "&a ",
                    "*a",
                    "<<: ",
                    "- ",
                    ": ",
                    "\n",
                    "  ",
                    "? ",
                    "!!binary ",
                    "|\n",
                    ">-\n",
                    "%",
                    "#",
                    "---\n",
                    "...\n",
                    "{1000}",
                    "(?i)",
                    ".*",
                    "[^a]",
                    "\\p{L}",
                    "now-",
                    "/d",
                    "9223372036854775807",
                    "-1",
                    "1e309",
                    "NaN",
                    "Inf",
                    "0x",
                    "\0",
                    "\u202e",
                    "\ud83d\ude00",
                    "\u00df",
                    "null",
                    "true",
                    ",",
                    "\"values\":[[1,\"1\"]]",
                ]
        ).Select(Encoding.UTF8.GetBytes),
    ];

    private readonly Random random = new(seed);

    public byte[] Next()
    {
        var input = new List<byte>(corpus[random.Next(corpus.Count)]);
        for (var changes = 1 + random.Next(6); changes > 0; changes--)
            Change(input);
        return [.. input.Take(Longest)];
    }

    private void Change(List<byte> input)
    {
        var at = random.Next(input.Count + 1);
        var length = Math.Min(input.Count - at, 1 + random.Next(1 << random.Next(12)));
        switch (random.Next(9))
        {
            case 0 when input.Count > 0:
                input[Math.Min(at, input.Count - 1)] = (byte)random.Next(256);
                break;
            case 1:
                input.RemoveRange(at, length);
                break;
            case 2:
                input.InsertRange(random.Next(input.Count + 1), input.GetRange(at, length));
                break;
            case 3:
                input.InsertRange(at, Repeated(input.GetRange(at, Math.Min(length, 40))));
                break;
            case 4:
                input.InsertRange(at, Repeated(Words[random.Next(Words.Length)]));
                break;
            case 5:
                // Around a part, as brackets and blocks are.
                var times = 1 + random.Next(1 << random.Next(11));
                var (open, close) = (Words[random.Next(Words.Length)], Words[random.Next(Words.Length)]);
                if (times * (open.Length + close.Length) > Longest)
                    break;
                input.InsertRange(at + length, Times(close, times));
                input.InsertRange(at, Times(open, times));
                break;
            case 6:
                var other = corpus[random.Next(corpus.Count)];
                var from = random.Next(other.Length + 1);
                input.InsertRange(at, other.AsSpan(from, random.Next(other.Length - from + 1)).ToArray());
                break;
            case 7:
                input.RemoveRange(at, input.Count - at);
                break;
            default:
                input.InsertRange(at, Words[random.Next(Words.Length)]);
                break;
        }
        if (input.Count > Longest)
            input.RemoveRange(Longest, input.Count - Longest);
    }

    private byte[] Repeated(IReadOnlyList<byte> part) =>
        part.Count == 0 ? [] : Times(part, 1 + random.Next(Math.Max(1, Math.Min(Longest / part.Count, 1 << random.Next(15)))));

    private static byte[] Times(IReadOnlyList<byte> part, int times) => [.. Enumerable.Range(0, times).SelectMany(_ => part)];
}
