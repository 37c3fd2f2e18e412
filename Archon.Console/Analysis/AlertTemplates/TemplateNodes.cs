using System.Text;

namespace Archon.Analysis.AlertTemplates;

/// <summary>One expansion: its output, the variables in sight, and what it has taken so far.</summary>
internal sealed class TemplateRun
{
    private readonly List<(string Name, object? Value)> variables = [];
    private readonly IReadOnlyDictionary<string, TemplateNode> defined;
    private readonly StringBuilder output = new();
    private int depth;
    private long steps;
    private long characters;

    public TemplateRun(AlertTemplateData data, IReadOnlyDictionary<string, TemplateNode> defined)
    {
        (Data, this.defined) = (data, defined);
        Root = new TemplateRoot(data);
        variables.Add(("$", Root));
        foreach (var (name, value) in Predeclared(data))
            variables.Add((name, value));
    }

    public AlertTemplateData Data { get; }
    public TemplateRoot Root { get; }
    public string Output => output.ToString();
    public int Mark => variables.Count;

    public static IEnumerable<(string Name, object? Value)> Predeclared(AlertTemplateData data) =>
        [("$labels", data.Labels), ("$externalLabels", data.ExternalLabels), ("$externalURL", data.ExternalUrl), ("$value", data.Value)];

    /// <summary>Loops and templates that call each other can run for ever on a few characters.</summary>
    /// <exception cref="InputLimitException">The expansion takes too long.</exception>
    public void Step(long count = 1) => InputLimits.TemplateSteps.Check(steps += count);

    /// <summary>A text that is put together from itself doubles every time.</summary>
    /// <exception cref="InputLimitException">The expansion makes too much text.</exception>
    public void Make(long length) => InputLimits.TemplateText.Check(characters += length);

    /// <exception cref="InputLimitException">The nodes are nested too deeply, those of called templates included.</exception>
    public void Enter() => InputLimits.TemplateDepth.Check(++depth);

    public void Leave() => depth--;

    public void Write(string text)
    {
        Make(text.Length);
        output.Append(text);
    }

    public void Forget(int mark) => variables.RemoveRange(mark, variables.Count - mark);

    public void Declare(string name, object? value) => variables.Add((name, value));

    public void Assign(string name, object? value) => variables[Find(name)] = (name, value);

    public object? Variable(string name) => variables[Find(name)].Value;

    public void Call(string name, object? dot)
    {
        if (!defined.TryGetValue(name, out var body))
            throw new AlertTemplateException($"template {GoText.Quote(name)} not defined");
        Step();
        Enter();
        var mark = Mark;
        // A template sees none of the caller's variables: the reader lets it name only those that it declares, which are found first.
        variables.Add(("$", dot));
        body.Write(this, dot);
        Forget(mark);
        Leave();
    }

    private int Find(string name)
    {
        for (var i = variables.Count - 1; i >= 0; i--)
        {
            if (variables[i].Name == name)
                return i;
        }
        throw new AlertTemplateException($"undefined variable {GoText.Quote(name)}");
    }
}

/// <summary>The dot at the start.</summary>
internal sealed record TemplateRoot(AlertTemplateData Data);

/// <summary>Where an expansion goes on after a node.</summary>
internal enum TemplateNext
{
    Node,

    /// <summary>With the next item of the innermost range.</summary>
    Item,

    /// <summary>Behind the innermost range.</summary>
    Behind,
}

internal abstract class TemplateNode
{
    public abstract TemplateNext Write(TemplateRun run, object? dot);
}

internal sealed class TemplateText(string text) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        run.Write(text);
        return TemplateNext.Node;
    }
}

internal sealed class TemplateList(IReadOnlyList<TemplateNode> nodes) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        foreach (var node in nodes)
        {
            run.Step();
            if (node.Write(run, dot) is not TemplateNext.Node and var next)
                return next;
        }
        return TemplateNext.Node;
    }
}

internal sealed class TemplateAction(TemplatePipeline pipeline) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        var value = pipeline.Evaluate(run, dot);
        if (!pipeline.Declares)
            run.Write(TemplateValues.Print(value));
        return TemplateNext.Node;
    }
}

/// <param name="branches">That of <c>if</c>, then those of <c>else if</c>: each sees the variables of those before it.</param>
internal sealed class TemplateIf(
    IReadOnlyList<(TemplatePipeline Condition, TemplateNode Then)> branches,
    TemplateNode? otherwise,
    bool isWith
) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        run.Enter();
        var mark = run.Mark;
        var next = Taken(run, dot);
        run.Forget(mark);
        run.Leave();
        return next;
    }

    private TemplateNext Taken(TemplateRun run, object? dot)
    {
        foreach (var (condition, then) in branches)
        {
            run.Step();
            var value = condition.Evaluate(run, dot);
            if (TemplateValues.IsTrue(value))
                return then.Write(run, isWith ? value : dot);
        }
        return otherwise?.Write(run, dot) ?? TemplateNext.Node;
    }
}

internal sealed class TemplateRange(TemplatePipeline over, TemplateNode body, TemplateNode? otherwise) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        run.Enter();
        var mark = run.Mark;
        var isEmpty = true;
        var next = TemplateNext.Node;
        foreach (var (key, item) in TemplateValues.Items(over.Evaluate(run, dot, declare: false)))
        {
            isEmpty = false;
            run.Step();
            var inner = run.Mark;
            over.DeclareItem(run, key, item);
            var left = body.Write(run, item);
            run.Forget(inner);
            if (left == TemplateNext.Behind)
                break;
        }
        // Of a range around this one: "break" may stand in {{else}}.
        if (isEmpty && otherwise is not null)
            next = otherwise.Write(run, dot);
        run.Forget(mark);
        run.Leave();
        return next;
    }
}

internal sealed class TemplateLeave(bool isBreak) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot) => isBreak ? TemplateNext.Behind : TemplateNext.Item;
}

internal sealed class TemplateInclude(string name, TemplatePipeline? pipeline) : TemplateNode
{
    public override TemplateNext Write(TemplateRun run, object? dot)
    {
        run.Call(name, pipeline?.Evaluate(run, dot));
        return TemplateNext.Node;
    }
}

internal sealed class TemplatePipeline(IReadOnlyList<TemplateCommand> commands, IReadOnlyList<string> declared, bool isAssignment)
{
    public bool Declares => declared.Count > 0;
    private string? Last => declared.Count > 0 ? declared[^1] : null;

    public object? Evaluate(TemplateRun run, object? dot, bool declare = true)
    {
        object? value = null;
        for (var i = 0; i < commands.Count; i++)
            value = commands[i].Evaluate(run, dot, i > 0, value);
        if (declare)
            Declare(run, Last, value);
        return value;
    }

    public void DeclareItem(TemplateRun run, object? key, object? item)
    {
        if (declared.Count == 2)
            Declare(run, declared[0], key);
        Declare(run, Last, item);
    }

    private void Declare(TemplateRun run, string? name, object? value)
    {
        if (name is null)
            return;
        if (isAssignment)
            run.Assign(name, value);
        else
            run.Declare(name, value);
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
            if (name is "and" or "or")
                return ShortCircuit(run, dot, name == "or", hasPiped, piped);
            var arguments = operands.Skip(1).Select(one => one.Evaluate(run, dot)).ToList();
            if (hasPiped)
                arguments.Add(piped);
            return TemplateFunctions.Call(name, arguments, run);
        }
        if (operands.Count > 1 || hasPiped)
            throw new AlertTemplateException($"can't give argument to non-function {first}");
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
            if (TemplateValues.IsTrue(value) == untilTrue)
                return value;
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
    public override object? Evaluate(TemplateRun run, object? dot)
    {
        run.Enter();
        var value = pipeline.Evaluate(run, dot);
        run.Leave();
        return value;
    }

    public override string ToString() => "(...)";
}

/// <param name="names">One field of the next, from the outside in.</param>
internal sealed class TemplateField(TemplateOperand of, IReadOnlyList<string> names) : TemplateOperand
{
    public override object? Evaluate(TemplateRun run, object? dot) => names.Aggregate(of.Evaluate(run, dot), TemplateValues.Field);

    public override string ToString() => $"{(of is TemplateDot ? "" : of)}.{string.Join('.', names)}";
}
