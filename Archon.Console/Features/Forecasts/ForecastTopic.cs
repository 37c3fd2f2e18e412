using Archon.Live;

namespace Archon.Features.Forecasts;

/// <summary>Forecasts, predictions and what became of them.</summary>
public sealed class ForecastTopic(TimeProvider clock) : LiveTopic(Id, clock)
{
    public const string Id = "forecasts";
}
