namespace Archon.Analysis.AlertTemplates;

/// <summary>What a label or an annotation of an alert is written from.</summary>
/// <param name="Labels">Labels of the sample that the rule's expression yielded, with its metric name.</param>
/// <param name="Value">Value of that sample.</param>
/// <param name="At">Time of the evaluation.</param>
public sealed record AlertTemplateData(IReadOnlyDictionary<string, string> Labels, double Value, DateTimeOffset At)
{
    /// <summary>Labels the server adds to everything it sends.</summary>
    public IReadOnlyDictionary<string, string> ExternalLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>The server's address for people.</summary>
    public string ExternalUrl { get; init; } = "";

    /// <summary>Answers the function <c>query</c>; without it such a template cannot be expanded.</summary>
    public Func<string, IReadOnlyList<TemplateSample>>? Query { get; init; }
}

/// <summary>One element of what <c>query</c> yields.</summary>
public sealed record TemplateSample(IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>A template is wrong, or cannot be expanded with what it was given.</summary>
public sealed class AlertTemplateException(string message) : Exception(message)
{
    /// <summary>Set where the template may be right and takes too much to be expanded here.</summary>
    public InputLimit? Limit { get; init; }
}

/// <summary>A template of a rule's label or annotation, in the language of Go's text/template with the functions of Prometheus.</summary>
/// <remarks>
/// Source: packages text/template and fmt of the Go standard library, and <c>template/template.go</c> of Prometheus. <c>$labels</c>,
/// <c>$value</c>, <c>$externalLabels</c> and <c>$externalURL</c> are known from the start, and a label that is not there is empty.
/// Methods of Go's types, such as <c>Format</c> of a time, are not known here.
/// </remarks>
public sealed class AlertTemplate
{
    private readonly TemplateNode body;
    private readonly IReadOnlyDictionary<string, TemplateNode> defined;

    private AlertTemplate(TemplateNode body, IReadOnlyDictionary<string, TemplateNode> defined, IReadOnlySet<string> functions) =>
        (this.body, this.defined, Functions) = (body, defined, functions);

    /// <summary>Names of the functions that are called anywhere.</summary>
    public IReadOnlySet<string> Functions { get; }

    /// <param name="error">Why the text is no template, in Go's words, or beyond which limit it is; null when it is one.</param>
    public static AlertTemplate? Parse(string text, out string? error) => Parse(text, out error, out _);

    /// <param name="error">Why the text is no template, in Go's words, or beyond which limit it is; null when it is one.</param>
    /// <param name="limit">Set where the text may be a template and is too large to be analysed.</param>
    public static AlertTemplate? Parse(string text, out string? error, out InputLimit? limit)
    {
        limit = null;
        try
        {
            InputLimits.TemplateLength.Check(text.Length);
            var reader = new TemplateReader(text);
            var body = reader.ReadAll();
            error = null;
            return new AlertTemplate(body, reader.Defined, reader.Functions);
        }
        catch (AlertTemplateException fault)
        {
            error = fault.Message;
            return null;
        }
        catch (InputLimitException beyond)
        {
            (error, limit) = (beyond.Message, beyond.Limit);
            return null;
        }
    }

    /// <exception cref="AlertTemplateException">It cannot be expanded with this, as Go says.</exception>
    public string Expand(AlertTemplateData data)
    {
        var run = new TemplateRun(data, defined);
        try
        {
            body.Write(run, run.Root);
            return run.Output;
        }
        catch (InputLimitException beyond)
        {
            throw new AlertTemplateException(beyond.Message) { Limit = beyond.Limit };
        }
    }

    /// <summary>As Prometheus puts it into a label or an annotation: where expanding fails, the reason stands in its place.</summary>
    public static string ExpandOrReport(string text, AlertTemplateData data)
    {
        if (!text.Contains("{{", StringComparison.Ordinal))
            return text;
        try
        {
            return Parse(text, out var error) is { } template ? template.Expand(data) : throw new AlertTemplateException(error!);
        }
        catch (AlertTemplateException fault)
        {
            return $"<error expanding template: {fault.Message}>";
        }
    }
}
