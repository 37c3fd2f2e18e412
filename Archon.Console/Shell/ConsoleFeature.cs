using Microsoft.Extensions.Options;

namespace Archon.Shell;

/// <summary>A feature: a folder of the same name under <c>Features</c>, and a line in <c>Program.cs</c>.</summary>
/// <param name="Name">Of its folder: <c>Forecasts</c>.</param>
/// <param name="Add">Registers its services and contributions.</param>
/// <param name="Map">Maps its endpoints; pages need none.</param>
public sealed record ConsoleFeature(string Name, Action<IServiceCollection> Add, Action<IEndpointRouteBuilder>? Map = null)
{
    /// <summary>Always present.</summary>
    public bool IsCore { get; init; }

    /// <summary>Present only in the environment <c>Development</c>.</summary>
    public bool IsForDevelopment { get; init; }

    /// <summary>Features that it cannot do without, beside those that are always present.</summary>
    public IReadOnlyList<string> Needs { get; init; } = [];
}

/// <summary>Bound to <c>Archon</c>.</summary>
public sealed class FeatureOptions
{
    /// <summary>Names of features to leave out; those that need them are left out too.</summary>
    public string[] FeaturesOff { get; init; } = [];
}

/// <summary>The features that this console has.</summary>
public sealed class ConsoleFeatures
{
    private const string Root = "Archon.Features.";

    private readonly HashSet<string> absent;

    /// <param name="all">Every feature there is, in the order in which they are added.</param>
    /// <param name="off">Names to leave out. Others than those of features that can be left out change nothing.</param>
    /// <param name="isDevelopment">Features for development are present.</param>
    public ConsoleFeatures(IReadOnlyList<ConsoleFeature> all, IReadOnlyCollection<string> off, bool isDevelopment = false)
    {
        Optional = [.. all.Where(feature => !feature.IsCore).Select(feature => feature.Name).Order(StringComparer.Ordinal)];
        absent = Optional.Intersect(off, StringComparer.OrdinalIgnoreCase).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!isDevelopment)
            absent.UnionWith(all.Where(feature => feature.IsForDevelopment).Select(feature => feature.Name));
        // A feature that needs another one of those goes with it.
        while (all.FirstOrDefault(feature => !absent.Contains(feature.Name) && feature.Needs.Any(absent.Contains)) is { } dependent)
            absent.Add(dependent.Name);
        Present = [.. all.Where(feature => !absent.Contains(feature.Name))];
    }

    public IReadOnlyList<ConsoleFeature> Present { get; }

    /// <summary>Names of those that can be left out.</summary>
    public IReadOnlyList<string> Optional { get; }

    /// <summary>False for a page of a feature that is not present.</summary>
    public bool Has(Type page)
    {
        var space = page.Namespace ?? "";
        return !space.StartsWith(Root, StringComparison.Ordinal) || !absent.Contains(space[Root.Length..].Split('.')[0]);
    }
}

internal sealed class FeatureOptionsValidator(ConsoleFeatures features) : IValidateOptions<FeatureOptions>
{
    public ValidateOptionsResult Validate(string? name, FeatureOptions options)
    {
        var unknown = options.FeaturesOff.Where(one => !features.Optional.Contains(one, StringComparer.OrdinalIgnoreCase)).ToList();
        return unknown.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Archon:FeaturesOff has '{unknown[0]}'. It can have: {string.Join(", ", features.Optional)}.");
    }
}

public static class ConsoleFeaturesSetup
{
    /// <summary>Adds those that <c>Archon:FeaturesOff</c> does not leave out.</summary>
    /// <param name="all">Every feature there is. One that takes back what others registered is last.</param>
    public static void AddFeatures(this WebApplicationBuilder builder, params IReadOnlyList<ConsoleFeature> all)
    {
        var options = builder.Configuration.GetSection("Archon").Get<FeatureOptions>() ?? new FeatureOptions();
        var features = new ConsoleFeatures(all, options.FeaturesOff, builder.Environment.IsDevelopment());
        builder.Services.AddSingleton(features);
        builder.Services.AddOptions<FeatureOptions>().BindConfiguration("Archon").ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<FeatureOptions>, FeatureOptionsValidator>();
        foreach (var feature in features.Present)
            feature.Add(builder.Services);
    }

    public static void MapFeatures(this WebApplication app)
    {
        foreach (var feature in app.Services.GetRequiredService<ConsoleFeatures>().Present)
            feature.Map?.Invoke(app);
    }
}
