// The palette opens, filters and is moved through in the browser: what is typed fast is never in two places. The server gives the entries.
import { pressKey } from "./keyboard";
import { type Entry, type Hit, rangeOf, search } from "./palette-search";

interface Owner {
  invokeMethodAsync<T>(name: string, ...args: unknown[]): Promise<T>;
}
interface Answer {
  entries: Entry[];
  /** All there is; false where the rest has to be asked for by what was typed. */
  isWhole: boolean;
  isFailed: boolean;
}
declare const Blazor: { navigateTo?(href: string): void } | undefined;

const shown = 12;
const settle = 120;
const headings: Record<string, string> = { Page: "Go to", Action: "Do", Range: "Time range", Anomaly: "Anomalies" };

let owner: Owner | null = null;
let entries: Entry[] = [];
let isWhole = true;
let isFailed = false;
let hits: Hit[] = [];
let chosen = 0;
let reading: Promise<void> = Promise.resolve();
let timer = 0;

const part = (name: string): HTMLElement | null => document.querySelector<HTMLElement>(`[data-palette${name}]`);
const box = (): HTMLInputElement | null => document.querySelector<HTMLInputElement>("[data-palette-box]");

/** Told by the server's side of the palette once it can be asked. */
export function serve(by: Owner): void {
  owner = by;
}

function isOpen(): boolean {
  return part("")?.hidden === false;
}

function open(): void {
  const [host, dialog, field] = [part(""), part("-dialog"), box()];
  if (!host || !dialog || !field || isOpen()) return;
  host.hidden = false;
  dialog.dataset.trap = "";
  field.value = "";
  field.focus();
  chosen = 0;
  draw();
  reading = read("");
}

function close(): void {
  const [host, dialog] = [part(""), part("-dialog")];
  if (!host || !dialog) return;
  clearTimeout(timer);
  host.hidden = true;
  delete dialog.dataset.trap;
  part("-open")?.focus({ preventScroll: true });
}

/** Adds what the server knows. While it cannot be asked, what was known before is still found. */
async function read(text: string): Promise<void> {
  try {
    const answer = await owner?.invokeMethodAsync<Answer>("FindAsync", text);
    if (!answer) return;
    if (text === "") {
      entries = answer.entries;
      isWhole = answer.isWhole;
    } else {
      const known = new Set(entries.map((entry) => entry.kind + entry.href));
      entries = [...entries, ...answer.entries.filter((entry) => !known.has(entry.kind + entry.href))];
    }
    isFailed = answer.isFailed;
  } catch {
    isFailed = true;
  }
  if (isOpen()) draw();
}

function typed(): void {
  chosen = 0;
  draw();
  clearTimeout(timer);
  const text = box()?.value.trim() ?? "";
  if (isWhole || text === "") return;
  reading = new Promise<void>((done) => {
    timer = window.setTimeout(() => void read(text).then(done), settle);
  });
}

function find(text: string): Hit[] {
  const range = rangeOf(text);
  const found = search(entries, text, shown);
  if (!range) return found;
  const entry = {
    kind: "Range",
    name: range.words,
    shown: range.words,
    href: `${range.from}|${range.to}`,
    icon: "forecasts",
    isAction: false,
    keys: null,
  };
  return [{ entry, marks: [] }, ...found];
}

function draw(): void {
  const [list, field, said] = [part("-list"), box(), part("-said")];
  if (!list || !field || !said) return;
  const text = field.value.trim();
  hits = find(text);
  chosen = Math.min(chosen, Math.max(0, hits.length - 1));
  const icons = list.dataset.icons ?? "";
  list.replaceChildren(
    ...hits.flatMap((hit, place) => {
      const row = option(hit, place, icons);
      return place === 0 || hits[place - 1]?.entry.kind !== hit.entry.kind ? [heading(hit.entry.kind), row] : [row];
    }),
  );
  list.hidden = hits.length === 0;
  field.setAttribute("aria-expanded", String(hits.length > 0));
  said.textContent = isFailed
    ? "The catalogue cannot be read now; what was known before is still found."
    : hits.length === 0 && text !== "" && isWhole
      ? "Nothing is called that."
      : "";
  mark();
}

function heading(kind: string): HTMLElement {
  const row = document.createElement("li");
  row.className = "gh mi t3";
  row.setAttribute("role", "presentation");
  row.textContent = headings[kind] ?? (kind === "Watch" ? "Watches" : `${kind}s`);
  return row;
}

function option(hit: Hit, place: number, icons: string): HTMLElement {
  const row = document.createElement("li");
  row.id = `palette-${place}`;
  row.className = "lr";
  row.setAttribute("role", "option");
  row.addEventListener("click", () => go(hit.entry));
  row.addEventListener("mousemove", () => {
    if (chosen === place) return;
    chosen = place;
    mark();
  });
  const name = document.createElement("span");
  name.className = "grow name";
  name.append(marked(hit));
  row.append(icon(icons, hit.entry.icon), name);
  for (const key of hit.entry.keys?.split(" ") ?? []) {
    const cap = document.createElement("kbd");
    cap.className = "kbd";
    cap.textContent = key;
    row.append(cap);
  }
  return row;
}

function icon(file: string, name: string): SVGElement {
  const space = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(space, "svg");
  drawing.setAttribute("class", "i");
  drawing.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${file}#i-${name}`);
  drawing.append(use);
  return drawing;
}

/** The name, apart from the direction of the text around it, with what was typed marked. Names are other people's: always text. */
function marked({ entry, marks }: Hit): HTMLElement {
  const name = document.createElement("bdi");
  // Where letters are shown as escapes, places in the name are not places in what is shown.
  if (entry.shown !== entry.name) {
    name.textContent = entry.shown;
    return name;
  }
  let at = 0;
  for (const [from, to] of marks) {
    const typedPart = document.createElement("mark");
    typedPart.textContent = entry.name.slice(from, to);
    name.append(entry.name.slice(at, from), typedPart);
    at = to;
  }
  name.append(entry.name.slice(at));
  return name;
}

function mark(): void {
  hits.forEach((_, place) => {
    const row = document.getElementById(`palette-${place}`);
    row?.setAttribute("aria-selected", String(place === chosen));
    row?.classList.toggle("sel", place === chosen);
  });
  if (hits.length > 0) box()?.setAttribute("aria-activedescendant", `palette-${chosen}`);
  else box()?.removeAttribute("aria-activedescendant");
  document.getElementById(`palette-${chosen}`)?.scrollIntoView({ block: "nearest" });
}

function go(entry: Entry): void {
  close();
  if (entry.kind === "Range") {
    const [from = "", to = ""] = entry.href.split("|");
    void owner?.invokeMethodAsync("ShowRange", from, to);
  } else if (entry.isAction) pressKey(entry.href);
  else if (typeof Blazor !== "undefined" && Blazor.navigateTo) Blazor.navigateTo(entry.href);
  else location.href = entry.href;
}

async function enter(): Promise<void> {
  // What is listed may still lack what the server finds.
  const wanted = box()?.value;
  if (!hits[chosen]) await reading;
  const hit = hits[chosen];
  if (hit && isOpen() && box()?.value === wanted) go(hit.entry);
}

function keyed(event: KeyboardEvent): void {
  if (event.isComposing) return;
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by !== undefined && hits.length > 0) {
    chosen = (chosen + by + hits.length) % hits.length;
    mark();
  } else if (event.key === "Enter") void enter();
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
}

export function start(): void {
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("[data-palette-open]")) open();
    else if (event.target.closest("[data-palette-close]")) close();
  });
  document.addEventListener("input", (event) => {
    if (event.target === box()) typed();
  });
  document.addEventListener("keydown", (event) => {
    if (isOpen() && (event.target === box() || event.key === "Escape")) keyed(event);
  });
  // A page that came another way is another page.
  window.addEventListener("popstate", () => {
    if (isOpen()) close();
  });
}
