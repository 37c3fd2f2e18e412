using Archon.Features.Anomalies;
using Archon.Features.Notifications;
using Archon.Features.Overview;
using Archon.Features.Rules;
using Archon.Features.Services;
using Archon.Features.Status;
using Archon.Features.Watches;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddWatches();
builder.Services.AddServices();
builder.Services.AddAnomalies();
builder.Services.AddRules();
builder.Services.AddNotifications();
builder.Services.AddOverview();
builder.Services.AddStatus();

var app = builder.Build();
app.MapAnomalies();
app.Run();
