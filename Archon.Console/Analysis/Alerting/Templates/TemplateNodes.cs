using System.Text;

namespace Archon.Analysis.Alerting.Templates;

/// <summary>One expansion: its output and the variables in sight.</summary>
internal sealed class TemplateRun
{
    private readonly List<(string Name, object? Value)> variables = [];
    private readonly IReadOnlyDictionary<string, TemplateNode> defined;
    private int depth;

    public TemplateRun(AlertTemplateData data, IReadOnlyDictionary<string, TemplateNode> defined)
    {
        (Data, this.defined) = (data, defined);
        Root = new TemplateRoot(data);
        variables.Add(("$", Root));
        foreach (var (name, value) in Predeclared(data)) variables.Add((name, value));
    }

    public AlertTemplateData Data { get; }
    public TemplateRoot Root { get; }
    public StringBuilder Output { get; } = new();
    public int Mark => variables.Count;

    public static IEnumerable<(string Name, object? Value)> Predeclared(AlertTemplateData data) =>
    [
        ("$labels", data.Labels), ("$externalLabels", data.ExternalLabels), ("$externalURL", data.ExternalUrl), ("$value", data.Value),
    ];

    public void Forget(int mark) => variables.RemoveRange(mark, variables.Count - mark);
    public void Declare(string name, object? value) => variables.Add((name, value));

    public void Assign(string name, object? value)
    {
        var at = variables.FindLastIndex(one => one.Name == name);
        variables[at] = (name, value);
    }

    public object? Variable(string name) => variables[variables.FindLastIndex(one => one.Name == name)].Value;

    public void Call(string name, object? dot)
    {
        if (!defined.TryGetValue(name, out var body)) throw new AlertTemplateException($"template {GoText.Quote(name)} not defined");
        if (++depth > AlertTemplate.MostDepth) throw new AlertTemplateException("exceeded maximum template depth");
        var saved = variables.ToList();
        variables.Clear();
        variables.Add(("$", dot));
        body.Write(this, dot);
        variables.Clear();
        variables.AddRange(saved);
        depth--;
    }
}

/// <summary>The dot at the start.</summary>
internal sealed record TemplateRoot(AlertTemplateData Data);

/// <summary>Leaves the innermost range.</summary>
internal sealed class TemplateJump(bool isBreak) : Exception
{
    public bool IsBreak { get; } = isBreak;
}

internal abstract class TemplateNode
{
    public abstract void Write(TemplateRun run, object? dot);
}

internal sealed class TemplateText(string text) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot) => run.Output.Append(text);
}

internal sealed class TemplateList(IReadOnlyList<TemplateNode> nodes) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot)
    {
        foreach (var node in nodes) node.Write(run, dot);
    }
}

internal sealed class TemplateAction(TemplatePipeline pipeline) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot)
    {
        var value = pipeline.Evaluate(run, dot);
        if (!pipeline.Declares) run.Output.Append(TemplateValues.Print(value));
    }
}

internal sealed class TemplateIf(TemplatePipeline condition, TemplateNode then, TemplateNode? otherwise, bool isWith) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot)
    {
        var mark = run.Mark;
        var value = condition.Evaluate(run, dot);
        if (TemplateValues.IsTrue(value)) then.Write(run, isWith ? value : dot);
        else otherwise?.Write(run, dot);
        run.Forget(mark);
    }
}

internal sealed class TemplateRange(TemplatePipeline over, TemplateNode body, TemplateNode? otherwise) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot)
    {
        var mark = run.Mark;
        var items = TemplateValues.Items(over.Evaluate(run, dot, declare: false));
        if (items.Count == 0) otherwise?.Write(run, dot);
        foreach (var (key, item) in items)
        {
            var inner = run.Mark;
            over.DeclareItem(run, key, item);
            try
            {
                body.Write(run, item);
            }
            catch (TemplateJump jump)
            {
                if (jump.IsBreak) break;
            }
            run.Forget(inner);
        }
        run.Forget(mark);
    }
}

internal sealed class TemplateLeave(bool isBreak) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot) => throw new TemplateJump(isBreak);
}

internal sealed class TemplateInclude(string name, TemplatePipeline? pipeline) : TemplateNode
{
    public override void Write(TemplateRun run, object? dot) => run.Call(name, pipeline?.Evaluate(run, dot));
}

internal sealed class TemplatePipeline(IReadOnlyList<TemplateCommand> commands, IReadOnlyList<string> declared, bool isAssignment)
{
    public bool Declares => declared.Count > 0;
    private string? Last => declared.Count > 0 ? declared[^1] : null;

    public object? Evaluate(TemplateRun run, object? dot, bool declare = true)
    {
        object? value = null;
        for (var i = 0; i < commands.Count; i++) value = commands[i].Evaluate(run, dot, i > 0, value);
        if (declare) Declare(run, Last, value);
        return value;
    }

    public void DeclareItem(TemplateRun run, object? key, object? item)
    {
        if (declared.Count == 2) Declare(run, declared[0], key);
        Declare(run, Last, item);
    }

    private void Declare(TemplateRun run, string? name, object? value)
    {
        if (name is null) return;
        if (isAssignment) run.Assign(name, value);
        else run.Declare(name, value);
    }
}

/// <summary>A function with its arguments, or a single value.</summary>
internal sealed class TemplateCommand(IReadOnlyList<TemplateOperand> operands)
{
    public object? Evaluate(TemplateRun run, object? dot, bool hasPiped, object? piped)
    {
        var first = operands[0];
        if (first is TemplateFunctionName { Name: var name })
        {
            // Like Go, these two look no further than they need to.
            if (name is "and" or "or") return ShortCircuit(run, dot, name == "or", hasPiped, piped);
            var arguments = operands.Skip(1).Select(one => one.Evaluate(run, dot)).ToList();
            if (hasPiped) arguments.Add(piped);
            return TemplateFunctions.Call(name, arguments, run);
        }
        if (operands.Count > 1 || hasPiped) throw new AlertTemplateException($"can't give argument to non-function {first}");
        return first.Evaluate(run, dot);
    }

    private object? ShortCircuit(TemplateRun run, object? dot, bool untilTrue, bool hasPiped, object? piped)
    {
        if (operands.Count == 1 && !hasPiped)
        {
            throw new AlertTemplateException($"wrong number of args for {(untilTrue ? "or" : "and")}: want at least 1 got 0");
        }
        object? value = null;
        foreach (var operand in operands.Skip(1))
        {
            value = operand.Evaluate(run, dot);
            if (TemplateValues.IsTrue(value) == untilTrue) return value;
        }
        return hasPiped ? piped : value;
    }
}

internal abstract class TemplateOperand
{
    public abstract object? Evaluate(TemplateRun run, object? dot);
}

internal sealed class TemplateLiteral(object? value, string text) : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => value;
    public override string ToString() => text;
}

internal sealed class TemplateDot : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => dot;
    public override string ToString() => ".";
}

internal sealed class TemplateVariable(string name) : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => run.Variable(name);
    public override string ToString() => name;
}

internal sealed class TemplateFunctionName(string name) : TemplateOperand
{
    public string Name { get; } = name;
    public override object? Evaluate(TemplateRun run, object? dot) => TemplateFunctions.Call(Name, [], run);
    public override string ToString() => Name;
}

internal sealed class TemplateNested(TemplatePipeline pipeline) : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => pipeline.Evaluate(run, dot);
    public override string ToString() => "(...)";
}

internal sealed class TemplateField(TemplateOperand of, string name) : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => TemplateValues.Field(of.Evaluate(run, dot), name);
    public override string ToString() => of is TemplateDot ? $".{name}" : $"{of}.{name}";
}
