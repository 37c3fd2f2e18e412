using Archon.Data.Access;
using Archon.Features.Access;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Archon.Hosting;

public static class HostingSetup
{
    /// <summary>What every feature stands on: headers, compression, jobs, telemetry, health.</summary>
    public static WebApplicationBuilder AddArchonHosting(this WebApplicationBuilder builder)
    {
        // In a build, as opposed to a published folder, the files of wwwroot and of packages lie where they were written.
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddHttpContextAccessor();
        services.AddProblemDetails();
        // Unless the settings name another form, such as json.
        builder.Logging.AddConsoleFormatter<LogFormatter, ConsoleFormatterOptions>();
        services.PostConfigure<ConsoleLoggerOptions>(console => console.FormatterName ??= LogFormatter.FormatterName);
        services.AddAntiforgery(options =>
        {
            options.Cookie.Name = "archon.form";
            options.Cookie.SameSite = SameSiteMode.Strict;
            options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        services.AddHsts(options => options.MaxAge = TimeSpan.FromDays(365));
        // Pages carry no secret that an attacker could guess byte by byte while choosing another part of the page: BREACH needs both.
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true;
            options.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "application/problem+json", "image/svg+xml"];
        });
        services.AddHostedService<UpstreamProbe>();
        services.AddHostedService<MemoryRelease>();
        // Services of ours are supervised and let nothing through; one of a library must not end the process either.
        services.Configure<HostOptions>(options => options.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.Ignore);
        builder.AddJobs();
        builder.AddTelemetry();
        return builder;
    }

    public static WebApplication UseArchonHosting(this WebApplication app)
    {
        app.UseForwardedHeaders();
        if (!app.Environment.IsDevelopment())
            app.UseHsts();
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<AddressCheck>();
        app.UseResponseCompression();
        app.UseWhen(ProblemReplies.IsForPerson, people => people.UseExceptionHandler(Failures(path: "/failed")));
        app.UseWhen(
            context => !ProblemReplies.IsForPerson(context),
            programs =>
                programs.UseExceptionHandler(Failures(handler: ProblemReplies.WriteAsync)).UseStatusCodePages(ProblemReplies.WriteAsync)
        );
        app.UseMiddleware<DatabaseAwayPage>();
        // Only for people: what refuses a script, or a form that was sent, must not be run again as a page, which would refuse in its own way.
        app.UseWhen(
            context => HttpMethods.IsGet(context.Request.Method) && ProblemReplies.IsForPerson(context),
            people => people.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true)
        );
        app.UseRouting();
        app.UseRateLimiter();
        app.UseAuthentication();
        app.UseMiddleware<TokenScopeGuard>();
        app.UseMiddleware<CredentialGuard>();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapJobs();
        app.MapTelemetry();
        return app;
    }

    private static ExceptionHandlerOptions Failures(string? path = null, RequestDelegate? handler = null) =>
        new()
        {
            ExceptionHandlingPath = path,
            ExceptionHandler = handler,
            CreateScopeForErrors = path is not null,
            // A request that cannot be read, such as a form without its anti-forgery token, is no failure of ours.
            StatusCodeSelector = failure =>
                failure switch
                {
                    BadHttpRequestException bad => bad.StatusCode,
                    PermissionDeniedException => StatusCodes.Status403Forbidden,
                    _ => StatusCodes.Status500InternalServerError,
                },
        };

    /// <summary>Runs until it is told to stop.</summary>
    /// <returns>The exit code: 0; 2 when a setting is wrong; 3 when the port is taken.</returns>
    public static async Task<int> RunOrExplainAsync(this WebApplication app)
    {
        try
        {
            // Before anything starts, and all at once: whoever mends one fault wants to know the others too.
            app.Services.GetService<IStartupValidator>()?.Validate();
            await app.RunAsync();
            return 0;
        }
        catch (Exception failure) when (WrongSettings(failure) is { Count: > 0 } faults)
        {
            await System.Console.Error.WriteLineAsync($"Archon cannot start with these settings:\n  {string.Join("\n  ", faults)}");
            return 2;
        }
        catch (IOException failure) when (failure.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await System.Console.Error.WriteLineAsync(
                $"Archon cannot listen: {failure.Message} Stop the program that listens there (ss -ltnp names it), or choose another port with --urls http://localhost:8182."
            );
            return 3;
        }
    }

    /// <summary>What is wrong, in words; empty for any other failure.</summary>
    private static IReadOnlyList<string> WrongSettings(Exception failure) =>
        failure switch
        {
            OptionsValidationException invalid => [.. invalid.Failures],
            AggregateException several when several.InnerExceptions.All(one => WrongSettings(one).Count > 0) =>
            [
                .. several.InnerExceptions.SelectMany(WrongSettings).Distinct(),
            ],
            // A text where a number or a length of time belongs.
            InvalidOperationException { InnerException: FormatException or ArgumentException } unreadable => [unreadable.Message],
            FormatException address => [$"Urls: {address.Message}"],
            _ => [],
        };
}
