namespace Archon.Ui.Parts;

/// <summary>
/// Ends when the component that owns it is removed. Work of the component that is still under way then may go on asking for the token and finds it
/// cancelled; the token of a <see cref="CancellationTokenSource"/> that is disposed of throws instead, which fails the page that came in its place.
/// </summary>
public sealed class ComponentLifetime : IDisposable
{
    private readonly CancellationTokenSource source = new();

    public ComponentLifetime() => Token = source.Token;

    public CancellationToken Token { get; }

    public bool IsOver => Token.IsCancellationRequested;

    public void Dispose()
    {
        if (IsOver)
            return;
        source.Cancel();
        source.Dispose();
    }
}
