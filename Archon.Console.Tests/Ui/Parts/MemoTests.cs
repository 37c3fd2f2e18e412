using Archon.Ui.Parts;
using Xunit;

namespace Archon.Tests.Ui.Parts;

public sealed class MemoTests
{
    [Fact]
    public void A_value_is_worked_out_again_only_when_what_it_follows_from_changed()
    {
        var asked = new List<string>();
        var length = new Memo<string, int>(text =>
        {
            asked.Add(text);
            return text.Length;
        });

        int[] found = [length.Of("up"), length.Of("up"), length.Of("rate"), length.Of("up")];

        Assert.Equal([2, 2, 4, 2], found);
        Assert.Equal(["up", "rate", "up"], asked);
    }

    [Fact]
    public void Work_that_failed_is_tried_again()
    {
        var attempts = 0;
        var memo = new Memo<int, int>(from => ++attempts == 1 ? throw new InvalidOperationException("once") : from);

        Assert.Throws<InvalidOperationException>(() => memo.Of(7));
        Assert.Equal(7, memo.Of(7));
    }
}
