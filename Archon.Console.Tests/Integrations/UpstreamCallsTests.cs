using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Archon.Analysis.Series;
using Archon.Integrations;
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Loki;
using Archon.Integrations.Prometheus;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Integrations;

/// <summary>What holds for every upstream: credentials, trust, time limits, and what becomes of answers that are none.</summary>
public sealed class UpstreamCallsTests : IDisposable
{
    private const string Empty = """{"status":"success","data":{"resultType":"vector","result":[]}}""";
    private readonly string folder = Directory.CreateTempSubdirectory("archon-calls-").FullName;
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tenant_goes_with_every_question_in_the_header_it_is_wanted_in()
    {
        await using var fake = await FakeUpstream.SayAsync(200, "application/json", Empty);
        var address = fake.Address.AbsoluteUri;
        await using var services = UpstreamClients.Build(
            ("Prometheus:BaseAddress", address),
            ("Prometheus:Tenant", "team-a"),
            ("Loki:BaseAddress", address),
            ("Loki:Tenant", "team-b"),
            ("Loki:TenantHeader", "X-Tenant")
        );

        await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token);
        await services.GetRequiredService<LokiClient>().LabelNamesAsync(null, Token);

        Assert.Equal("team-a", fake.Requests[0].Headers["X-Scope-OrgID"]);
        Assert.Equal("team-b", fake.Requests[1].Headers["X-Tenant"]);
        Assert.False(fake.Requests[1].Headers.ContainsKey("X-Scope-OrgID"));
    }

    [Theory]
    [InlineData("Username", "ada", "Basic YWRhOmzDtnBl")] // the password is löpe
    [InlineData("BearerToken", "t0ken", "Bearer t0ken")]
    [InlineData("Tenant", "", null)]
    public async Task Credentials_go_with_every_question_when_there_are_some(string setting, string value, string? header)
    {
        await using var fake = await FakeUpstream.SayAsync(200, "application/json", "[]");
        await using var services = UpstreamClients.Build(
            ("Alertmanager:BaseAddress", fake.Address.AbsoluteUri),
            ($"Alertmanager:{setting}", value),
            ("Alertmanager:Password", "löpe")
        );

        await services.GetRequiredService<AlertmanagerClient>().ReceiversAsync(Token);

        Assert.Equal(header, fake.Requests[0].Headers.GetValueOrDefault("Authorization"));
    }

    [Fact]
    public async Task An_address_with_a_path_prefix_keeps_it()
    {
        await using var fake = await FakeUpstream.SayAsync(200, "application/json", Empty);
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", fake.Address + "mimir/prometheus"));

        await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token);

        Assert.Equal("/mimir/prometheus/api/v1/query", fake.Requests[0].Path);
    }

    [Fact]
    public async Task A_certificate_of_an_authority_of_ones_own_is_trusted_when_the_authority_is_named()
    {
        using var authority = Authority();
        await using var fake = await SecureAsync(Certificate(authority, "localhost"));

        var unknown = Assert.IsType<Fetch<QueryResult>.Unavailable>(await AskAsync(fake.Address, caFile: null));
        var trusted = await AskAsync(fake.Address, Pem(authority));

        Assert.Contains("is not trusted. Name its authority in Prometheus:CaFile", unknown.Reason, StringComparison.Ordinal);
        Assert.IsType<Fetch<QueryResult>.Ok>(trusted);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_for_another_name_is_not_trusted()
    {
        using var authority = Authority();
        using var other = Authority();
        await using var stranger = await SecureAsync(Certificate(other, "localhost"));
        await using var misnamed = await SecureAsync(Certificate(authority, "prometheus.example"));

        Assert.IsType<Fetch<QueryResult>.Unavailable>(await AskAsync(stranger.Address, Pem(authority)));
        var wrong = Assert.IsType<Fetch<QueryResult>.Unavailable>(await AskAsync(misnamed.Address, Pem(authority)));
        Assert.Contains("is for prometheus.example, not for", wrong.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("CaFile", wrong.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_whose_time_is_over_is_reported_as_such_and_not_as_untrusted()
    {
        using var authority = Authority();
        await using var expired = await SecureAsync(Certificate(authority, "localhost", lasts: TimeSpan.FromHours(-1)));

        var answer = Assert.IsType<Fetch<QueryResult>.Unavailable>(await AskAsync(expired.Address, Pem(authority)));

        Assert.Contains("is valid from", answer.Reason, StringComparison.Ordinal);
        Assert.Contains("Renew it on the server.", answer.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tail_over_TLS_trusts_the_named_authority_too()
    {
        using var authority = Authority();
        await using var fake = await FakeUpstream.StartAsync(
            RecordedReply.Read("Loki/3.4.6/tail-websocket").AnswerAsync,
            Certificate(authority, "localhost")
        );
        await using var services = UpstreamClients.Build(("Loki:BaseAddress", fake.Address.AbsoluteUri), ("Loki:CaFile", Pem(authority)));
        await using var stranger = UpstreamClients.Build(("Loki:BaseAddress", fake.Address.AbsoluteUri));

        await using var lines = services
            .GetRequiredService<LokiClient>()
            .TailAsync("{app=\"a\"}", DateTimeOffset.UtcNow, 10, Token)
            .GetAsyncEnumerator(Token);

        Assert.True(await lines.MoveNextAsync());
        await using var refused = stranger
            .GetRequiredService<LokiClient>()
            .TailAsync("{app=\"a\"}", DateTimeOffset.UtcNow, 10, Token)
            .GetAsyncEnumerator(Token);
        await Assert.ThrowsAsync<LokiTailException>(() => refused.MoveNextAsync().AsTask());
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_its_time_and_the_reason_says_so()
    {
        await using var fake = await FakeUpstream.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var services = UpstreamClients.Build(
            ("Prometheus:BaseAddress", fake.Address.AbsoluteUri),
            ("Prometheus:QueryTimeout", "00:00:01")
        );

        var answer = await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token).WaitAsync(Waits.Limit, Token);

        Assert.Equal("Prometheus did not answer within 1 s.", Assert.IsType<Fetch<QueryResult>.Unavailable>(answer).Reason);
        Assert.True(fake.Requests.Count > 1, "A question that changes nothing is worth asking again.");
    }

    [Fact]
    public async Task A_reply_that_begins_and_never_ends_is_given_up_too()
    {
        await using var fake = await FakeUpstream.StartAsync(async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"status":"success","data":{"resultType":"matrix","result":[""", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var services = UpstreamClients.Build(
            ("Prometheus:BaseAddress", fake.Address.AbsoluteUri),
            ("Prometheus:QueryTimeout", "00:00:01")
        );

        var answer = await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token).WaitAsync(Waits.Limit, Token);

        Assert.Contains(
            "did not finish its reply within",
            Assert.IsType<Fetch<QueryResult>.Unavailable>(answer).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task The_one_who_stops_waiting_is_let_go_at_once()
    {
        var asked = new TaskCompletionSource();
        await using var fake = await FakeUpstream.StartAsync(context =>
        {
            asked.TrySetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var answer = UpstreamClients.Prometheus(fake.Address).QueryAsync("up", null, leave.Token);
        await asked.Task.WaitAsync(Waits.Limit, Token);
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer.WaitAsync(Waits.Limit, Token));
    }

    [Theory]
    [InlineData("text/html", "<html><body>Sign in to the proxy</body></html>")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "null")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "{}")]
    [InlineData("application/json", """{"status":"success"}""")]
    [InlineData("application/json", """{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":"b"},"value":[17""")]
    [InlineData("application/octet-stream", "\u0000\u0001\u0002\u001f")]
    public async Task Rubbish_is_no_answer_of_any_upstream(string contentType, string body)
    {
        await using var fake = await FakeUpstream.SayAsync(200, contentType, body);
        var address = fake.Address;
        var range = new TimeRange(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddMinutes(1));

        string?[] reasons =
        [
            Reason(await UpstreamClients.Prometheus(address).QueryAsync("up", null, Token)),
            Reason(await UpstreamClients.Prometheus(address).QueryRangeAsync("up", range, TimeSpan.FromSeconds(15), Token)),
            Reason(await UpstreamClients.Prometheus(address).TargetsAsync(Token)),
            Reason(await UpstreamClients.Alertmanager(address).StatusAsync(Token)),
            Reason(await UpstreamClients.Loki(address).QueryRangeAsync("{}", range, null, null, false, Token)),
        ];

        Assert.All(reasons, reason => Assert.Contains("answered something that is not", reason, StringComparison.Ordinal));
        Assert.All(reasons, reason => Assert.DoesNotContain("Sign in", reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fault_that_passes_is_not_noticed()
    {
        var asked = 0;
        await using var fake = await FakeUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref asked) == 1 ? 503 : 200;
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(Empty, context.RequestAborted);
        });

        Assert.IsType<Fetch<QueryResult>.Ok>(await UpstreamClients.Prometheus(fake.Address).QueryAsync("up", null, Token));

        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task A_server_that_fails_again_and_again_is_left_alone_for_a_while_and_the_reason_stays()
    {
        await using var fake = await FakeUpstream.SayAsync(502, "text/html", "<h1>Bad gateway</h1>");
        var prometheus = UpstreamClients.Prometheus(fake.Address);

        await prometheus.QueryAsync("up", null, Token);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => prometheus.QueryAsync("up", null, Token)));
        var before = fake.Requests.Count;
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => prometheus.QueryAsync("up", null, Token)));

        Assert.All(answers, answer => Assert.Equal("Prometheus failed (502).", Reason(answer)));
        Assert.True(fake.Requests.Count - before < 15, "Every question was asked, and asked again.");
    }

    [Theory]
    [InlineData(401, "did not accept the credentials (401)")]
    [InlineData(403, "did not accept the credentials (403)")]
    [InlineData(302, "sends elsewhere (302)")]
    [InlineData(404, "not as Prometheus (404)")]
    [InlineData(500, "failed (500)")]
    public async Task A_status_that_is_no_answer_is_reported_in_words(int status, string words)
    {
        await using var fake = await FakeUpstream.SayAsync(status, "text/html", "<html>secret words of a proxy</html>");

        var reason = Reason(await UpstreamClients.Prometheus(fake.Address).QueryAsync("up", null, Token));

        Assert.Contains(words, reason, StringComparison.Ordinal);
        Assert.DoesNotContain("secret words", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_one_listens_or_the_name_is_not_known_the_reason_says_that()
    {
        var noone = NoServer.Address;

        Assert.Equal($"Nothing listens at {noone}.", Reason(await UpstreamClients.Prometheus(noone).QueryAsync("up", null, Token)));
        Assert.Equal(
            "The name nowhere.invalid is not known.",
            Reason(await UpstreamClients.Loki(new Uri("http://nowhere.invalid/")).ReadyAsync(Token))
        );
    }

    [Fact]
    public async Task An_upstream_without_an_address_is_asked_by_no_one()
    {
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", ""), ("Loki:BaseAddress", ""));

        Assert.Equal(
            "No address of Prometheus is configured.",
            Reason(await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token))
        );
        await Assert.ThrowsAsync<LokiTailException>(async () =>
        {
            await foreach (var _ in services.GetRequiredService<LokiClient>().TailAsync("{}", DateTimeOffset.UtcNow, 1, Token)) { }
        });
        Assert.All(
            services.GetRequiredService<UpstreamHealth>().Of(1),
            one => Assert.False(one.Configured && one.Name is "Prometheus" or "Loki")
        );
    }

    [Fact]
    public async Task Health_keeps_since_when_an_upstream_fails_and_forgets_it_with_the_next_answer()
    {
        var isDown = true;
        await using var fake = await FakeUpstream.StartAsync(context =>
        {
            context.Response.StatusCode = isDown ? 500 : 200;
            return context.Response.WriteAsync(Empty, context.RequestAborted);
        });
        await using var services = UpstreamClients.Build(("Prometheus:BaseAddress", fake.Address.AbsoluteUri));
        var (prometheus, health) = (services.GetRequiredService<PrometheusClient>(), services.GetRequiredService<UpstreamHealth>());
        UpstreamState State() => health.Of(1).Single(one => one.Name == "Prometheus");

        await prometheus.QueryAsync("up", null, Token);
        var first = State();
        await prometheus.QueryAsync("up", null, Token);
        var second = State();
        isDown = false;
        await prometheus.QueryAsync("up", null, Token);

        Assert.NotNull(first.FailingSince);
        Assert.Equal(first.FailingSince, second.FailingSince);
        Assert.Null(first.LastAnswerAt);
        Assert.Equal((null, null), (State().FailingSince, State().Reason));
        Assert.NotNull(State().LastAnswerAt);
    }

    [Theory]
    [InlineData("BaseAddress", "localhost:9090", "is no http or https address")]
    [InlineData("BaseAddress", "http://ada:pw@localhost:9090", "must not contain a password")]
    [InlineData("BaseAddress", "ada:pw@localhost:9090", "must not contain a password")]
    [InlineData("BaseAddress", "http://ada:p/w@localhost:9090", "must not contain a password")]
    [InlineData("CaFile", "/no/such/file.pem", "There is no file")]
    [InlineData("QueryTimeout", "00:00:00.5", "QueryTimeout")]
    [InlineData("QueryTimeout", "01:00:00", "QueryTimeout")]
    [InlineData("Username", "ada", "either a bearer token or a user name")]
    public void A_setting_that_cannot_be_is_refused_by_name(string setting, string value, string words)
    {
        using var services = UpstreamClients.Build(("Prometheus:BearerToken", "t0ken"), ($"Prometheus:{setting}", value));

        var refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IOptions<PrometheusOptions>>().Value);

        Assert.Contains($"Prometheus:{(setting == "Username" ? "BearerToken" : setting)}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ada:", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string? Reason<T>(Fetch<T> answer) => Assert.IsType<Fetch<T>.Unavailable>(answer).Reason;

    private static async Task<Fetch<QueryResult>> AskAsync(Uri address, string? caFile)
    {
        await using var services = UpstreamClients.Build(
            ("Prometheus:BaseAddress", address.AbsoluteUri),
            ("Prometheus:CaFile", caFile ?? "")
        );
        return await services.GetRequiredService<PrometheusClient>().QueryAsync("up", null, Token);
    }

    private static Task<FakeUpstream> SecureAsync(X509Certificate2 certificate) =>
        FakeUpstream.StartAsync(
            context =>
            {
                context.Response.ContentType = "application/json";
                return context.Response.WriteAsync(Empty, context.RequestAborted);
            },
            certificate
        );

    private string Pem(X509Certificate2 authority)
    {
        var path = Path.Combine(folder, $"{authority.Thumbprint}.pem");
        File.WriteAllText(path, authority.ExportCertificatePem());
        return path;
    }

    private static X509Certificate2 Authority()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN=Authority {Guid.NewGuid():N}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    private static X509Certificate2 Certificate(X509Certificate2 authority, string name, TimeSpan? lasts = null)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (name == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(
            authority,
            DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow + (lasts ?? TimeSpan.FromDays(7)),
            RandomNumberGenerator.GetBytes(16)
        );
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }
}
