// Every key has a visible button or link: the key only presses it. Elements name their key in data-key ("p", "mod+k", "t -") or data-go.

const prefixes = new Set(["g", "t"]);
const prefixLasts = 1200;
let prefix = "";
let prefixAt = 0;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

function visible(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
}

/** Presses the button that has a key, for those who found it in another way. A narrow window may have no room for the button. */
export function pressKey(key: string): void {
  const selector = `[data-key="${CSS.escape(key)}"]`;
  if (!press(selector)) document.querySelector<HTMLElement>(selector)?.click();
}

function press(selector: string): boolean {
  const found = [...document.querySelectorAll<HTMLElement>(selector)].find((one) => visible(one) || one.dataset.go !== undefined);
  if (!found || (found as HTMLButtonElement).disabled) return false;
  found.click();
  return true;
}

/** Rows that can be opened, in reading order. */
function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("main tbody tr a[href], main .lr[href], main [data-row]")].filter(visible);
}

function move(by: number): boolean {
  const all = rows();
  if (all.length === 0) return false;
  const at = all.indexOf(document.activeElement as HTMLElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

function act(event: KeyboardEvent): boolean {
  const key = event.key;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return key.toLowerCase() === "k" && press('[data-key="mod+k"]');
  if (event.altKey || isTyping(event.target)) return false;
  const open = document.querySelector("[data-trap], .mud-dialog, .mud-popover-open");
  if (open) return false;
  if (prefix && Date.now() - prefixAt < prefixLasts) {
    const before = prefix;
    prefix = "";
    // A keyboard that needs Shift for a plus need not be told so.
    const wanted = before === "t" && key === "=" ? "+" : key;
    return before === "g" ? press(`[data-go="${CSS.escape(wanted)}"]`) : press(`[data-key="${CSS.escape(before)} ${CSS.escape(wanted)}"]`);
  }
  if (prefixes.has(key)) {
    prefix = key;
    prefixAt = Date.now();
    return true;
  }
  if (key === "j") return move(1);
  if (key === "k") return move(-1);
  if (key === "/") {
    const filter = document.querySelector<HTMLInputElement>("main [data-filter], main input[type=search]");
    filter?.focus();
    filter?.select();
    return filter !== null;
  }
  return key.length === 1 && press(`[data-key="${CSS.escape(key)}"]`);
}

/** Keeps Tab inside an open dialog. */
function trap(event: KeyboardEvent): void {
  const dialog = document.querySelector<HTMLElement>("[data-trap]");
  if (event.key !== "Tab" || !dialog) return;
  const stops = [...dialog.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, [tabindex='0']")].filter(visible);
  const first = stops[0];
  const last = stops[stops.length - 1];
  if (!first || !last) return;
  if (!dialog.contains(document.activeElement)) first.focus();
  else if (event.shiftKey && document.activeElement === first) last.focus();
  else if (!event.shiftKey && document.activeElement === last) first.focus();
  else return;
  event.preventDefault();
}

/** Escape closes an open dialog also before the focus has come into it: who types fast is not made to type twice. */
function escape(event: KeyboardEvent): void {
  const dialog = document.querySelector<HTMLElement>("[data-trap]");
  if (event.key !== "Escape" || !dialog || document.querySelector(".mud-popover-open")) return;
  if (event.target instanceof Node && dialog.contains(event.target)) return;
  dialog.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
}

/** Enter opens a select and chooses from an open list: the form is not submitted by the same key. */
function choose(event: KeyboardEvent): void {
  if (event.key !== "Enter" || !(event.target instanceof Element) || !event.target.closest("form")) return;
  if (event.target.matches("[role=combobox]:is([readonly], [aria-expanded=true])")) event.preventDefault();
}

export function start(): void {
  document.addEventListener("keydown", (event) => {
    choose(event);
    escape(event);
    trap(event);
    if (!event.defaultPrevented && act(event)) event.preventDefault();
  });
}
