using Refit;

namespace Archon.Integrations.Prometheus;

/// <summary>
/// Prometheus' HTTP API v1, as documented for 2.42 to 3.x. Replies are read from the stream, so that no matrix lies in memory twice.
/// </summary>
internal interface IPrometheusApi
{
    [Get("/api/v1/query")]
    public Task<HttpResponseMessage> QueryAsync(
        string query,
        string? time,
        string? timeout,
        string? stats,
        CancellationToken cancellationToken
    );

    [Post("/api/v1/query")]
    public Task<HttpResponseMessage> QueryAsync(
        [Body(BodySerializationMethod.UrlEncoded)] IDictionary<string, string> form,
        CancellationToken cancellationToken
    );

    [Get("/api/v1/query_range")]
    public Task<HttpResponseMessage> QueryRangeAsync(
        string query,
        string start,
        string end,
        string step,
        string? timeout,
        string? stats,
        CancellationToken cancellationToken
    );

    [Post("/api/v1/query_range")]
    public Task<HttpResponseMessage> QueryRangeAsync(
        [Body(BodySerializationMethod.UrlEncoded)] IDictionary<string, string> form,
        CancellationToken cancellationToken
    );

    [Get("/api/v1/series")]
    public Task<HttpResponseMessage> SeriesAsync(
        [AliasAs("match[]"), Query(CollectionFormat.Multi)] IEnumerable<string> match,
        string start,
        string end,
        CancellationToken cancellationToken
    );

    [Get("/api/v1/labels")]
    public Task<HttpResponseMessage> LabelsAsync(
        [AliasAs("match[]"), Query(CollectionFormat.Multi)] IEnumerable<string>? match,
        string? start,
        string? end,
        CancellationToken cancellationToken
    );

    [Get("/api/v1/label/{label}/values")]
    public Task<HttpResponseMessage> LabelValuesAsync(
        string label,
        [AliasAs("match[]"), Query(CollectionFormat.Multi)] IEnumerable<string>? match,
        string? start,
        string? end,
        CancellationToken cancellationToken
    );

    [Get("/api/v1/metadata")]
    public Task<HttpResponseMessage> MetadataAsync(string? metric, CancellationToken cancellationToken);

    [Get("/api/v1/targets")]
    public Task<HttpResponseMessage> TargetsAsync(string? state, CancellationToken cancellationToken);

    [Get("/api/v1/rules")]
    public Task<HttpResponseMessage> RulesAsync(string? type, CancellationToken cancellationToken);

    [Get("/api/v1/alerts")]
    public Task<HttpResponseMessage> AlertsAsync(CancellationToken cancellationToken);

    [Get("/api/v1/query_exemplars")]
    public Task<HttpResponseMessage> ExemplarsAsync(string query, string start, string end, CancellationToken cancellationToken);

    [Get("/api/v1/format_query")]
    public Task<HttpResponseMessage> FormatQueryAsync(string query, CancellationToken cancellationToken);

    [Get("/api/v1/status/{what}")]
    public Task<HttpResponseMessage> StatusAsync(string what, CancellationToken cancellationToken);

    [Get("/-/ready")]
    public Task<HttpResponseMessage> ReadyAsync(CancellationToken cancellationToken);
}
