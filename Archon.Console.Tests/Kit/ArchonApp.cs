using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Archon.Data.Access;
using Archon.Features.Access;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Archon.Tests.Kit;

/// <summary>The whole console in this process, on a port of its own, as <c>Program</c> puts it together.</summary>
/// <remarks>It works off no jobs unless told to (<c>Archon:Role</c>), and has no upstream but those named (<c>Prometheus:BaseAddress</c>).</remarks>
internal sealed partial class ArchonApp : IAsyncDisposable
{
    public const string AdminPassword = "a good long password";

    private readonly Factory factory;
    private readonly string folder;
    private readonly ConcurrentBag<HttpClient> clients = [];
    private readonly ConcurrentBag<Func<Task>> endings = [];

    private ArchonApp(Factory factory, string folder) => (this.factory, this.folder) = (factory, folder);

    /// <summary>Such as http://127.0.0.1:40123/.</summary>
    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => factory.Services;

    /// <summary>Where this console keeps its own files.</summary>
    public string Folder => folder;

    /// <summary>Warnings and worse, each with its exception.</summary>
    public IEnumerable<string> Log => factory.Log;

    /// <summary>Errors and worse, but for the one that nothing was scanned: a console that works off no jobs says so after a while.</summary>
    public IEnumerable<string> Errors =>
        Log.Where(line =>
            (line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal))
            && !line.Contains("Scans stopped", StringComparison.Ordinal)
        );

    /// <summary>Starts it on a database and waits until someone can sign in.</summary>
    /// <param name="settings">In place of those above; null takes one back.</param>
    public static async Task<ArchonApp> StartAsync(TestDatabase database, params (string Name, string? Value)[] settings)
    {
        var app = await StartAsync(database.ConnectionString, settings);
        try
        {
            await app.WaitForFirstAdminAsync(database);
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it without waiting for its database, which may be away.</summary>
    public static async Task<ArchonApp> StartAsync(string connectionString, params (string Name, string? Value)[] settings)
    {
        var folder = Directory.CreateTempSubdirectory("archon-app-").FullName;
        var all = new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["ConnectionStrings:Archon"] = connectionString,
            ["Archon:Database:Folder"] = folder,
            ["Archon:Access:AdminPassword"] = AdminPassword,
            ["Archon:Access:WrongPasswordsPerAddress"] = "10000",
            ["Archon:Access:TrialMode"] = "true", // as ./archon up starts it
            ["Archon:Role"] = "Web",
            ["Prometheus:BaseAddress"] = "",
            ["Alertmanager:BaseAddress"] = "",
            ["Loki:BaseAddress"] = "",
        };
        foreach (var (name, value) in settings)
        {
            if (value is null)
                all.Remove(name);
            else
                all[name] = value;
        }
        var factory = new Factory(all);
        factory.UseKestrel();
        // It starts on this thread, and blocks it.
        await Task.Run(factory.StartServer);
        var addresses = factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new ArchonApp(factory, folder) { Address = new Uri(addresses.First()) };
    }

    /// <summary>Waits until someone can sign in, where the database came later than the console.</summary>
    public async Task WaitUntilUsableAsync(Microsoft.EntityFrameworkCore.IDbContextFactory<Archon.Data.ArchonDbContext> contexts)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Waits.Limit);
        await Services.GetRequiredService<Archon.Data.ArchonDatabase>().WhenReadyAsync(limit.Token);
        while (true)
        {
            await using (var db = await contexts.CreateDbContextAsync(limit.Token))
            {
                if (await db.Set<ArchonUser>().AnyAsync(limit.Token))
                    return;
            }
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>A browser without cookies that follows no redirect. <paramref name="accept"/> tells pages from data.</summary>
    /// <param name="cookies">Where it keeps its cookies, if somebody wants them.</param>
    public HttpClient NewClient(string? accept = "text/html", CookieContainer? cookies = null)
    {
        // Owned by the console of the test, which ends with it.
        var client = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies ?? new CookieContainer() }
        )
        {
            BaseAddress = Address,
            Timeout = Waits.Limit,
        };
        if (accept is not null)
            client.DefaultRequestHeaders.Accept.ParseAdd(accept);
        clients.Add(client);
        return client;
    }

    /// <summary>A browser that has signed in.</summary>
    public async Task<HttpClient> SignInAsync(
        string user = FirstAdmin.UserName,
        string password = AdminPassword,
        CookieContainer? cookies = null
    )
    {
        var client = NewClient(cookies: cookies);
        using var reply = await PostSignInAsync(client, user, password);
        Assert.Equal(HttpStatusCode.Redirect, reply.StatusCode);
        return client;
    }

    /// <summary>Fills in the sign-in form as a person does.</summary>
    public static async Task<HttpResponseMessage> PostSignInAsync(HttpClient client, string user, string password, string? returnUrl = null)
    {
        var page = new Uri(returnUrl is null ? "sign-in" : $"sign-in?return={Uri.EscapeDataString(returnUrl)}", UriKind.Relative);
        var form = HiddenFields(await client.GetStringAsync(page, TestContext.Current.CancellationToken));
        form["Input.Name"] = user;
        form["Input.Password"] = password;
        using var content = new FormUrlEncodedContent(form);
        return await client.PostAsync(page, content, TestContext.Current.CancellationToken);
    }

    /// <summary>What a form carries unseen: its name and its anti-forgery token.</summary>
    public static Dictionary<string, string> HiddenFields(string html) =>
        HiddenField()
            .Matches(html)
            .Select(field => (Name: NameOf().Match(field.Value).Groups[1].Value, Value: ValueOf().Match(field.Value).Groups[1].Value))
            .DistinctBy(field => field.Name)
            .ToDictionary(field => WebUtility.HtmlDecode(field.Name), field => WebUtility.HtmlDecode(field.Value));

    /// <summary>Makes a user of a role, named like it, and signs in as them.</summary>
    public async Task<HttpClient> SignInAsRoleAsync(string role)
    {
        var made = await Services
            .GetRequiredService<AccessCommands>()
            .CreateUserAsync(role + ".user", AdminPassword, role, TestActor.Admin, TestContext.Current.CancellationToken);
        Assert.IsType<AccessResult.Done>(made);
        return await SignInAsync(role + ".user");
    }

    /// <summary>A program that carries an API token of the first administrator's.</summary>
    public async Task<HttpClient> WithTokenAsync(string role, params string[] scopes)
    {
        var made = await Services
            .GetRequiredService<AccessCommands>()
            .CreateTokenAsync(
                "test " + role,
                role,
                scopes,
                TimeSpan.FromDays(1),
                await this.ActorAsync(FirstAdmin.UserName),
                TestContext.Current.CancellationToken
            );
        var client = NewClient(accept: null);
        client.DefaultRequestHeaders.Authorization = new("Bearer", Assert.IsType<AccessResult.TokenMade>(made).Token);
        return client;
    }

    /// <summary>Adds what is done before the console ends.</summary>
    public void WhenEnding(Func<Task> ending) => endings.Add(ending);

    public async ValueTask DisposeAsync()
    {
        foreach (var ending in endings)
            await ending();
        await StopAsync();
    }

    /// <summary>Ends the console under the pages that are open.</summary>
    public async Task StopAsync()
    {
        foreach (var client in clients)
            client.Dispose();
        // Hangfire logs through a static, which must not lead to what is gone: whichever test asks it next would fail.
        Hangfire.Logging.LogProvider.SetCurrentLogProvider(null);
        await factory.DisposeAsync();
        Hangfire.Logging.LogProvider.SetCurrentLogProvider(null);
        Directory.Delete(folder, recursive: true);
    }

    private async Task WaitForFirstAdminAsync(TestDatabase database)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Waits.Limit);
        while (true)
        {
            await using (var db = await database.Contexts.CreateDbContextAsync(limit.Token))
            {
                if (await db.Set<ArchonUser>().AnyAsync(limit.Token) && Services.GetRequiredService<Archon.Data.ArchonDatabase>().IsReady)
                    return;
            }
            await Task.Delay(20, limit.Token);
        }
    }

    [GeneratedRegex("<input[^>]*type=\"hidden\"[^>]*>")]
    private static partial Regex HiddenField();

    [GeneratedRegex("\\bname=\"([^\"]*)\"")]
    private static partial Regex NameOf();

    [GeneratedRegex("\\bvalue=\"([^\"]*)\"")]
    private static partial Regex ValueOf();

    private sealed class Factory(IReadOnlyDictionary<string, string?> settings) : WebApplicationFactory<Program>
    {
        private readonly LogKeeper log = new();

        public IEnumerable<string> Log => log.Lines;

        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            // As it is deployed unless a test sets it: in Development a failure shows its stack trace.
            builder.UseEnvironment(settings.GetValueOrDefault(HostDefaults.EnvironmentKey) ?? Environments.Production);
            builder.UseContentRoot(AppContext.BaseDirectory);
            foreach (var (name, value) in settings)
                builder.UseSetting(name, value);
            builder.ConfigureLogging(logging => logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Warning));
        }

        protected override void Dispose(bool disposing)
        {
            base.Dispose(disposing);
            if (disposing)
                log.Dispose();
        }
    }

    private sealed class LogKeeper : ILoggerProvider
    {
        private readonly ConcurrentQueue<string> lines = [];

        public IEnumerable<string> Lines => lines;

        public ILogger CreateLogger(string categoryName) => new Keeper(categoryName, lines);

        public void Dispose() { }

        private sealed class Keeper(string category, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

            public void Log<TState>(
                LogLevel logLevel,
                EventId eventId,
                TState state,
                Exception? exception,
                Func<TState, Exception?, string> formatter
            )
            {
                if (IsEnabled(logLevel))
                    lines.Enqueue(
                        string.Create(CultureInfo.InvariantCulture, $"{logLevel} {category}: {formatter(state, exception)} {exception}")
                    );
            }
        }
    }
}

/// <summary>One console for the tests of a class that leave it as they found it.</summary>
public sealed class RunningConsole(PostgresFixture postgres) : IAsyncLifetime
{
    internal ArchonApp App { get; private set; } = null!;

    internal TestDatabase Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        App = await ArchonApp.StartAsync(Database);
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
    }
}
