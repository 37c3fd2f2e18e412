using Refit;

namespace Archon.Integrations.Alertmanager;

/// <summary>Alertmanager's HTTP API v2, after its OpenAPI document of 0.25 to 0.33. API v1 is gone since 0.27.</summary>
internal interface IAlertmanagerApi
{
    [Get("/api/v2/status")]
    public Task<HttpResponseMessage> StatusAsync(CancellationToken cancellationToken);

    [Get("/api/v2/alerts")]
    public Task<HttpResponseMessage> AlertsAsync(
        [Query(CollectionFormat.Multi)] IEnumerable<string>? filter,
        string? receiver,
        bool? active,
        bool? silenced,
        bool? inhibited,
        CancellationToken cancellationToken
    );

    [Post("/api/v2/alerts")]
    public Task<HttpResponseMessage> PostAlertsAsync([Body] HttpContent alerts, CancellationToken cancellationToken);

    [Get("/api/v2/alerts/groups")]
    public Task<HttpResponseMessage> GroupsAsync(
        [Query(CollectionFormat.Multi)] IEnumerable<string>? filter,
        string? receiver,
        CancellationToken cancellationToken
    );

    [Get("/api/v2/silences")]
    public Task<HttpResponseMessage> SilencesAsync(
        [Query(CollectionFormat.Multi)] IEnumerable<string>? filter,
        CancellationToken cancellationToken
    );

    [Get("/api/v2/silence/{id}")]
    public Task<HttpResponseMessage> SilenceAsync(string id, CancellationToken cancellationToken);

    [Post("/api/v2/silences")]
    public Task<HttpResponseMessage> PostSilenceAsync([Body] HttpContent silence, CancellationToken cancellationToken);

    [Delete("/api/v2/silence/{id}")]
    public Task<HttpResponseMessage> DeleteSilenceAsync(string id, CancellationToken cancellationToken);

    [Get("/api/v2/receivers")]
    public Task<HttpResponseMessage> ReceiversAsync(CancellationToken cancellationToken);
}
