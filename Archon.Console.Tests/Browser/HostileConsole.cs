using Archon.ConfigFiles.Rules;
using Archon.Data;
using Archon.Data.Access;
using Archon.Data.Anomalies;
using Archon.Data.Catalogue;
using Archon.Data.Forecasts;
using Archon.Data.Incidents;
using Archon.Data.Notifications;
using Archon.Data.Rules;
using Archon.Tests.Benchmarks;
using Archon.Tests.Kit;
using Microsoft.Playwright;
using Xunit;

namespace Archon.Tests.Browser;

/// <summary>A console whose catalogue is full of names that would run, were they not text.</summary>
public sealed class HostileConsole(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Name = "<img src=x onerror=\"window.pwned=true\">'\"</script><script>alert(1)</script>{{7*7}}";

    /// <summary>Reads as something else: turned around, hidden, coloured in a terminal, and as a line of its own in a log.</summary>
    public const string Misleading = "pay\u202Eload\u2066x\u2069\u200By\u001b[31mred\u001b[0m\r\nfail: forged\u061C\u00AD\u007Fend";

    /// <summary>The same as pages show it.</summary>
    public const string Shown = @"pay\u202Eload\u2066x\u2069\u200By\x1b[31mred\x1b[0m\r\nfail: forged\u061C\xad\x7fend";

    /// <summary>The one watch that means harm, after the six of the estate.</summary>
    public const int WatchId = 7;

    /// <summary>Every page of it.</summary>
    public static TheoryData<string> Pages =>
        new(
            "",
            "services",
            "services?q=no-such-name",
            $"services/{Uri.EscapeDataString(Name)}",
            $"services/{Uri.EscapeDataString(Name)}/edit",
            "services/new",
            "watches/new",
            $"watches/{WatchId}",
            "anomalies",
            "forecasts",
            "anomalies?q=no-such-name",
            "rules",
            "rules?r=1",
            "rules/coverage",
            "rules/noise",
            "rules/1",
            "rules/new",
            "rules?view=deleted",
            "rules/import",
            "rules/apply",
            "channels",
            "status",
            "settings",
            "settings?tab=tokens",
            "settings?tab=users",
            "settings?tab=environments",
            "settings?tab=audit",
            "nowhere"
        );

    private IBrowserContext? window;

    internal ArchonApp App { get; private set; } = null!;

    private TestDatabase Database { get; set; } = null!;

    private readonly string folder = Directory.CreateTempSubdirectory("archon-rules").FullName;

    /// <summary>A page of it, signed in and live, in a window that all pages share: what they load is loaded once.</summary>
    internal async Task<IPage> OpenAsync(Chromium chromium, string path, int width = 1440)
    {
        var page = await NewPageAsync(chromium);
        await page.SetViewportSizeAsync(width, 900);
        await GoToAsync(page, path);
        return page;
    }

    /// <summary>An empty page of that window.</summary>
    internal async Task<IPage> NewPageAsync(Chromium chromium, Action<string>? onFault = null)
    {
        window ??= await chromium.SignedInAsync(
            App,
            new()
            {
                ViewportSize = new() { Width = 1440, Height = 900 },
                ColorScheme = ColorScheme.Dark,
                ReducedMotion = ReducedMotion.Reduce,
            }
        );
        return await Chromium.NewPageAsync(window, onFault);
    }

    internal static async Task GoToAsync(IPage page, string path)
    {
        await page.GotoAsync(path);
        // Until then buttons and keys do nothing, and figures may still be read.
        await page.Locator("html[data-live]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
        await Assertions.Expect(page.Locator(".sk")).ToHaveCountAsync(0);
    }

    public async ValueTask InitializeAsync()
    {
        Database = await postgres.NewDatabaseAsync();
        await ScanBench.SeedAsync(Database, 12);
        await using (var db = await Database.Contexts.CreateDbContextAsync())
        {
            var now = DateTimeOffset.UtcNow;
            var service = new Service
            {
                EnvironmentId = 1,
                Name = Name,
                Team = Name,
                Description = Name,
                Matchers = new() { ["job"] = Name },
                Origin = CatalogueOrigin.Discovered,
                CreatedAt = now,
                LastSeenAt = now,
            };
            db.Services.Add(service);
            var watch = new Watch
            {
                EnvironmentId = 1,
                Name = Name,
                Query = $"up{{job=\"{Name}\"}}",
                Signal = WatchSignal.Duration,
                Unit = "s",
                CreatedAt = now,
                UncheckedSince = now,
                UncheckedReason = Name,
            };
            db.Watches.Add(watch);
            await db.SaveChangesAsync();
            Assert.Equal(WatchId, watch.Id);
            var series = new WatchedSeries
            {
                EnvironmentId = 1,
                WatchId = watch.Id,
                ServiceId = service.Id,
                LabelsKey = Name,
                Labels = new() { [Name] = Name },
                LastSampleAt = now,
                LastValue = 1,
                Recent = [1, 2, 3],
            };
            db.WatchedSeries.Add(series);
            await db.SaveChangesAsync();
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    SeriesId = series.Id,
                    ServiceId = service.Id,
                    StartedAt = now.AddMinutes(-3),
                    LastSeenAt = now,
                    Severity = AnomalySeverity.Critical,
                    Confidence = 0.99,
                    Score = 0.9,
                    Value = 3,
                    PeakValue = 3,
                    Expected = 1,
                    ExpectedLower = 0.5,
                    ExpectedUpper = 1.5,
                    Season = "day",
                }
            );
            var rule = new AlertRule
            {
                EnvironmentId = 1,
                File = Name,
                Group = Name,
                Name = Name,
                Kind = AlertRuleKind.Alerting,
                CurrentVersion = 1,
                ServerState = "firing",
                ServerHealth = "err",
                ServerError = Name,
                ServerSeenAt = now,
            };
            db.AlertRules.Add(rule);
            await db.SaveChangesAsync();
            db.AlertRuleVersions.Add(
                new AlertRuleVersion
                {
                    RuleId = rule.Id,
                    Number = 1,
                    Expression = Name,
                    Labels = new() { ["severity"] = Name },
                    Annotations = new() { ["summary"] = Name },
                    Author = Name,
                    Reason = Name,
                    CreatedAt = now,
                }
            );
            db.NotificationChannels.Add(
                new NotificationChannel
                {
                    EnvironmentId = 1,
                    Receiver = Name,
                    Kind = "webhook",
                    Target = Name,
                    ServerSeenAt = now,
                }
            );
            await db.SaveChangesAsync();
            await SeedMisleadingAsync(db, now);
            // One to be applied, whose group and rule mean harm too.
            db.RuleDocuments.Add(
                new RuleDocument
                {
                    EnvironmentId = 1,
                    Name = "harm.yml",
                    ServerFile = Path.Combine(folder, "harm.yml"),
                    Content = RuleFileEditor
                        .AddGroup(
                            RuleFile.Read("", out _)!,
                            new GroupContent(Name),
                            [
                                new RuleContent(Name, true, "up == 0")
                                {
                                    Labels = new Dictionary<string, string>
                                    {
                                        ["a"] = Name.Replace("{{7*7}}", "", StringComparison.Ordinal),
                                    },
                                },
                            ]
                        )
                        .ToBytes(),
                    CurrentVersion = 1,
                    CreatedAt = now,
                }
            );
            db.RuleApplies.Add(
                new RuleApply
                {
                    EnvironmentId = 1,
                    Author = Name,
                    Stage = RuleApplyStage.PutBack,
                    Message = Name,
                    Files = [new RuleApplyFile(1, Name, 1, null, null)],
                    StartedAt = now,
                    ChangedAt = now,
                    EndedAt = now,
                }
            );
            await db.SaveChangesAsync();
        }
        App = await ArchonApp.StartAsync(Database, ("Archon:Rules:Target", "Folder"), ("Archon:Rules:Folder", folder));
    }

    private static async Task SeedMisleadingAsync(ArchonDbContext db, DateTimeOffset now)
    {
        const string text = Misleading;
        var service = new Service
        {
            EnvironmentId = 1,
            Name = text,
            Team = text,
            Description = text,
            Matchers = new() { ["job"] = text },
            Origin = CatalogueOrigin.Discovered,
            CreatedAt = now,
            LastSeenAt = now,
            EditedBy = text,
            EditedAt = now,
            RunbookUrl = "https://example.org/",
            GrafanaDashboard = text,
            LokiSelector = text,
            JaegerService = text,
        };
        var watch = new Watch
        {
            EnvironmentId = 1,
            Name = text,
            Query = $"up{{job=\"{text}\"}}",
            Signal = WatchSignal.Duration,
            Unit = text[..20],
            CreatedAt = now,
            Limit = 9,
            EditedBy = text,
            EditedAt = now,
        };
        db.AddRange(service, watch);
        await db.SaveChangesAsync();
        var series = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch.Id,
            ServiceId = service.Id,
            LabelsKey = text,
            Labels = new() { [text] = text },
            LastSampleAt = now,
            LastValue = 1,
            Recent = [1, 2, 3],
            Guarded = text,
        };
        var alone = new WatchedSeries
        {
            EnvironmentId = 1,
            WatchId = watch.Id,
            LabelsKey = text + "2",
            Labels = new() { [text] = text },
            LastSampleAt = now,
            LastValue = 1,
            Recent = [1, 2, 3],
        };
        db.AddRange(series, alone);
        await db.SaveChangesAsync();
        foreach (var one in (WatchedSeries[])[series, alone])
        {
            db.Anomalies.Add(
                new Anomaly
                {
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    SeriesId = one.Id,
                    ServiceId = one.ServiceId,
                    StartedAt = now.AddMinutes(-4),
                    LastSeenAt = now,
                    Severity = AnomalySeverity.Critical,
                    Confidence = 0.99,
                    Score = 0.9,
                    Value = 3,
                    PeakValue = 3,
                    Expected = 1,
                    ExpectedLower = 0.5,
                    ExpectedUpper = 1.5,
                    Season = text[..8],
                    Explanation = text,
                    Votes = [new AnomalyVote(text, 0.5)],
                    Verdict = AnomalyVerdict.Useful,
                    VerdictBy = text,
                    VerdictAt = now,
                }
            );
            db.SeriesForecasts.Add(
                new SeriesForecast
                {
                    SeriesId = one.Id,
                    EnvironmentId = 1,
                    WatchId = watch.Id,
                    ServiceId = one.ServiceId,
                    MadeAt = now,
                    Value = 1,
                    Step = TimeSpan.FromHours(1),
                    Median = [1, 2],
                    Lower = [1, 1],
                    Upper = [2, 3],
                    Limit = 9,
                    Probability = 0.5,
                    Outlook = text,
                }
            );
        }
        db.UncheckedSpans.Add(
            new UncheckedSpan
            {
                EnvironmentId = 1,
                WatchId = watch.Id,
                From = now.AddHours(-2),
                To = now.AddHours(-1),
                Reason = text,
            }
        );
        await db.SaveChangesAsync();
        var incident = new Incident
        {
            EnvironmentId = 1,
            OpenedAt = now,
            ChangedAt = now,
            Title = text,
            RankedAt = now,
            Hypotheses = [new IncidentHypothesis(text, text, 0.5, [text], [text], [text, text])],
        };
        foreach (var id in db.Anomalies.Where(one => one.WatchId == watch.Id).Select(one => one.Id).ToList())
        {
            incident.Members.Add(
                new IncidentMember
                {
                    EnvironmentId = 1,
                    Kind = IncidentMemberKind.Anomaly,
                    Key = id.ToString(System.Globalization.CultureInfo.InvariantCulture),
                    Title = text,
                    StartedAt = now,
                    Reason = text,
                }
            );
        }
        var rule = new AlertRule
        {
            EnvironmentId = 1,
            File = text,
            Group = text,
            Name = text,
            Kind = AlertRuleKind.Alerting,
            CurrentVersion = 1,
            ServerState = "firing",
            ServerHealth = "err",
            ServerError = text,
            ServerSeenAt = now,
        };
        db.AddRange(incident, rule);
        db.NotificationChannels.Add(
            new NotificationChannel
            {
                EnvironmentId = 1,
                Receiver = text,
                Kind = text[..8],
                Target = text,
                ServerSeenAt = now,
            }
        );
        db.AuditEntries.Add(
            new AuditEntry
            {
                At = now,
                Actor = text,
                Action = text,
                Subject = text,
                Detail = text,
            }
        );
        db.RuleApplies.Add(
            new RuleApply
            {
                EnvironmentId = 1,
                Author = text,
                Stage = RuleApplyStage.PutBack,
                Message = text,
                Files = [new RuleApplyFile(1, text, 1, null, null)],
                StartedAt = now,
                ChangedAt = now,
                EndedAt = now,
            }
        );
        await db.SaveChangesAsync();
        db.AlertRuleVersions.Add(
            new AlertRuleVersion
            {
                RuleId = rule.Id,
                Number = 1,
                Expression = text,
                Labels = new() { ["severity"] = text, [text] = text },
                Annotations = new() { ["summary"] = text, [text] = text },
                Author = text,
                Reason = text,
                CreatedAt = now,
            }
        );
        await db.SaveChangesAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (App is not null)
            await App.DisposeAsync();
        if (Database is not null)
            await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
