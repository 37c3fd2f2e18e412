using Refit;

namespace Archon.Integrations.Loki;

/// <summary>Loki's HTTP API, as documented for 3.x. Times are Unix nanoseconds as text.</summary>
internal interface ILokiApi
{
    [Get("/loki/api/v1/query")]
    public Task<HttpResponseMessage> QueryAsync(string query, string? time, CancellationToken cancellationToken);

    [Get("/loki/api/v1/query_range")]
    public Task<HttpResponseMessage> QueryRangeAsync(
        string query,
        string start,
        string end,
        string? step,
        int? limit,
        string? direction,
        CancellationToken cancellationToken
    );

    [Get("/loki/api/v1/labels")]
    public Task<HttpResponseMessage> LabelsAsync(string? start, string? end, CancellationToken cancellationToken);

    [Get("/loki/api/v1/label/{label}/values")]
    public Task<HttpResponseMessage> LabelValuesAsync(
        string label,
        string? query,
        string? start,
        string? end,
        CancellationToken cancellationToken
    );

    [Get("/loki/api/v1/series")]
    public Task<HttpResponseMessage> SeriesAsync(
        [AliasAs("match[]"), Query(CollectionFormat.Multi)] IEnumerable<string> match,
        string start,
        string end,
        CancellationToken cancellationToken
    );

    [Get("/loki/api/v1/index/stats")]
    public Task<HttpResponseMessage> StatsAsync(string query, string start, string end, CancellationToken cancellationToken);

    [Get("/loki/api/v1/index/volume_range")]
    public Task<HttpResponseMessage> VolumeAsync(
        string query,
        string start,
        string end,
        string step,
        string? targetLabels,
        CancellationToken cancellationToken
    );

    [Get("/loki/api/v1/patterns")]
    public Task<HttpResponseMessage> PatternsAsync(
        string query,
        string start,
        string end,
        string step,
        CancellationToken cancellationToken
    );

    [Get("/loki/api/v1/detected_fields")]
    public Task<HttpResponseMessage> DetectedFieldsAsync(string query, string start, string end, CancellationToken cancellationToken);

    [Get("/loki/api/v1/status/buildinfo")]
    public Task<HttpResponseMessage> BuildInfoAsync(CancellationToken cancellationToken);

    [Get("/ready")]
    public Task<HttpResponseMessage> ReadyAsync(CancellationToken cancellationToken);

    [Post("/loki/api/v1/push")]
    public Task<HttpResponseMessage> PushAsync([Body] HttpContent streams, CancellationToken cancellationToken);
}
