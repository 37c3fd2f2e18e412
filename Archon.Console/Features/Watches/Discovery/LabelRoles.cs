using System.Text.RegularExpressions;
using Archon.Features.Scanning;

namespace Archon.Features.Watches.Discovery;

/// <summary>How labels of a metric say that a request failed.</summary>
/// <param name="Labels">Names of the labels: programs that share a metric may differ in how they call it.</param>
/// <param name="Failed">RE2 of values that are the fault of the service.</param>
/// <param name="Refused">RE2 of values that are the fault of who called; null where the labels do not tell.</param>
/// <param name="IsHttp">Values are HTTP's, so a failure is one of 5xx.</param>
public sealed record OutcomeRole(IReadOnlyList<string> Labels, string Failed, string? Refused, bool IsHttp = false);

/// <summary>What labels mean, by their names and, where a name has several meanings, by their values.</summary>
internal static partial class LabelRoles
{
    /// <summary>Labels that name a service, the most telling first. The last one is what every target has.</summary>
    public static IReadOnlyList<string> Identity { get; } = [.. ServiceLabels.Called, .. ServiceLabels.Own];

    /// <summary>Labels that may say how a request ended, the most exact first.</summary>
    public static IReadOnlyList<string> Outcome { get; } =
    [
        "http_response_status_code",
        "http.response.status_code",
        "http_status_code",
        "http.status_code",
        "http_status",
        "status_code",
        "statuscode",
        "response_code",
        "code",
        "status",
        "grpc_code",
        "grpc_status",
        "rpc_grpc_status_code",
        "rpc.grpc.status_code",
        "status_class",
        "code_class",
        "response_code_class",
        "outcome",
        "result",
        "success",
        "error_type",
        "error.type",
        "error",
        "state",
    ];

    /// <summary>Labels that may name an endpoint; templates of paths before raw ones.</summary>
    public static IReadOnlyList<string> Route { get; } =
    [
        "http_route",
        "http.route",
        "route",
        "handler",
        "endpoint",
        "path_template",
        "uri",
        "path",
        "url",
        "resource",
        "operation",
        "rpc_method",
        "rpc.method",
        "grpc_method",
        "method_name",
        "controller",
    ];

    private const string GrpcFault = "(?i)unknown|deadline_?exceeded|unimplemented|internal|unavailable|data_?loss|2|4|12|13|14|15";

    private const string GrpcRefusal =
        "(?i)cancell?ed|invalid_?argument|not_?found|already_?exists|permission_?denied|resource_?exhausted|failed_?precondition|aborted"
        + "|out_?of_?range|unauthenticated|1|3|5|6|7|8|9|10|11|16";

    private const string Fault =
        "(?i)(.*_)?(errors?|failed|failures?|fail|fault|exception|timeout|timed_?out|rejected|crashed|panic|nok|ko)(_.*)?";

    /// <summary>How requests of a metric say that they failed; null where they do not.</summary>
    public static OutcomeRole? Of(MetricLabels metric)
    {
        OutcomeRole? found = null;
        foreach (var label in Outcome)
        {
            if (!metric.Names.Contains(label) || Of(label, metric.Outcomes.GetValueOrDefault(label)) is not { } role)
                continue;
            if (found is null)
                found = role;
            else if (found.Failed == role.Failed)
                found = found with { Labels = [.. found.Labels, label] };
        }
        return found;
    }

    private static OutcomeRole? Of(string label, IReadOnlySet<string>? values)
    {
        if (label.Contains("grpc", StringComparison.Ordinal))
            return new OutcomeRole([label], GrpcFault, GrpcRefusal);
        if (values is not { Count: > 0 })
        {
            return label.Contains("http", StringComparison.Ordinal) || label.Contains("code", StringComparison.Ordinal)
                ? Http(label)
                : null;
        }
        if (label.StartsWith("error", StringComparison.Ordinal))
            return values.All(IsYesOrNo) ? new OutcomeRole([label], "(?i)true|1", null) : null;
        if (label == "success")
            return values.All(IsYesOrNo) ? new OutcomeRole([label], "(?i)false|0", null) : null;
        if (values.Any(value => HttpStatus().IsMatch(value)))
            return Http(label);
        if (values.All(value => ClassDigit().IsMatch(value)))
            return label.Contains("class", StringComparison.Ordinal) ? new OutcomeRole([label], "5", "4", IsHttp: true) : null;
        if (values.Any(value => GrpcWord().IsMatch(value)))
            return new OutcomeRole([label], GrpcFault, GrpcRefusal);
        if (values.Any(value => value is "SERVER_ERROR" or "CLIENT_ERROR"))
            return new OutcomeRole([label], "SERVER_ERROR", "CLIENT_ERROR", IsHttp: true);
        return values.Any(value => FaultWord().IsMatch(value)) || values.Any(value => SuccessWord().IsMatch(value))
            ? new OutcomeRole([label], Fault, null)
            : null;
    }

    private static OutcomeRole Http(string label) => new([label], "5..", "4..", IsHttp: true);

    private static bool IsYesOrNo(string value) => value is "true" or "false" or "True" or "False" or "0" or "1";

    [GeneratedRegex("^[1-5]([0-9][0-9]|[xX][xX])\\z", RegexOptions.CultureInvariant)]
    private static partial Regex HttpStatus();

    [GeneratedRegex("^[0-9]\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ClassDigit();

    [GeneratedRegex(
        "^(OK|DeadlineExceeded|Unavailable|Internal|Unimplemented|NotFound|InvalidArgument|DEADLINE_EXCEEDED|UNAVAILABLE|INTERNAL|UNIMPLEMENTED)\\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex GrpcWord();

    [GeneratedRegex("^" + Fault + "\\z", RegexOptions.CultureInvariant)]
    private static partial Regex FaultWord();

    [GeneratedRegex("^(?i)(ok|success|successful|succeeded|pass|passed|STATUS_CODE_UNSET)\\z", RegexOptions.CultureInvariant)]
    private static partial Regex SuccessWord();
}
