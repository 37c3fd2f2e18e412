using Archon.Shell;

namespace Archon.Features.DevUi;

/// <summary>A page for those who develop the console: every part of <c>Ui</c> in every state.</summary>
public static class DevUiSetup
{
    public static ConsoleFeature Feature { get; } = new("DevUi", _ => { }) { IsCore = true, IsForDevelopment = true };
}
