using System.Globalization;
using System.Text;
using Archon.Data.Catalogue;
using Archon.Tests.Features.Watches;
using Microsoft.EntityFrameworkCore;

namespace Archon.Tests.Kit;

/// <summary>An estate of any size, written by a few statements.</summary>
/// <param name="Services">Each has two series; the last quarter has no band yet and is learning.</param>
/// <param name="OpenAnomalies">On series of the first services, and half as many that ended within a day.</param>
/// <param name="Rules">Alerting rules, one for each of the first services.</param>
internal sealed record LargeEstate(int Services, int OpenAnomalies, int Rules)
{
    public const string Query = "ALERTS{alertstate=\"firing\"}";

    /// <summary>The estate that every page must open for within its budget.</summary>
    public static LargeEstate Full { get; } = new(10_000, 5_000, 2_000);

    private const int Environment = MonitoredEnvironment.DefaultId;
    private const int Teams = 40;
    private const int GroupSize = 20;
    private const int FilesOfRules = 50;

    private static readonly (WatchSignal Signal, string Unit)[] Watched =
    [
        (WatchSignal.Rate, "1/s"),
        (WatchSignal.Duration, "s"),
        (WatchSignal.Errors, "1"),
        (WatchSignal.Saturation, "1"),
        (WatchSignal.Traffic, "By/s"),
        (WatchSignal.Availability, "1"),
    ];

    public async Task SeedAsync(TestDatabase database, CancellationToken cancellationToken)
    {
        await using var db = await database.Contexts.CreateDbContextAsync(cancellationToken);
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(2));
        var now = DateTimeOffset.UtcNow;
        foreach (var (signal, unit) in Watched)
        {
            db.Watches.Add(
                new Watch
                {
                    EnvironmentId = Environment,
                    Name = $"HTTP {signal}",
                    Query = $"sum by (service) (rate(shop_{signal}_total[5m]))".ToLowerInvariant(),
                    Signal = signal,
                    Unit = unit,
                    Interesting = AnomalyDirection.Up,
                    Limit = signal == WatchSignal.Saturation ? 0.9 : null,
                    Step = TimeSpan.FromSeconds(15),
                    CreatedAt = now,
                    ScannedTo = now,
                    LastScanAt = now,
                    FittedAt = now,
                    Enabled = true,
                }
            );
        }
        await db.SaveChangesAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO services (environment_id, name, origin, tier, team, matchers, created_at, last_seen_at)
            SELECT {{Environment}}, 'service-' || lpad(i::text, 5, '0'), CASE WHEN i % 3 = 0 THEN 'Accepted' ELSE 'Discovered' END,
                CASE WHEN i % 10 = 0 THEN 'Critical' ELSE 'Standard' END, 'team-' || i % {{Teams}}, jsonb_build_object('service', 'service-' || lpad(i::text, 5, '0')), {{now}}, {{now}}
            FROM generate_series(0, {{Services - 1}}) AS i
            """,
            cancellationToken
        );
        // A model that does not compress, as real ones do not.
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO watched_series (environment_id, watch_id, service_id, labels_key, labels, model, model_version, fitted_at, fitted_samples, last_sample_at, last_value,
                expected_lower, expected_upper, recent)
            SELECT {{Environment}}, w.id, s.id, 'service="' || s.name || '"', s.matchers,
                CASE WHEN s.id % 4 < 3 THEN (SELECT string_agg(sha512((s.name || w.id || piece)::bytea), '') FROM generate_series(1, 44) AS piece) END,
                1, {{now}}, 1000, {{now}}, 0.4, 0.3, 0.5, ARRAY(SELECT 0.4 + point % 7 * 0.01 FROM generate_series(1, 40) AS point)
            FROM services s JOIN watches w ON (s.id + w.id) % 3 = 0
            """,
            cancellationToken
        );
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO anomalies (environment_id, watch_id, series_id, service_id, started_at, ended_at, last_seen_at, direction, severity, score, confidence, value, expected, expected_lower,
                expected_upper, peak_value, peak_deviation, season, explanation, votes, fitted_samples, samples_outside)
            SELECT environment_id, watch_id, id, service_id, {{now}}::timestamptz - make_interval(secs => 60 + place % 3600),
                CASE WHEN place > {{OpenAnomalies}} THEN {{now}}::timestamptz - make_interval(secs => 30 + place % 25) END, {{now}}, 'Up',
                CASE WHEN place % 50 >= 45 THEN 'Critical' WHEN place % 50 >= 20 THEN 'Warning' ELSE 'Info' END, 0.9, 0.5 + place % 50 * 0.01, 0.9, 0.4, 0.3, 0.5, 0.9, 12, 'day',
                'Far above what it usually is.', '[]', 1000, 4
            FROM (SELECT *, row_number() OVER (ORDER BY service_id, id) AS place FROM watched_series) AS chosen WHERE place <= {{OpenAnomalies
                + (OpenAnomalies / 2)}}
            """,
            cancellationToken
        );
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO series_forecasts (series_id, environment_id, watch_id, service_id, made_at, value, step, median, lower, upper, past_forecasts, "limit", reached_at,
                reached_earliest, reached_latest, probability, outlook, per_day)
            SELECT s.id, s.environment_id, s.watch_id, s.service_id, {{now}}, 0.4, interval '1 hour', ARRAY[0.5, 0.6], ARRAY[0.4, 0.5], ARRAY[0.6, 0.7], 0, 0.9,
                CASE WHEN s.service_id % 4 = 0 THEN {{now}}::timestamptz + make_interval(mins => s.service_id) END,
                CASE WHEN s.service_id % 4 = 0 THEN {{now}}::timestamptz + make_interval(mins => s.service_id / 2) END,
                CASE WHEN s.service_id % 4 = 0 THEN {{now}}::timestamptz + make_interval(mins => s.service_id * 2) END, 0.9, 'It grows by 0.4 % a day.', 0.004
            FROM watched_series s JOIN watches w ON w.id = s.watch_id WHERE w."limit" IS NOT NULL
            """,
            cancellationToken
        );
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO alert_rules (environment_id, file, "group", name, ordinal, kind, current_version, group_labels, running_version, served, server_state, server_health, server_seen_at)
            SELECT {{Environment}}, '/etc/rules/file-' || i / {{GroupSize}} % {{FilesOfRules}} || '.yml', 'group-' || i / {{GroupSize}}, 'Rule' || lpad(i::text, 4, '0'), 0, 'Alerting', 1, '{}'::jsonb, 1,
                jsonb_build_object('Expression', 'sum by (service) (rate(shop_duration_total{service="service-' || lpad(i::text, 5, '0') || '"}[5m])) > 5', 'For', '00:05:00',
                    'KeepFiringFor', '00:00:00', 'Labels', jsonb_build_object('severity', 'warning'), 'Annotations', '{}'::jsonb, 'Interval', '00:00:15'),
                CASE WHEN i % 4 = 0 THEN 'firing' ELSE 'inactive' END, 'ok', {{now}}
            FROM generate_series(0, {{Rules - 1}}) AS i
            """,
            cancellationToken
        );
        await db.Database.ExecuteSqlAsync(
            $$"""
            INSERT INTO alert_rule_versions (rule_id, number, expression, "for", keep_firing_for, labels, annotations, author, reason, created_at)
            SELECT id, 1, served ->> 'Expression', interval '5 minutes', interval '0', served -> 'Labels', jsonb_build_object('summary', 'Slow'), 'import', 'Read', {{now}}::timestamptz - interval '60 days'
            FROM alert_rules
            """,
            cancellationToken
        );
        await db.Database.ExecuteSqlAsync($"ANALYZE", cancellationToken);
    }

    /// <summary>Lets a server scrape every service, and evaluate the rules: each fourth fired now and then within a week.</summary>
    public void Serve(FakeMetrics server)
    {
        var targets = new StringBuilder("{\"activeTargets\":[");
        for (var i = 0; i < Services; i++)
        {
            targets
                .Append(i == 0 ? "" : ",")
                .Append(
                    CultureInfo.InvariantCulture,
                    $$"""{"labels":{"instance":"10.0.{{i / 250}}.{{i % 250}}:8080","job":"service-{{i:00000}}"},"scrapePool":"pods","scrapeUrl":"http://10.0.{{i / 250}}.{{i % 250}}:8080/metrics","lastError":"","lastScrape":"2026-11-24T08:00:00Z","lastScrapeDuration":0.01,"health":"{{(i % 100 == 7 ? "down" : "up")}}"}"""
                );
        }
        server.Targets = targets.Append("]}").ToString();
        server.Queries[Query] =
        [
            .. Enumerable
                .Range(0, Rules / 4)
                .Select(i =>
                    (
                        new Dictionary<string, string>
                        {
                            ["alertname"] = $"Rule{i * 4:0000}",
                            ["alertstate"] = "firing",
                            ["severity"] = "warning",
                            ["service"] = $"service-{i * 4:00000}",
                        },
                        (Func<long, double?>)(at => at / 60 % 720 == i ? 1 : null)
                    )
                ),
        ];
        server.Queries["count(up)"] = [([], _ => 1)];
    }
}
