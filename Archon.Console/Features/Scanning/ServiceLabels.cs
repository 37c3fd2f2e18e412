namespace Archon.Features.Scanning;

/// <summary>Labels by which series name the service that they belong to.</summary>
internal static class ServiceLabels
{
    /// <summary>The most telling first. The last one is what every target has.</summary>
    public static IReadOnlyList<string> Own { get; } =
    [
        "service",
        "service_name",
        "service.name",
        "app_kubernetes_io_name",
        "app",
        "application",
        "k8s_app",
        "exported_service",
        "exported_job",
        "job",
    ];

    /// <summary>Names that a mesh gives to the service that was called: the series is about it, whoever reports it.</summary>
    public static IReadOnlyList<string> Called { get; } = ["destination_service_name", "destination_app", "destination_workload"];
}
