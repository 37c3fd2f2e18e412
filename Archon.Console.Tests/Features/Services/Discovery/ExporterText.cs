using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Archon.Tests.Kit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Archon.Tests.Features.Services.Discovery;

/// <summary>Texts of <c>/metrics</c>, and a server that gives them to a Prometheus.</summary>
internal static partial class ExporterText
{
    private const string Folder = "discovery/";

    /// <summary>File names of all texts and answers.</summary>
    public static IReadOnlyList<string> Resources { get; } =
    [
        .. typeof(ExporterText)
            .Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .Select(name => name[Folder.Length..]),
    ];

    public static string Resource(string name)
    {
        using var stream = typeof(ExporterText).Assembly.GetManifestResourceStream(Folder + name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>A histogram's or summary's name is that of its family: without <c>_bucket</c>, <c>_sum</c> and <c>_count</c>.</summary>
    public static string Family(string metric) => Part().Replace(metric, "");

    /// <summary>Names of the series in a text, and of their families.</summary>
    public static IReadOnlySet<string> Metrics(string name) =>
        Resource(name)
            .Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => Name().Match(line))
            .Select(match => match.Groups[1].Success ? match.Groups[1].Value : match.Groups[2].Value)
            .SelectMany(metric => (string[])[metric, Family(metric)])
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>Responds to <c>/NAME</c> with that text, in its own format.</summary>
    public static async Task<WebApplication> ServeAsync(IEnumerable<string> names)
    {
        var pages = names.Distinct().ToDictionary(name => $"/{name}", name => new GrowingText(Repeat(Body(name))));
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(async context =>
        {
            var path = context.Request.Path.Value!;
            context.Response.ContentType = path.EndsWith(".openmetrics", StringComparison.Ordinal)
                ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                : "text/plain; version=0.0.4; charset=utf-8";
            await context.Response.Body.WriteAsync(pages[path].Next());
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>A Prometheus that scrapes these targets, each with its own job, instance and labels.</summary>
    public static Task<RealPrometheus> ScrapeAsync(
        WebApplication server,
        IReadOnlyList<ExpectedTarget> targets,
        CancellationToken cancellationToken
    )
    {
        var address = new Uri(server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        var config = new StringBuilder("global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n");
        foreach (var (target, i) in targets.Select((target, i) => (target, i)))
        {
            var labels = new Dictionary<string, string>(target.Labels ?? new Dictionary<string, string>())
            {
                ["job"] = target.Job,
                ["instance"] = target.Instance,
            };
            config.Append(CultureInfo.InvariantCulture, $"- job_name: 'target-{i}'\n  metrics_path: '/{target.Text}'\n");
            config.Append(CultureInfo.InvariantCulture, $"  static_configs: [ {{ targets: [ '{address.Authority}' ], labels: {{ ");
            config.AppendJoin(", ", labels.Select(label => $"{label.Key}: '{label.Value}'")).Append(" } } ]\n");
        }
        return RealPrometheus.StartAsync(config.ToString(), cancellationToken);
    }

    /// <summary>The first line says what a text was written from, which OpenMetrics does not allow.</summary>
    private static string Body(string name)
    {
        var text = Resource(name);
        return name.EndsWith(".openmetrics", StringComparison.Ordinal) ? text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..] : text;
    }

    private static string Repeat(string text)
    {
        if (!text.Contains("{1..", StringComparison.Ordinal))
            return text;
        var whole = new StringBuilder();
        foreach (var line in text.Split('\n'))
        {
            var match = Range().Match(line);
            for (var i = 1; match.Success && i <= int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture); i++)
                whole.Append(line[..match.Index]).Append(i).Append(line[(match.Index + match.Length)..]).Append('\n');
            if (!match.Success)
                whole.Append(line).Append('\n');
        }
        return whole.ToString().TrimEnd('\n') + '\n';
    }

    [GeneratedRegex("""^(?:\{"([^"]+)"|([^{ ]+))""")]
    private static partial Regex Name();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part();

    [GeneratedRegex(@"\{1\.\.([0-9]+)\}")]
    private static partial Regex Range();
}
