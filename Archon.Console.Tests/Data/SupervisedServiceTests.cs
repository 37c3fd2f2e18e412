using System.Diagnostics.Metrics;
using Archon.Data.Background;
using Archon.Tests.Kit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Archon.Tests.Data;

/// <summary>A background service that fails starts again, is known as failed until it recovers, and never ends the process.</summary>
public sealed class SupervisedServiceTests
{
    private const string Name = "Test service";
    private readonly FakeTimeProvider clock = new(new DateTimeOffset(2026, 11, 30, 7, 0, 0, TimeSpan.Zero));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    internal static Supervision Supervision() => new(States(), TimeProvider.System, NullLoggerFactory.Instance);

    private static BackgroundServiceStates States() =>
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    [Fact]
    public async Task A_failure_of_any_kind_leaves_the_host_running()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton<BackgroundServiceStates>().AddSingleton<TimeProvider>(clock);
        builder.Services.AddHostedService(provider => new TestService(
            provider.GetRequiredService<BackgroundServiceStates>(),
            clock,
            [_ => Task.FromResult(new byte[(long)int.MaxValue])]
        ));
        using var host = builder.Build();
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var states = host.Services.GetRequiredService<BackgroundServiceStates>();

        await host.StartAsync(Token);
        await Waits.UntilAsync(() => states.Current is [{ Failure: not null }]);

        Assert.False(lifetime.ApplicationStopping.IsCancellationRequested);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task It_starts_again_after_pauses_that_double_up_to_a_minute()
    {
        var states = States();
        using var service = new TestService(
            states,
            clock,
            [.. Enumerable.Repeat<Func<TestService, Task>>(_ => throw new IOException("no disk"), 9)]
        );

        await service.StartAsync(Token);
        var pauses = new List<double>();
        for (var failures = 1; failures <= 9; failures++)
        {
            await Waits.UntilAsync(() => states.Current is [{ Failures: var known }] && known == failures);
            var pause = states.Current[0].Failure!.NextTryAt - clock.GetUtcNow();
            pauses.Add(pause.TotalSeconds);
            await AdvanceUntilAsync(pause, () => service.Runs > failures);
        }

        double[] longest = [1, 2, 4, 8, 16, 32, 60, 60, 60];
        Assert.All(pauses.Zip(longest), one => Assert.InRange(one.First, one.Second * 0.79, one.Second));
        await service.StopAsync(Token);
    }

    [Fact]
    public async Task It_counts_as_failed_with_the_first_time_and_the_newest_reason_until_it_reports_that_it_works()
    {
        var states = States();
        var began = clock.GetUtcNow();
        var works = new TaskCompletionSource();
        using var service = new TestService(
            states,
            clock,
            [
                _ => throw new IOException("first"),
                _ => throw new InvalidOperationException("second"),
                async one =>
                {
                    await works.Task;
                    one.Report();
                    await Task.Delay(Timeout.Infinite, one.Stopping);
                },
            ]
        );

        await service.StartAsync(Token);
        await Waits.UntilAsync(() => states.Current is [{ Failures: 1 }]);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => states.Current is [{ Failures: 2 }]);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(2), () => service.Runs == 3);
        var failed = states.Current[0];
        works.SetResult();
        await Waits.UntilAsync(() => states.Current[0].Failure is null);

        Assert.Equal((began, "InvalidOperationException: second"), (failed.Failure!.Since, failed.Failure.Reason));
        Assert.Equal(2, states.Current[0].Failures);
        await service.StopAsync(Token);
    }

    [Fact]
    public async Task A_run_of_half_a_minute_counts_as_recovered_and_the_next_pause_is_the_shortest_again()
    {
        var states = States();
        var breaks = new TaskCompletionSource();
        using var service = new TestService(
            states,
            clock,
            [
                _ => throw new IOException("first"),
                _ => throw new IOException("second"),
                async _ =>
                {
                    await breaks.Task;
                    throw new IOException("third");
                },
            ]
        );

        await service.StartAsync(Token);
        await Waits.UntilAsync(() => states.Current is [{ Failures: 1 }]);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => states.Current is [{ Failures: 2 }]);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(2), () => service.Runs == 3);
        await AdvanceUntilAsync(SupervisedService.HealthyAfter, () => states.Current[0].Failure is null);
        breaks.SetResult();
        await Waits.UntilAsync(() => states.Current[0].Failures == 3);

        Assert.InRange(states.Current[0].Failure!.NextTryAt - clock.GetUtcNow(), TimeSpan.Zero, SupervisedService.ShortestPause);
        await service.StopAsync(Token);
    }

    [Fact]
    public async Task Each_failure_is_logged_once_and_only_an_unexpected_one_with_its_stack_trace()
    {
        var states = States();
        using var log = new LogLines();
        using var service = new TestService(
            states,
            clock,
            [_ => throw new IOException("expected"), _ => throw new InvalidOperationException("a fault of ours")],
            log
        );

        await service.StartAsync(Token);
        await Waits.UntilAsync(() => states.Current is [{ Failures: 1 }]);
        await AdvanceUntilAsync(TimeSpan.FromSeconds(1), () => states.Current is [{ Failures: 2 }]);
        await service.StopAsync(Token);

        Assert.Collection(
            log.Lines,
            line => Assert.Matches(@"^Warning Test service failed and starts again in [0-9.]+ s: The disk said: expected$", line),
            line =>
                Assert.Matches(
                    @"^Error Test service failed and starts again in [0-9.]+ s: InvalidOperationException: a fault of ours with its stack trace$",
                    line
                )
        );
    }

    [Fact]
    public async Task Work_that_is_done_is_not_started_again()
    {
        var states = States();
        using var service = new TestService(states, clock, [_ => Task.CompletedTask]);

        await service.StartAsync(Token);
        await service.ExecuteTask!;

        Assert.True(states.Current[0].HasEnded);
        Assert.Equal(1, service.Runs);
    }

    [Fact]
    public async Task What_the_work_throws_while_the_console_stops_is_no_failure()
    {
        var states = States();
        using var service = new TestService(
            states,
            clock,
            [
                async one =>
                {
                    await Task.Delay(Timeout.Infinite, one.Stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    throw new IOException("closed");
                },
            ]
        );

        await service.StartAsync(Token);
        await Waits.UntilAsync(() => service.Runs == 1);
        await service.StopAsync(Token);

        Assert.True(service.ExecuteTask!.IsCompletedSuccessfully);
        Assert.Equal((0, false), (states.Current[0].Failures, states.Current[0].HasEnded));
    }

    [Fact]
    public async Task Metrics_count_failures_and_say_which_service_has_failed_now()
    {
        var states = States();
        using var service = new TestService(states, clock, [_ => throw new IOException("no disk")]);
        var measured = new Dictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("archon.background_service.", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) =>
            {
                foreach (var tag in tags)
                {
                    if (tag is { Key: "background_service", Value: Name })
                        measured[instrument.Name] = value;
                }
            }
        );
        listener.Start();

        await service.StartAsync(Token);
        await Waits.UntilAsync(() => states.Current is [{ Failures: 1 }]);
        listener.RecordObservableInstruments();

        Assert.Equal(1, measured["archon.background_service.failed"]);
        Assert.Equal(1, measured["archon.background_service.failures"]);
        await service.StopAsync(Token);
    }

    private async Task AdvanceUntilAsync(TimeSpan by, Func<bool> isSo)
    {
        // The pause begins a moment after the failure is known: what is advanced before that would be lost.
        await Waits.UntilAsync(async () =>
        {
            clock.Advance(by);
            for (var i = 0; i < 20 && !isSo(); i++)
                await Task.Delay(5, Token);
            return isSo();
        });
    }

    private sealed class TestService(
        BackgroundServiceStates states,
        TimeProvider clock,
        Func<TestService, Task>[] runs,
        ILoggerFactory? log = null
    ) : SupervisedService(Name, new Supervision(states, clock, log ?? NullLoggerFactory.Instance))
    {
        private int begun;

        public int Runs => Volatile.Read(ref begun);

        public CancellationToken Stopping { get; private set; }

        public void Report() => ReportHealthy();

        protected override string? Describe(Exception failure) =>
            failure is IOException ? $"The disk said: {failure.Message}" : base.Describe(failure);

        protected override Task RunAsync(CancellationToken stoppingToken)
        {
            Stopping = stoppingToken;
            var run = Interlocked.Increment(ref begun);
            return run <= runs.Length ? runs[run - 1](this) : Task.Delay(Timeout.Infinite, stoppingToken);
        }
    }

    private sealed class LogLines : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) { }

        public void Dispose() { }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => Lines.Add($"{logLevel} {formatter(state, exception)}{(exception is null ? "" : " with its stack trace")}");
    }
}
