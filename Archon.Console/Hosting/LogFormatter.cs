using System.Globalization;
using Archon.Ui.Format;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Archon.Hosting;

/// <summary>
/// Writes the log as .NET's simple console does, one line for the category and one for the message, but escapes control characters: text from
/// outside can neither look like another entry nor colour the terminal.
/// </summary>
internal sealed class LogFormatter(IOptionsMonitor<ConsoleFormatterOptions> options, TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "archon";
    private const string Indent = "      ";

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        if (logEntry.Exception is null && message is null)
            return;
        var settings = options.CurrentValue;
        if (settings.TimestampFormat is { } format)
        {
            var now = settings.UseUtcTimestamp ? clock.GetUtcNow() : clock.GetLocalNow();
            textWriter.Write(now.ToString(format, CultureInfo.InvariantCulture));
        }
        textWriter.Write(
            $"{Level(logEntry.LogLevel)}: {Outside.Text(logEntry.Category)}[{logEntry.EventId.Id.ToString(CultureInfo.InvariantCulture)}]\n"
        );
        if (settings.IncludeScopes)
        {
            scopeProvider?.ForEachScope((scope, writer) => writer.Write($"{Indent}=> {Outside.Text(scope?.ToString())}\n"), textWriter);
        }
        if (!string.IsNullOrEmpty(message))
            textWriter.Write($"{Indent}{Outside.Text(message)}\n");
        if (logEntry.Exception is { } failure)
            Write(failure, textWriter, Indent);
    }

    /// <summary>As <see cref="Exception.ToString"/> lays it out. Only the message is somebody else's text; where it failed is ours, in
    /// lines.</summary>
    private static void Write(Exception failure, TextWriter textWriter, string indent)
    {
        textWriter.Write($"{indent}{failure.GetType()}: {Outside.Text(failure.Message)}\n");
        IEnumerable<Exception> inner =
            failure is AggregateException several ? several.InnerExceptions
            : failure.InnerException is { } one ? [one]
            : [];
        foreach (var cause in inner)
            Write(cause, textWriter, $"{indent} ---> ");
        foreach (var line in (failure.StackTrace ?? "").AsSpan().EnumerateLines())
        {
            if (!line.IsEmpty)
                textWriter.Write($"{Indent}{Outside.Text(line.ToString())}\n");
        }
    }

    private static string Level(LogLevel level) =>
        level switch
        {
            LogLevel.Trace => "trce",
            LogLevel.Debug => "dbug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warn",
            LogLevel.Error => "fail",
            _ => "crit",
        };
}
