using Archon.Shell;
using Microsoft.Extensions.Options;
using Xunit;

namespace Archon.Tests.Shell;

public sealed class ConsoleFeaturesTests
{
    private static readonly ConsoleFeature[] All =
    [
        new("Services", _ => { }) { IsCore = true },
        new("Explore", _ => { }),
        new("Rules", _ => { }) { Needs = ["Explore"] },
        new("Overview", _ => { }),
        new("Reports", _ => { }) { Needs = ["Rules"] },
    ];

    [Fact]
    public void What_needs_a_feature_is_left_out_with_it()
    {
        var features = new ConsoleFeatures(All, ["explore"]);

        Assert.Equal(["Services", "Overview"], features.Present.Select(feature => feature.Name));
        Assert.True(features.Has(typeof(Archon.Features.Services.ServicesPage)));
        Assert.False(features.Has(typeof(Archon.Features.Rules.List.RulesPage)));
        Assert.True(features.Has(typeof(NotFoundPage)));
    }

    [Theory]
    [InlineData("Services")]
    [InlineData("Weather")]
    public void A_name_that_cannot_be_left_out_is_refused_with_those_that_can(string name)
    {
        var features = new ConsoleFeatures(All, [name]);

        var result = new FeatureOptionsValidator(features).Validate(null, new FeatureOptions { FeaturesOff = [name] });

        Assert.Equal(All.Length, features.Present.Count);
        Assert.Equal($"Archon:FeaturesOff has '{name}'. It can have: Explore, Overview, Reports, Rules.", Assert.Single(result.Failures!));
    }

    [Fact]
    public void Names_that_can_be_left_out_are_accepted() =>
        Assert.Equal(
            ValidateOptionsResult.Success,
            new FeatureOptionsValidator(new ConsoleFeatures(All, ["rules"])).Validate(null, new FeatureOptions { FeaturesOff = ["rules"] })
        );
}
