using Archon.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Xunit;

namespace Archon.Tests.Hosting;

public sealed class LogFormatterTests
{
    private const string Forged = "shop\r\nfail: Archon.Access[0]\n      Somebody else did it \u001b[2J\u202E";

    [Fact]
    public void A_value_makes_no_line_of_its_own_and_reaches_no_terminal()
    {
        var lines = Write(LogLevel.Information, $"Service {Forged} was seen", null);

        Assert.Equal(
            [
                "info: Archon.Features.Services[7]",
                @"      Service shop\r\nfail: Archon.Access[0]\n      Somebody else did it \x1b[2J\u202E was seen",
                "",
            ],
            lines
        );
    }

    [Fact]
    public void Nor_does_the_message_of_an_exception_or_of_its_cause()
    {
        var lines = Write(LogLevel.Error, "Failed", Thrown());

        Assert.Equal("fail: Archon.Features.Services[7]", lines[0]);
        Assert.All(lines[1..^1], line => Assert.StartsWith("      ", line, StringComparison.Ordinal));
        Assert.Equal(2, lines.Count(line => line.Contains(@"shop\r\nfail: Archon.Access[0]", StringComparison.Ordinal)));
        Assert.Contains(lines, line => line.Contains(nameof(Thrown), StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Any(letter => char.IsControl(letter) || letter == '\u202E'));
    }

    [Fact]
    public void The_console_writes_its_log_in_this_form()
    {
        var builder = Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder();
        builder.AddArchonHosting();
        using var services = builder.Services.BuildServiceProvider();

        Assert.Equal(
            LogFormatter.FormatterName,
            services.GetRequiredService<Microsoft.Extensions.Options.IOptions<ConsoleLoggerOptions>>().Value.FormatterName
        );
        Assert.Contains(services.GetServices<ConsoleFormatter>(), formatter => formatter is LogFormatter);
    }

    private static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException(Forged, new IOException(Forged));
        }
        catch (InvalidOperationException failure)
        {
            return failure;
        }
    }

    private static string[] Write(LogLevel level, string message, Exception? failure)
    {
        var services = new ServiceCollection()
            .AddSingleton(TimeProvider.System)
            .AddLogging(logging => logging.AddConsole().AddConsoleFormatter<LogFormatter, ConsoleFormatterOptions>());
        using var provider = services.BuildServiceProvider();
        using var text = new StringWriter();
        provider
            .GetServices<ConsoleFormatter>()
            .Single(one => one is LogFormatter)
            .Write(
                new LogEntry<string>(level, "Archon.Features.Services", new EventId(7), message, failure, (state, _) => state),
                null,
                text
            );
        return text.ToString().Split('\n');
    }
}
