using Archon.Analysis.Promql;
using Archon.Ui.Parts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Xunit;

namespace Archon.Tests.Architecture;

/// <summary>
/// Components are drawn again and again without a change: for a tick, a key, or a parent that is drawn. What they show is parsed when the text changes,
/// never when it is drawn.
/// </summary>
/// <remarks>
/// Read from the compiled code: whatever is called while a component is drawn or given its parameters, as deep as it goes, reaches no parser. What a
/// handler of an event calls does not count, nor what goes through a <see cref="Memo{TFrom,TValue}"/>.
/// </remarks>
public sealed class DrawingTests
{
    /// <summary>Methods that every drawing of a component calls.</summary>
    private static readonly string[] Drawing = ["BuildRenderTree", "OnParametersSet", "OnAfterRender", "ShouldRender"];

    /// <summary>Beginnings of the names of what parses: PromQL, templates, YAML, differences of texts, JSON.</summary>
    private static readonly string[] Parsers =
    [
        "Archon.Analysis.Promql.PromqlParser::",
        "Archon.Analysis.Promql.PromqlLexer::",
        "Archon.Analysis.AlertTemplates.AlertTemplate::Parse",
        "Archon.Analysis.AlertTemplates.AlertTemplate::ExpandOrReport",
        "Archon.ConfigFiles.Yaml.YamlTree",
        "Archon.ConfigFiles.Yaml.BoundedYaml",
        "Archon.ConfigFiles.Rules.RuleFile::Read",
        "Archon.ConfigFiles.Rules.LineDiff::",
        "YamlDotNet.",
        "DiffPlex.",
        "System.Text.Json.JsonDocument::Parse",
        "System.Text.Json.JsonSerializer::Deserialize",
    ];

    [Fact]
    public void Nothing_is_parsed_while_a_component_is_drawn()
    {
        using var console = AssemblyDefinition.ReadAssembly(typeof(Program).Assembly.Location);

        var components = Components(console.MainModule.GetTypes()).ToList();

        Assert.True(components.Count > 60, $"{components.Count} components: not all were found.");
        Assert.Empty(components.SelectMany(component => ParsedBy(component)));
    }

    [Fact]
    public void A_component_that_parses_while_it_is_drawn_is_found()
    {
        using var tests = AssemblyDefinition.ReadAssembly(typeof(DrawingTests).Assembly.Location);
        var own = tests.MainModule.GetTypes().Where(type => type.DeclaringType?.Name == nameof(DrawingTests));

        var found = Components(own).Where(component => ParsedBy(component).Any()).Select(component => component.Name);

        Assert.Equal([nameof(ParsesInAProperty), nameof(ParsesInAList), nameof(ParsesInAFragment), nameof(ParsesItsParameters)], found);
    }

    /// <returns>For each parser that is reached, the calls that lead to it.</returns>
    private static IEnumerable<string> ParsedBy(TypeDefinition component)
    {
        var from = new Dictionary<MethodDefinition, MethodDefinition?>();
        var waiting = new Queue<MethodDefinition>();
        foreach (var root in component.Methods.Where(method => Drawing.Contains(method.Name) && method.HasBody))
        {
            from[root] = null;
            waiting.Enqueue(root);
        }
        while (waiting.TryDequeue(out var caller))
        {
            foreach (var callee in Calls(caller))
            {
                var name = $"{callee.DeclaringType.FullName}::{callee.Name}";
                if (Parsers.Any(parser => name.StartsWith(parser, StringComparison.Ordinal)))
                    yield return $"{Path(caller)} > {name}";
                else if (Own(callee, component.Module) is { HasBody: true } method && from.TryAdd(method, caller))
                    waiting.Enqueue(method);
            }
        }

        string Path(MethodDefinition? method) =>
            method is null ? ""
            : from[method] is { } caller ? $"{Path(caller)} > {method.DeclaringType.Name}.{method.Name}"
            : $"{method.DeclaringType.Name}.{method.Name}";
    }

    private static IEnumerable<MethodReference> Calls(MethodDefinition caller)
    {
        foreach (var instruction in caller.Body.Instructions)
        {
            if (instruction.Operand is not MethodReference callee)
                continue;
            if (instruction.OpCode.Code is Code.Call or Code.Callvirt or Code.Newobj)
            {
                yield return callee;
                // What an iterator does is done while its reader goes through it.
                if (instruction.OpCode.Code == Code.Newobj && Own(callee, caller.Module) is { } made)
                {
                    foreach (var next in made.DeclaringType.Methods.Where(method => method.Name == "MoveNext"))
                        yield return next;
                }
            }
            else if (instruction.OpCode.Code is Code.Ldftn or Code.Ldvirtftn && IsCalledAtOnce(instruction.Next))
                yield return callee;
        }
    }

    /// <summary>Whether a delegate is one that drawing itself calls, as lists and fragments do, rather than one that waits for an event.</summary>
    private static bool IsCalledAtOnce(Instruction? made) =>
        made is { OpCode.Code: Code.Newobj, Operand: MethodReference { DeclaringType: var type } }
        && !type.FullName.StartsWith("System.Action", StringComparison.Ordinal)
        && !(type is GenericInstanceType { GenericArguments: [.., var result] } && result.Name is "Task" or "Task`1" or "ValueTask");

    private static MethodDefinition? Own(MethodReference method, ModuleDefinition module) =>
        method.DeclaringType.GetElementType().Scope == module ? method.Resolve() : null;

    private static IEnumerable<TypeDefinition> Components(IEnumerable<TypeDefinition> types) =>
        types.Where(type => type.Methods.Any(method => method.Name == "BuildRenderTree" && method.IsVirtual && method.HasBody));

    private sealed class ParsesInAProperty : ComponentBase
    {
        private static bool IsPromql => PromqlParser.Parse("up", out _) is not null;

        protected override void BuildRenderTree(RenderTreeBuilder builder) => builder.AddContent(0, IsPromql);
    }

    private sealed class ParsesInAList : ComponentBase
    {
        private readonly List<string> expressions = ["up"];

        protected override void BuildRenderTree(RenderTreeBuilder builder) =>
            builder.AddContent(0, string.Join(' ', expressions.Select(text => PromqlParser.Canonical(text))));
    }

    private sealed class ParsesInAFragment : ComponentBase
    {
        protected override void BuildRenderTree(RenderTreeBuilder builder) =>
            builder.AddContent(0, (RenderFragment)(inner => inner.AddContent(1, PromqlParser.Canonical("up"))));
    }

    private sealed class ParsesItsParameters : ComponentBase
    {
        protected override void OnParametersSet() => PromqlParser.Canonical("up");

        protected override void BuildRenderTree(RenderTreeBuilder builder) => builder.AddContent(0, "up");
    }

    private sealed class ParsesOnceOrWhenAsked : ComponentBase
    {
        private readonly Memo<string, string> canonical = new(PromqlParser.Canonical);

        protected override void BuildRenderTree(RenderTreeBuilder builder)
        {
            builder.AddContent(0, canonical.Of("up"));
            builder.AddAttribute(1, "onclick", EventCallback.Factory.Create(this, () => Assert.NotNull(PromqlParser.Canonical("up"))));
        }
    }
}
