// A simple stand-in until the part "clients" lands its own test kit; whoever lands it deletes or adapts this file in the same commit.
#nullable enable
using Archon.Integrations.Alertmanager;
using Archon.Integrations.Prometheus;

namespace Archon.Tests.Kit;

internal static class UpstreamClients
{
    public static PrometheusClient Prometheus(Uri address) => new(new HttpClient { BaseAddress = address });
    public static AlertmanagerClient Alertmanager(Uri address) => new(new HttpClient { BaseAddress = address });
}
