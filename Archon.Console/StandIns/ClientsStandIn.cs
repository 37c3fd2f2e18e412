// A simple stand-in, so that jobs compile and are tested before the part "clients" lands. Whoever lands it deletes this file in the same commit;
// Features/Watches and its neighbours show how the real types are called.
#nullable enable
#pragma warning disable CS1591, CA1815, CA1812, CA1034, CA1056, CA1062
using System.Globalization;
using System.Text.Json;
using Archon.Analysis.Series;

namespace Archon.Integrations.Prometheus
{
    public sealed record MatrixResult(IReadOnlyList<MetricSeries> Series);

    public sealed record PrometheusRuleGroup(string Name, string File, TimeSpan Interval, IReadOnlyList<PrometheusRule> Rules);

    public sealed record PrometheusRule(
        string Name, string Query, bool IsAlerting, string? State, string? Health, string? LastError, TimeSpan For, TimeSpan KeepFiringFor,
        IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations);

    public sealed class PrometheusClient(HttpClient http)
    {
        public async Task<Fetch<MatrixResult>> QueryRangeAsync(string promql, TimeRange range, TimeSpan step, CancellationToken cancellationToken) =>
            await GetAsync($"api/v1/query_range?query={Uri.EscapeDataString(promql)}&start={S(range.Start)}&end={S(range.End)}&step={step.TotalSeconds}", data =>
                new MatrixResult([.. data.GetProperty("result").EnumerateArray().Where(s => s.TryGetProperty("values", out _)).Select(Series)]), cancellationToken);

        public async Task<Fetch<IReadOnlyList<string>>> LabelValuesAsync(string label, IReadOnlyList<string>? matchers, TimeRange? range, CancellationToken cancellationToken) =>
            await GetAsync<IReadOnlyList<string>>($"api/v1/label/{label}/values", data => [.. data.EnumerateArray().Select(v => v.GetString()!)], cancellationToken);

        public async Task<Fetch<IReadOnlyList<PrometheusRuleGroup>>> RulesAsync(CancellationToken cancellationToken) =>
            await GetAsync<IReadOnlyList<PrometheusRuleGroup>>("api/v1/rules", data => [.. data.GetProperty("groups").EnumerateArray().Select(g => new PrometheusRuleGroup(
                g.GetProperty("name").GetString()!, g.GetProperty("file").GetString()!, TimeSpan.FromSeconds(g.GetProperty("interval").GetDouble()),
                [.. g.GetProperty("rules").EnumerateArray().Select(Rule)]))], cancellationToken);

        private static PrometheusRule Rule(JsonElement r) => new(
            r.GetProperty("name").GetString()!, r.GetProperty("query").GetString()!, r.GetProperty("type").GetString() == "alerting",
            Text(r, "state"), Text(r, "health"), Text(r, "lastError"), Seconds(r, "duration"), Seconds(r, "keepFiringFor"), Map(r, "labels"), Map(r, "annotations"));

        private static string? Text(JsonElement r, string name) => r.TryGetProperty(name, out var v) ? v.GetString() : null;
        private static TimeSpan Seconds(JsonElement r, string name) => r.TryGetProperty(name, out var v) ? TimeSpan.FromSeconds(v.GetDouble()) : TimeSpan.Zero;
        private static Dictionary<string, string> Map(JsonElement r, string name) =>
            r.TryGetProperty(name, out var v) ? v.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!) : [];

        private static string S(DateTimeOffset at) => (at.ToUnixTimeMilliseconds() / 1000.0).ToString(CultureInfo.InvariantCulture);

        private static MetricSeries Series(JsonElement s)
        {
            var values = s.GetProperty("values").EnumerateArray().ToList();
            return new MetricSeries(new SeriesLabels(Map(s, "metric")),
                values.Select(v => (long)Math.Round(v[0].GetDouble() * 1000)).ToArray(),
                values.Select(v => v[1].GetString() switch { "+Inf" => double.PositiveInfinity, "-Inf" => double.NegativeInfinity, var t => double.Parse(t!, CultureInfo.InvariantCulture) }).ToArray());
        }

        private async Task<Fetch<T>> GetAsync<T>(string path, Func<JsonElement, T> read, CancellationToken cancellationToken)
        {
            try
            {
                using var response = await http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
                var text = await response.Content.ReadAsStringAsync(cancellationToken);
                if ((int)response.StatusCode is 400 or 422) return new Fetch<T>.Rejected(text);
                if (!response.IsSuccessStatusCode) return new Fetch<T>.Unavailable(text);
                using var json = JsonDocument.Parse(text);
                return new Fetch<T>.Ok(read(json.RootElement.GetProperty("data")));
            }
            catch (HttpRequestException failure)
            {
                return new Fetch<T>.Unavailable(failure.Message);
            }
        }
    }
}

namespace Archon.Integrations.Alertmanager
{
    public sealed record AlertmanagerStatus(string ConfigYaml);

    public sealed class AlertmanagerClient(HttpClient http)
    {
        public async Task<Fetch<AlertmanagerStatus>> StatusAsync(CancellationToken cancellationToken)
        {
            using var json = JsonDocument.Parse(await http.GetStringAsync(new Uri("api/v2/status", UriKind.Relative), cancellationToken));
            return new Fetch<AlertmanagerStatus>.Ok(new AlertmanagerStatus(json.RootElement.GetProperty("config").GetProperty("original").GetString()!));
        }
    }
}
