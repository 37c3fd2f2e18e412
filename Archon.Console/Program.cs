using Archon.Cli;
using Archon.Data;
using Archon.Features.Access;
using Archon.Features.Alerts;
using Archon.Features.Anomalies;
using Archon.Features.DevUi;
using Archon.Features.Explore;
using Archon.Features.Forecasts;
using Archon.Features.Incidents;
using Archon.Features.MonitoringApi;
using Archon.Features.Notifications;
using Archon.Features.Overview;
using Archon.Features.Rules;
using Archon.Features.Scanning;
using Archon.Features.Services;
using Archon.Features.Status;
using Archon.Features.Watches;
using Archon.Hosting;
using Archon.Live;
using Archon.Shell;

// With the name of a tool first, such as "detect", the program does that and ends.
if (CliCommands.Names(args))
    return await CliCommands.RunAsync(args);

// Settings and files lie beside the program, whichever folder it is started in.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.Services.AddArchonData(builder.Configuration);
builder.AddArchonHosting();
builder.Services.AddConfiguredUpstreams();
builder.Services.AddLive();
builder.Services.AddShell();
builder.AddFeatures(Features);

var app = builder.Build();
app.UseArchonHosting();
app.MapShell();
app.MapLive();
app.MapFeatures();
return await app.RunOrExplainAsync();

/// <summary>The console. Its features are listed here and nowhere else.</summary>
public partial class Program
{
    public static IReadOnlyList<ConsoleFeature> Features { get; } =
    [
        ScanningSetup.Feature,
        WatchesSetup.Feature,
        ServicesSetup.Feature,
        AlertsSetup.Feature,
        AnomaliesSetup.Feature,
        ForecastsSetup.Feature,
        IncidentsSetup.Feature,
        ExploreSetup.Feature,
        NotificationsSetup.Feature,
        RulesSetup.Feature,
        OverviewSetup.Feature,
        StatusSetup.Feature,
        IntelligenceEndpoints.Feature,
        DevUiSetup.Feature,
        AccessSetup.Feature, // last: it takes back what others schedule to be read before the database is there
    ];
}
