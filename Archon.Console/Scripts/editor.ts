// The code editor of Shell/CodeEditor: CodeMirror, fetched only by a page that has one. Faults are found on the server and shown here.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { lintKeymap, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { PromQLExtension } from "@prometheus-io/codemirror-promql";

interface Owner {
  invokeMethodAsync(name: string, ...args: unknown[]): Promise<unknown>;
}
interface Options {
  language: "promql" | "yaml" | "plain";
  value: string;
  label: string;
  readOnly: boolean;
  completeFrom: string | null;
  placeholder: string;
}
interface Mark {
  from: number;
  to: number;
  severity: Diagnostic["severity"];
  message: string;
}

const reportAfter = 200;
const hour = 3_600_000;

// Every colour is a token, so that both themes are one.
const theme = EditorView.theme({
  // An expression of hundreds of lines is scrolled within the editor: what it does stays on the screen.
  "&": { backgroundColor: "var(--page)", color: "var(--text)", fontSize: "13px", maxHeight: "50vh" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { overflow: "auto", fontFamily: "var(--font-mono)", lineHeight: "22px", fontVariantLigatures: "none" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--n-10)" },
  ".cm-cursor": { borderLeftColor: "var(--n-10)" },
  ".cm-gutters": { backgroundColor: "var(--page)", color: "var(--text-3)", border: "0" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "36px", paddingRight: "10px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  "&:not(.cm-focused) .cm-activeLine, &:not(.cm-focused) .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--accent) 30%, transparent)",
  },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--selected)", outline: "1px solid var(--n-6)" },
  ".cm-placeholder": { color: "var(--text-3)" },
  ".cm-tooltip": {
    backgroundColor: "var(--float)",
    color: "var(--text)",
    border: "var(--hair-strong)",
    borderRadius: "var(--r-3)",
    boxShadow: "var(--pop-shadow)",
    fontSize: "12px",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", maxHeight: "14em" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", lineHeight: "18px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--selected)", color: "var(--n-10)" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)" },
  ".cm-completionDetail": { color: "var(--text-3)", fontStyle: "normal", fontFamily: "var(--font-ui)" },
  ".cm-completionIcon": { display: "none" },
  ".cm-completionInfo": { padding: "6px 10px", maxWidth: "320px", lineHeight: "16px" },
  ".cm-diagnostic": {
    padding: "6px 10px",
    borderLeft: "3px solid var(--info)",
    lineHeight: "16px",
    maxWidth: "480px",
    whiteSpace: "normal",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--critical-mark)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning-mark)" },
  ".cm-lintRange": {
    backgroundImage: "none",
    paddingBottom: "1px",
    textDecorationLine: "underline",
    textDecorationStyle: "wavy",
    textDecorationThickness: "1px",
    textUnderlineOffset: "4px",
  },
  ".cm-lintRange-error": { textDecorationColor: "var(--critical-mark)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warning-mark)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--info)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)", borderColor: "var(--n-4)" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--selected)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.function(tags.variableName), tags.definition(tags.propertyName), tags.propertyName], color: "var(--code-fn)" },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.bool, tags.null], color: "var(--code-kw)" },
  { tag: tags.labelName, color: "var(--code-label)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta], color: "var(--text-3)" },
  { tag: tags.invalid, color: "var(--critical)" },
]);

function languageOf(options: Options): Extension {
  if (options.language === "yaml") return yaml();
  if (options.language === "plain") return [];
  const promql = new PromQLExtension().activateLinter(false).activateCompletion(options.completeFrom !== null);
  if (options.completeFrom !== null) {
    // Where the server is away there is nothing to complete from; the page says so elsewhere.
    promql.setComplete({
      remote: { url: "", apiPrefix: options.completeFrom, httpMethod: "POST", lookbackInterval: hour, httpErrorHandler: () => undefined },
    });
  }
  return promql.asExtension();
}

class Editing {
  private readonly view: EditorView;
  private readonly changing = new Compartment();
  private timer = 0;
  private reported: string;

  constructor(
    host: HTMLElement,
    private readonly owner: Owner,
    options: Options,
  ) {
    this.reported = options.value;
    this.view = new EditorView({
      parent: host,
      state: EditorState.create({
        doc: options.value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          EditorView.lineWrapping,
          placeholder(options.placeholder),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
          languageOf(options),
          theme,
          syntaxHighlighting(colours),
          this.changing.of(changeable(options.readOnly)),
          EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false" }),
          EditorView.updateListener.of((update) => update.docChanged && this.changed()),
          EditorView.domEventHandlers({ blur: () => this.report() }),
        ],
      }),
    });
  }

  /** Another text, written elsewhere on the page; what is the same keeps its place and the cursor with it. */
  set(value: string): void {
    const old = this.view.state.doc.toString();
    clearTimeout(this.timer);
    this.reported = value;
    if (old === value) return;
    let from = 0;
    while (from < old.length && from < value.length && old[from] === value[from]) from++;
    let end = 0;
    while (end < old.length - from && end < value.length - from && old[old.length - 1 - end] === value[value.length - 1 - end]) end++;
    this.view.dispatch({ changes: { from, to: old.length - end, insert: value.slice(from, value.length - end) } });
  }

  mark(marks: Mark[]): void {
    const length = this.view.state.doc.length;
    const inside = (at: number): number => Math.max(0, Math.min(length, at));
    this.view.dispatch(
      setDiagnostics(
        this.view.state,
        marks.map((one) => ({ ...one, from: inside(one.from), to: Math.max(inside(one.from), inside(one.to)) })),
      ),
    );
  }

  lock(readOnly: boolean): void {
    this.view.dispatch({ effects: this.changing.reconfigure(changeable(readOnly)) });
  }

  /** Shows a part of the text to the reader, and puts the cursor there. */
  select(from: number, to: number): void {
    const length = this.view.state.doc.length;
    this.view.dispatch({ selection: { anchor: Math.min(from, length), head: Math.min(to, length) }, scrollIntoView: true });
    this.view.focus();
  }

  destroy(): void {
    clearTimeout(this.timer);
    this.view.destroy();
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.report(), reportAfter);
  }

  private report(): void {
    clearTimeout(this.timer);
    const text = this.view.state.doc.toString();
    if (text === this.reported) return;
    this.reported = text;
    this.owner.invokeMethodAsync("ChangedAsync", text).catch(() => (this.reported = ""));
  }
}

const changeable = (readOnly: boolean): Extension => [EditorState.readOnly.of(readOnly), EditorView.editable.of(!readOnly)];

export function edit(host: HTMLElement, owner: Owner, options: Options): Editing {
  const editing = new Editing(host, owner, options);
  // In its place and not beside it, not even for the moment until the server knows.
  host.parentElement?.querySelector("textarea")?.setAttribute("hidden", "");
  return editing;
}
