namespace Archon.Ui.Parts;

/// <summary>
/// Works a value out again only when what it follows from has changed: for what is too much work to do whenever a component is drawn, such as parsing.
/// </summary>
/// <remarks>One component's own.</remarks>
public sealed class Memo<TFrom, TValue>(Func<TFrom, TValue> work)
{
    private (TFrom From, TValue Value)? last;

    public TValue Of(TFrom from)
    {
        if (last is not { } known || !EqualityComparer<TFrom>.Default.Equals(known.From, from))
            last = known = (from, work(from));
        return known.Value;
    }
}
