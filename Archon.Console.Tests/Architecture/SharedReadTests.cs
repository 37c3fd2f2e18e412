using Archon.Live;
using Archon.Ui.View;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>
/// The read of a shared snapshot runs after its key was made. What the reader chose meanwhile must not decide what is read: it would be kept under that key
/// for everybody.
/// </summary>
public sealed class SharedReadTests
{
    private static readonly ModuleDefinition Console = ModuleDefinition.ReadModule(typeof(Program).Assembly.Location);

    [Fact]
    public void No_read_of_a_shared_snapshot_asks_for_what_the_reader_can_change_after_the_key_was_made()
    {
        var sources = SourcesOf(Console).ToList();

        Assert.True(sources.Count >= 14, $"{sources.Count} shared sources: not all were found.");
        Assert.Empty(sources.SelectMany(source => source.Reads.SelectMany(read => Changeable(source.Owner, read))).Distinct());
    }

    [Theory]
    [InlineData(nameof(LateReads.OfTheView), "EnvironmentId")]
    [InlineData(nameof(LateReads.OfAParameter), "get_Text")]
    [InlineData(nameof(LateReads.OfAField), "draft")]
    [InlineData(nameof(LateReads.ByAMethod), "get_Text")]
    [InlineData(nameof(LateReads.OfCopies), null)]
    public void The_check_sees_what_a_read_asks_for(string source, string? asked)
    {
        using var tests = ModuleDefinition.ReadModule(typeof(LateReads).Assembly.Location);
        var (owner, _, reads) = Assert.Single(SourcesOf(tests), one => one.Owner.Name == nameof(LateReads) && one.Source == source);

        var found = reads.SelectMany(read => Changeable(owner, read)).ToList();

        if (asked is null)
            Assert.Empty(found);
        else
            Assert.Contains(found, one => one.Contains(asked, StringComparison.Ordinal));
    }

    /// <summary>Each call of <see cref="LiveSource.Shared"/>, with the methods that it is given to read by.</summary>
    private static IEnumerable<(TypeDefinition Owner, string Source, IReadOnlyList<MethodDefinition> Reads)> SourcesOf(
        ModuleDefinition module
    ) =>
        from owner in module.Types.SelectMany(type => type.NestedTypes.Prepend(type))
        from method in owner.Methods
        where
            method.HasBody
            && method.Body.Instructions.Any(one =>
                one.Operand is MethodReference { Name: "Shared", DeclaringType.Name: nameof(LiveSource) }
            )
        select (
            Written(owner),
            method.Name,
            (IReadOnlyList<MethodDefinition>)
                [
                    .. method
                        .Body.Instructions.Where(one =>
                            one.OpCode.Code is Code.Ldftn or Code.Ldvirtftn
                            && one.Next.Operand
                                is MethodReference
                                {
                                    DeclaringType: GenericInstanceType { GenericArguments: [_, { Name: nameof(CancellationToken) }, _] }
                                }
                        )
                        .Select(one => ((MethodReference)one.Operand).Resolve()),
                ]
        );

    /// <summary>The type in the source: asynchronous methods and closures have types of their own within it.</summary>
    private static TypeDefinition Written(TypeDefinition type)
    {
        while (type.Name.StartsWith('<'))
            type = type.DeclaringType;
        return type;
    }

    /// <summary>What the read, and what it calls within its own page, asks of the view, of parameters or of fields that change.</summary>
    private static IEnumerable<string> Changeable(TypeDefinition owner, MethodDefinition read)
    {
        var waiting = new Stack<MethodDefinition>([read]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (waiting.TryPop(out var method))
        {
            if (!method.HasBody || !IsWithin(owner, method.DeclaringType) || !seen.Add(method.FullName))
                continue;
            foreach (var operand in method.Body.Instructions.Select(one => one.Operand).OfType<MemberReference>())
            {
                if (operand.DeclaringType?.Name == nameof(ViewState) || operand is FieldReference { FieldType.Name: nameof(ViewState) })
                    yield return $"{method.FullName}: {operand.FullName}";
                else if (operand is FieldReference field && field.DeclaringType.FullName == owner.FullName && IsChangeable(field.Resolve()))
                    yield return $"{method.FullName}: {operand.FullName}";
                else if (operand is MethodReference called && IsWithin(owner, called.DeclaringType) && called.Resolve() is { } inner)
                {
                    if (inner.IsGetter && !inner.IsStatic && inner.DeclaringType == owner)
                        yield return $"{method.FullName}: {operand.FullName}";
                    waiting.Push(inner);
                }
            }
            // An asynchronous method has its body in a type of its own.
            foreach (
                var machine in method
                    .Body.Variables.Select(one => one.VariableType.Resolve())
                    .Where(type => type?.DeclaringType is not null)
            )
            {
                if (IsWithin(owner, machine!) && machine!.Methods.SingleOrDefault(one => one.Name == "MoveNext") is { } body)
                    waiting.Push(body);
            }
        }
    }

    private static bool IsWithin(TypeDefinition owner, TypeReference type) =>
        type.FullName == owner.FullName || type.FullName.StartsWith(owner.FullName + "/", StringComparison.Ordinal);

    /// <summary>Parameters of the constructor are kept in fields with a name of the compiler, and nobody sets them again.</summary>
    private static bool IsChangeable(FieldDefinition field) => !field.IsInitOnly && !field.IsLiteral && !field.Name.StartsWith('<');

    /// <summary>Sources whose reads ask late, and one that asks in time.</summary>
    private sealed class LateReads(ViewState view)
    {
        private string draft = "";

        private string Text { get; set; } = "";

        public void Type(string text) => (draft, Text) = (text, text);

        public LiveSource<Letters> OfTheView() =>
            LiveSource.Shared("late", view.EnvironmentId, $"", [], (_, _) => Task.FromResult(new Letters(view.EnvironmentId)));

        public LiveSource<Letters> OfAParameter() =>
            LiveSource.Shared("late", view.EnvironmentId, $"{Text}", [], (_, _) => Task.FromResult(new Letters(Text.Length)));

        public LiveSource<Letters> OfAField() =>
            LiveSource.Shared("late", view.EnvironmentId, $"{draft}", [], (_, _) => Task.FromResult(new Letters(draft.Length)));

        public LiveSource<Letters> ByAMethod() => LiveSource.Shared("late", view.EnvironmentId, $"{Text}", [], ReadAsync);

        public LiveSource<Letters> OfCopies()
        {
            var text = Text;
            return LiveSource.Shared("late", view.EnvironmentId, $"{text}", [], (environment, _) => ReadAsync(environment, text));
        }

        private async Task<Letters> ReadAsync(int environmentId, CancellationToken cancellationToken)
        {
            await Task.Delay(environmentId, cancellationToken);
            return new Letters(Text.Length);
        }

        private static async Task<Letters> ReadAsync(int environmentId, string text)
        {
            await Task.Delay(environmentId);
            return new Letters(text.Length);
        }
    }

    private sealed record Letters(int Count) : ISharedPicture
    {
        public long Bytes => Count;
    }
}
