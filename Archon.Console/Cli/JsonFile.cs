using System.Text.Encodings.Web;
using System.Text.Json;

namespace Archon.Cli;

/// <summary>JSON as the tools read and write it.</summary>
internal static class JsonFile
{
    /// <summary>For lines that people and scripts read: no escapes but those JSON itself asks for.</summary>
    public static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="BadInputException">It cannot be read or is no JSON; the message names the line.</exception>
    public static JsonElement Read(string file)
    {
        try
        {
            using var stream = Files.OpenRead(file);
            using var json = JsonDocument.Parse(stream);
            return json.RootElement.Clone();
        }
        catch (JsonException failure)
        {
            throw new BadInputException(file, (failure.LineNumber ?? 0) + 1, "This is no JSON.");
        }
        catch (InvalidDataException failure)
        {
            throw new BadInputException($"{Files.NameOf(file)} cannot be read: {failure.Message}");
        }
    }

    /// <exception cref="FormatException">There is no such text.</exception>
    public static string Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"\"{name}\" is missing or is no text.");

    /// <summary>A number of seconds.</summary>
    /// <exception cref="FormatException">There is no such number.</exception>
    public static long Milliseconds(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object
        && json.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && Math.Abs(value.GetDouble()) < 1e13
            ? (long)Math.Round(value.GetDouble() * 1000)
            : throw new FormatException($"\"{name}\" is missing or is no number of seconds.");
}
