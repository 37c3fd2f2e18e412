using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Refit;

namespace Archon.Integrations;

internal static class UpstreamSetup
{
    /// <summary>Longest headers of a reply.</summary>
    internal const int HeaderKilobytes = 64;

    private const int MostNames = 4;
    private const int Retries = 2;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    /// <summary>Registers the Refit client of an outside system with its address, credentials, certificate authority, time limits and retries.</summary>
    public static void AddUpstream<TApi, TOptions>(this IServiceCollection services, string name)
        where TApi : class
        where TOptions : UpstreamOptions
    {
        services.AddOptions<TOptions>().BindConfiguration(name).ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>>(new SectionValidator<TOptions>(name));
        services.AddSingleton(provider => new Upstream(name, Options(provider).Address));
        services
            .AddRefitGeneratedClient<TApi>()
            .ConfigureHttpClient(
                (provider, http) =>
                {
                    var options = Options(provider);
                    // A client without an address is never called; Refit wants one all the same.
                    http.BaseAddress = options.Address ?? new Uri("http://not-configured.invalid/");
                    http.Timeout = Timeout.InfiniteTimeSpan; // the resilience handler and the reader of the body have the limits
                    Introduce(http, options);
                }
            )
            .ConfigurePrimaryHttpMessageHandler(provider => Handler(Options(provider).CaFile))
            // The handler renews its connections itself, so one may be kept for as long as the process lives.
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RemoveAllLoggers() // they would write addresses with whole queries, and a failure is told once, by its reason
            .AddStandardResilienceHandler()
            .Configure(
                (HttpStandardResilienceOptions resilience, IServiceProvider provider) =>
                {
                    var timeout = Options(provider).QueryTimeout;
                    resilience.AttemptTimeout.Timeout = timeout;
                    resilience.TotalRequestTimeout.Timeout = timeout * (Retries + 1);
                    resilience.CircuitBreaker.SamplingDuration = timeout * 4; // at least twice the attempt, or the handler refuses to start
                    resilience.CircuitBreaker.FailureRatio = 0.9;
                    resilience.CircuitBreaker.MinimumThroughput = 20;
                    resilience.CircuitBreaker.BreakDuration = TimeSpan.FromSeconds(2);
                    resilience.Retry.MaxRetryAttempts = Retries;
                    resilience.Retry.Delay = RetryDelay;
                    resilience.Retry.DisableForUnsafeHttpMethods(); // a silence must not be posted twice
                }
            );

        static TOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<TOptions>>().Value;
    }

    /// <summary>Says who asks, and for which tenant.</summary>
    public static void Introduce(HttpClient http, UpstreamOptions options)
    {
        http.DefaultRequestHeaders.UserAgent.ParseAdd("archon-console");
        if (options.Tenant is { Length: > 0 } tenant)
            http.DefaultRequestHeaders.Add(options.TenantHeader, tenant);
        if (options.BearerToken is { Length: > 0 } token)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        else if (options.Username is { Length: > 0 } user)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
                "Basic",
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"))
            );
        }
    }

    /// <summary>A handler that also trusts one authority of the reader's own; null: those of the system alone.</summary>
    public static SocketsHttpHandler Handler(string? caFile)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            AutomaticDecompression = System.Net.DecompressionMethods.All,
            UseCookies = false,
            MaxResponseHeadersLength = HeaderKilobytes,
            AllowAutoRedirect = false, // credentials do not travel to wherever a reply points
        };
        var authorities = new X509Certificate2Collection();
        if (caFile is { Length: > 0 })
            authorities.ImportFromPemFile(caFile);
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, sent, faults) =>
        {
            if (certificate is null)
                return false;
            using var leaf = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            // A wrong name stays wrong, whoever signed it.
            if (faults.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
                throw new CertificateException(CertificateFault.Name, CertificateNames(leaf));
            if (faults == SslPolicyErrors.None)
                return true;
            if (IsOutsideItsTime(sent))
                throw new CertificateException(CertificateFault.Time, Period(leaf));
            if (authorities.Count == 0)
                return false;
            using var chain = new X509Chain();
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
            chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            if (sent is not null)
                foreach (var element in sent.ChainElements)
                    chain.ChainPolicy.ExtraStore.Add(element.Certificate);
            return chain.Build(leaf);
        };
        return handler;
    }

    private static bool IsOutsideItsTime(X509Chain? sent) =>
        sent is { ChainElements: [var leaf, ..] }
        && leaf.ChainElementStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid));

    /// <summary>The names a certificate is for, as a browser shows them.</summary>
    private static string CertificateNames(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var all = names is null
            ? []
            : names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())).Take(MostNames).ToList();
        return all.Count > 0 ? string.Join(", ", all) : certificate.GetNameInfo(X509NameType.DnsName, forIssuer: false);
    }

    private static string Period(X509Certificate2 certificate) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} to {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}"
        );
}

/// <summary>An outside system as the configuration names it.</summary>
/// <param name="Without">The environment that has none; null where the settings leave it out.</param>
internal sealed record Upstream(string Name, Uri? Address, int? Without = null)
{
    /// <summary>Why it is not asked, while there is no address.</summary>
    public string NoAddress =>
        Without is { } environment ? $"No {Name} is configured for environment {environment}." : $"No address of {Name} is configured.";
}
