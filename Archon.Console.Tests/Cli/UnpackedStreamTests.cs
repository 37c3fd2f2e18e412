using Archon.Analysis;
using Archon.Cli;
using Xunit;

namespace Archon.Tests.Cli;

public sealed class UnpackedStreamTests
{
    private static readonly InputLimit Few = new(100, "the file unpacks to more than {0} bytes");

    [Theory]
    [InlineData(100, null)]
    [InlineData(101, "a.gz: the file unpacks to more than 100 bytes.")]
    public async Task Reading_ends_at_the_limit_with_a_sentence(int length, string? refusal)
    {
        using var stream = new UnpackedStream(new MemoryStream(new byte[length]), "a.gz", Few);

        var refused = await Record.ExceptionAsync(() => stream.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));

        Assert.Equal(refusal, refused?.Message);
        Assert.Equal(refusal is not null, refused is BadInputException);
    }
}
