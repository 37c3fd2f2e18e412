using System.Globalization;
using System.Text;
using Archon.Analysis.Promql;

namespace Archon.Analysis.AlertTemplates;

/// <summary>Reads a template into its nodes.</summary>
internal sealed class TemplateReader(string text)
{
    private readonly Dictionary<string, TemplateNode> defined = new(StringComparer.Ordinal);
    private readonly HashSet<string> functions = new(StringComparer.Ordinal);
    private List<string> variables = ["$", "$labels", "$externalLabels", "$externalURL", "$value"];
    private int at;
    private int ranges;
    private int depth;

    public IReadOnlyDictionary<string, TemplateNode> Defined => defined;
    public IReadOnlySet<string> Functions => functions;

    public TemplateNode ReadAll()
    {
        var (body, end) = Block("");
        return end is null ? body : throw Fault($"unexpected {{{{{end}}}}}");
    }

    /// <summary>Reads up to the word that ends a block.</summary>
    /// <returns>That word, behind which <c>at</c> then stands; null at the end of the text.</returns>
    private (TemplateNode Body, string? End) Block(string of)
    {
        InputLimits.TemplateDepth.Check(++depth);
        var block = Nodes(of);
        depth--;
        return block;
    }

    private (TemplateNode Body, string? End) Nodes(string of)
    {
        var nodes = new List<TemplateNode>();
        while (true)
        {
            var open = text.IndexOf("{{", at, StringComparison.Ordinal);
            var plain = open < 0 ? text[at..] : text[at..open];
            if (open >= 0 && IsTrim(open + 2))
                plain = plain.TrimEnd(' ', '\t', '\r', '\n');
            if (plain.Length > 0)
                nodes.Add(new TemplateText(plain));
            if (open < 0)
            {
                at = text.Length;
                return of.Length == 0 ? (new TemplateList(nodes), null) : throw Fault("unexpected EOF");
            }
            at = open + (IsTrim(open + 2) ? 3 : 2);
            SkipSpace();
            if (text.AsSpan(at).StartsWith("/*", StringComparison.Ordinal))
            {
                var close = text.IndexOf("*/", at + 2, StringComparison.Ordinal);
                if (close < 0)
                    throw Fault("unclosed comment");
                at = close + 2;
                SkipSpace();
                if (!AtClose())
                    throw Fault("comment ends before closing delimiter");
                Close();
                continue;
            }
            switch (PeekWord())
            {
                case "end" or "else" when of.Length == 0:
                    throw Fault($"unexpected {{{{{PeekWord()}}}}}");
                case "end":
                    TakeWord();
                    Close();
                    return (new TemplateList(nodes), "end");
                case "else":
                    TakeWord();
                    return (new TemplateList(nodes), "else"); // what follows it is read by who asked
                case "if" or "with" or "range":
                    nodes.Add(Control(TakeWord()));
                    break;
                case "break" or "continue" when ranges == 0 && IsAlone():
                    throw Fault($"{{{{{PeekWord()}}}}} outside {{{{range}}}}");
                case "break" or "continue" when IsAlone():
                    nodes.Add(new TemplateLeave(TakeWord() == "break"));
                    Close();
                    break;
                case "define":
                    TakeWord();
                    Define();
                    break;
                case "template" or "block":
                    nodes.Add(Include(TakeWord() == "block"));
                    break;
                default:
                    nodes.Add(new TemplateAction(Pipeline("command", 1)));
                    Close();
                    break;
            }
        }
    }

    private bool IsAlone()
    {
        var saved = at;
        TakeWord();
        SkipSpace();
        var isAlone = AtClose();
        at = saved;
        return isAlone;
    }

    private TemplateNode Control(string word)
    {
        var mark = variables.Count;
        TemplateNode node = word == "range" ? Range() : If(word);
        variables.RemoveRange(mark, variables.Count - mark);
        return node;
    }

    private TemplateRange Range()
    {
        var pipeline = Pipeline("range", 2);
        Close();
        ranges++;
        var (body, end) = Block("range");
        ranges--;
        return new TemplateRange(pipeline, body, end == "else" ? Else("range") : null);
    }

    private TemplateIf If(string word)
    {
        // One after the other, not one within the other: there may be any number of {{else if}}.
        var branches = new List<(TemplatePipeline Condition, TemplateNode Then)>();
        while (true)
        {
            var pipeline = Pipeline(word, 1);
            Close();
            var (then, end) = Block(word);
            branches.Add((pipeline, then));
            if (end != "else")
                return new TemplateIf(branches, null, word == "with");
            SkipSpace();
            if (PeekWord() != word)
                return new TemplateIf(branches, Else(word), word == "with");
            TakeWord();
        }
    }

    private TemplateNode Else(string word)
    {
        Close();
        var (otherwise, end) = Block(word);
        return end == "else" ? throw Fault("expected end; found {{else}}") : otherwise;
    }

    private void Define()
    {
        SkipSpace();
        var name = Quoted("define clause");
        Close();
        defined[name] = Body("define");
    }

    private TemplateNode Body(string of)
    {
        var (savedVariables, savedRanges) = (variables, ranges);
        (variables, ranges) = (["$"], 0);
        var (body, end) = Block(of);
        if (end == "else")
            throw Fault("unexpected {{else}}");
        (variables, ranges) = (savedVariables, savedRanges);
        return body;
    }

    private TemplateInclude Include(bool isBlock)
    {
        SkipSpace();
        var name = Quoted(isBlock ? "block clause" : "template clause");
        SkipSpace();
        var pipeline = AtClose() ? null : Pipeline("template", 1);
        Close();
        if (isBlock)
            defined[name] = Body("block");
        return new TemplateInclude(name, pipeline);
    }

    private TemplatePipeline Pipeline(string context, int mostDeclared)
    {
        SkipSpace();
        var (declared, isAssignment) = Declarations(mostDeclared);
        var commands = new List<TemplateCommand>();
        while (true)
        {
            SkipSpace();
            var operands = new List<TemplateOperand>();
            while (!AtClose() && at < text.Length && text[at] is not ('|' or ')'))
            {
                operands.Add(Operand());
                if (at < text.Length && !AtClose() && text[at] is not ('|' or ')' or ' ' or '\t' or '\r' or '\n'))
                {
                    throw Fault($"unexpected {GoText.Quote(text[at].ToString())} in operand");
                }
                SkipSpace();
            }
            if (operands.Count == 0)
            {
                throw Fault(
                    at >= text.Length ? "unclosed action"
                    : commands.Count == 0 ? $"missing value for {context}"
                    : "missing value for command"
                );
            }
            if (
                commands.Count > 0
                && operands[0] is not (TemplateFunctionName or TemplateField or TemplateVariable or TemplateNested or TemplateDot)
            )
            {
                throw Fault($"non executable command in pipeline stage {commands.Count + 1}");
            }
            commands.Add(new TemplateCommand(operands));
            if (at >= text.Length || AtClose() || text[at] != '|')
                break;
            at++;
        }
        foreach (var name in declared.Where(_ => !isAssignment))
            variables.Add(name);
        return new TemplatePipeline(commands, declared, isAssignment);
    }

    private (List<string> Declared, bool IsAssignment) Declarations(int most)
    {
        var start = at;
        var names = new List<string>();
        while (at < text.Length && text[at] == '$')
        {
            names.Add(VariableName());
            SkipSpace();
            if (
                text.AsSpan(at).StartsWith(":=", StringComparison.Ordinal)
                || (at < text.Length && text[at] == '=' && text.AsSpan(at) is not ['=', '=', ..])
            )
            {
                var isAssignment = text[at] == '=';
                if (isAssignment && names.FirstOrDefault(name => !variables.Contains(name)) is { } unknown)
                {
                    throw Fault($"undefined variable {GoText.Quote(unknown)}");
                }
                at += isAssignment ? 1 : 2;
                return (names, isAssignment);
            }
            if (at >= text.Length || text[at] != ',' || names.Count >= most)
                break;
            at++;
            SkipSpace();
        }
        at = start;
        return ([], false);
    }

    private TemplateOperand Operand()
    {
        var operand = Term();
        var names = new List<string>();
        while (at + 1 < text.Length && text[at] == '.' && IsWord(text[at + 1]))
        {
            at++;
            names.Add(TakeWord());
        }
        return names.Count > 0 ? new TemplateField(operand, names) : operand;
    }

    private TemplateOperand Term()
    {
        var one = text[at];
        if (one == '(')
        {
            InputLimits.TemplateDepth.Check(++depth);
            at++;
            var pipeline = Pipeline("parenthesized pipeline", 0);
            if (at >= text.Length || text[at] != ')')
                throw Fault("unclosed left paren");
            at++;
            depth--;
            return new TemplateNested(pipeline);
        }
        if (one == '$')
        {
            var name = VariableName();
            return variables.Contains(name) ? new TemplateVariable(name) : throw Fault($"undefined variable {GoText.Quote(name)}");
        }
        if (one == '.')
        {
            if (at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]))
                return Number();
            at++;
            return at < text.Length && IsWord(text[at]) ? new TemplateField(new TemplateDot(), [TakeWord()]) : new TemplateDot();
        }
        if (one is '"' or '`')
            return Text();
        if (one == '\'')
            return Character();
        if (char.IsAsciiDigit(one) || one is '+' or '-')
            return Number();
        if (!IsWord(one))
            throw Fault($"unexpected {GoText.Quote(one.ToString())} in operand");
        var word = TakeWord();
        switch (word)
        {
            case "true" or "false":
                return new TemplateLiteral(word == "true", word);
            case "nil":
                return new TemplateLiteral(null, word);
        }
        if (!TemplateFunctions.Names.Contains(word))
            throw Fault($"function {GoText.Quote(word)} not defined");
        functions.Add(word);
        return new TemplateFunctionName(word);
    }

    private TemplateLiteral Text()
    {
        var quote = text[at];
        var end = at + 1;
        while (end < text.Length && text[end] != quote)
        {
            if (quote == '"' && text[end] == '\n')
                throw Fault("unterminated quoted string");
            end += quote == '"' && text[end] == '\\' ? 2 : 1;
        }
        if (end >= text.Length)
            throw Fault(quote == '"' ? "unterminated quoted string" : "unterminated raw quoted string");
        var literal = text[at..(end + 1)];
        at = end + 1;
        try
        {
            return new TemplateLiteral(PromqlNumbers.Unquote(literal), literal);
        }
        catch (FormatException)
        {
            throw Fault("invalid syntax");
        }
    }

    private TemplateLiteral Character()
    {
        var end = at + 1;
        while (end < text.Length && text[end] != '\'')
            end += text[end] == '\\' ? 2 : 1;
        if (end >= text.Length)
            throw Fault("unterminated character constant");
        var literal = text[at..(end + 1)];
        at = end + 1;
        string inner;
        try
        {
            inner = PromqlNumbers.Unquote(literal);
        }
        catch (FormatException)
        {
            throw Fault($"malformed character constant: {literal}");
        }
        return inner.EnumerateRunes().Count() == 1
            ? new TemplateLiteral((long)inner.EnumerateRunes().First().Value, literal)
            : throw Fault($"malformed character constant: {literal}");
    }

    private TemplateLiteral Number()
    {
        var start = at;
        if (text[at] is '+' or '-')
            at++;
        while (
            at < text.Length
            && (IsWord(text[at]) || text[at] == '.' || (text[at] is '+' or '-' && text[at - 1] is 'e' or 'E' or 'p' or 'P'))
        )
            at++;
        var literal = text[start..at];
        var digits = literal.TrimStart('+', '-').Replace("_", "", StringComparison.Ordinal);
        var sign = literal[0] == '-' ? -1 : 1;
        if (
            digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && long.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var hex)
        )
        {
            return new TemplateLiteral(sign * hex, literal);
        }
        if (long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var whole))
        {
            return new TemplateLiteral(sign * whole, literal);
        }
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(digits, Styles, CultureInfo.InvariantCulture, out var real)
            ? new TemplateLiteral(sign * real, literal)
            : throw Fault($"bad number syntax: {GoText.Quote(literal)}");
    }

    private string Quoted(string context)
    {
        if (at >= text.Length || text[at] is not ('"' or '`'))
        {
            throw Fault($"unexpected {GoText.Quote(at < text.Length ? text[at].ToString() : "EOF")} in {context}");
        }
        return (string)Text().Evaluate(null!, null)!;
    }

    private string VariableName()
    {
        var name = new StringBuilder("$");
        at++;
        while (at < text.Length && IsWord(text[at]))
            name.Append(text[at++]);
        return name.ToString();
    }

    private string PeekWord()
    {
        var end = at;
        while (end < text.Length && IsWord(text[end]))
            end++;
        return text[at..end];
    }

    private string TakeWord()
    {
        var word = PeekWord();
        at += word.Length;
        return word;
    }

    /// <summary>Whether here a dash asks to drop the space outside.</summary>
    private bool IsTrim(int place) => place + 1 < text.Length && text[place] == '-' && char.IsWhiteSpace(text[place + 1]);

    private bool AtClose() =>
        text.AsSpan(at).StartsWith("}}", StringComparison.Ordinal)
        || (at > 0 && char.IsWhiteSpace(text[at - 1]) && text.AsSpan(at).StartsWith("-}}", StringComparison.Ordinal));

    private void Close()
    {
        SkipSpace();
        if (at >= text.Length)
            throw Fault("unclosed action");
        if (!AtClose())
            throw Fault($"unexpected {GoText.Quote(text[at].ToString())} in operand");
        var isTrim = text[at] == '-';
        at += isTrim ? 3 : 2;
        if (isTrim)
            while (at < text.Length && text[at] is ' ' or '\t' or '\r' or '\n')
                at++;
    }

    private void SkipSpace()
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\r' or '\n')
            at++;
    }

    private static bool IsWord(char one) => one == '_' || char.IsLetterOrDigit(one);

    private AlertTemplateException Fault(string message) =>
        new(string.Create(CultureInfo.InvariantCulture, $"line {text.AsSpan(0, Math.Min(at, text.Length)).Count('\n') + 1}: {message}"));
}
