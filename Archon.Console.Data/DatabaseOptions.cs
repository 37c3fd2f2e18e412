using System.ComponentModel.DataAnnotations;

namespace Archon.Data;

/// <summary>Section <c>Archon:Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Where the console keeps what it makes itself; the embedded PostgreSQL lies in its folder <c>postgres</c>.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>How often a ready database is asked whether it is still there.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(3);

    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ShortestRetry { get; set; } = TimeSpan.FromSeconds(1);

    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan LongestRetry { get; set; } = TimeSpan.FromSeconds(15);
}

[Microsoft.Extensions.Options.OptionsValidator]
internal sealed partial class DatabaseOptionsValidator : Microsoft.Extensions.Options.IValidateOptions<DatabaseOptions>;
