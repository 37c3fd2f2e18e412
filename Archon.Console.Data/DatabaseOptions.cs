using System.ComponentModel.DataAnnotations;

namespace Archon.Data;

/// <summary>Section <c>Archon:Database</c>.</summary>
public sealed class DatabaseOptions
{
    /// <summary>Where the console keeps what it makes itself; the embedded PostgreSQL lies in its folder <c>postgres</c>.</summary>
    [Required]
    public string Folder { get; set; } = "";

    /// <summary>How often a ready database is asked whether it is still there. With <see cref="ProbeTimeout"/> the longest time until it counts as away.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>Time for the whole of one such question, from the connection to the answer. 1 second to 1 minute, 5 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pause before a database that is away is tried again. 0.1 seconds to 1 minute, 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan ShortestRetry { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause before an embedded server that does not start is tried again; it doubles up to this. 15 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan LongestRetry { get; set; } = TimeSpan.FromSeconds(15);
}

[Microsoft.Extensions.Options.OptionsValidator]
internal sealed partial class DatabaseOptionsValidator : Microsoft.Extensions.Options.IValidateOptions<DatabaseOptions>;
