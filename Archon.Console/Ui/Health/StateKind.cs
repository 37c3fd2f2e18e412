namespace Archon.Ui.Health;

/// <summary>The six states that have a shape, a word and a colour, in that order of importance.</summary>
public enum StateKind
{
    Critical,
    Warning,
    Info,
    Ok,
    Unknown,
    Silenced,
}
