namespace Archon.Shell;

/// <summary>Tells the frame which environments there are to look at.</summary>
public interface IEnvironmentSource
{
    public Task<IReadOnlyList<(int Id, string Name)>> EnvironmentsAsync(CancellationToken cancellationToken);
}
