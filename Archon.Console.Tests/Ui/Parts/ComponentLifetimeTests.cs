using System.Reflection;
using Archon.Ui.Parts;
using Microsoft.AspNetCore.Components;
using Xunit;

namespace Archon.Tests.Ui.Parts;

public sealed class ComponentLifetimeTests
{
    [Fact]
    public void Work_that_goes_on_after_its_component_was_removed_finds_its_token_cancelled_and_no_exception()
    {
        var lifetime = new ComponentLifetime();

        lifetime.Dispose();
        lifetime.Dispose();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(lifetime.Token);

        Assert.True(lifetime.IsOver);
        Assert.True(late.IsCancellationRequested);
    }

    /// <summary>A source that is disposed of with its component throws when late work asks for its token.</summary>
    [Fact]
    public void Components_keep_no_source_of_cancellation_for_as_long_as_they_live()
    {
        Assert.Empty(Keeping(typeof(Program).Assembly.GetTypes()));
        Assert.Equal([typeof(Keeper)], Keeping([typeof(Keeper)]));
    }

    private static IEnumerable<Type> Keeping(IEnumerable<Type> types) =>
        types.Where(type =>
            type.IsSubclassOf(typeof(ComponentBase))
            && type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Any(field => field.IsInitOnly && field.FieldType == typeof(CancellationTokenSource))
        );

    private sealed class Keeper : ComponentBase, IDisposable
    {
        private readonly CancellationTokenSource lifetime = new();

        public void Dispose() => lifetime.Dispose();
    }
}
