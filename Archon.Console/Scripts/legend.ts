// The line above a chart: swatch, name and value of each series, and what was expected, now or under the cursor.
// The canvas can be neither read nor tabbed to; these are ordinary elements. Names are labels of other people's systems: always text.

export interface Entry {
  name: string;
  color: string;
  dashed: boolean;
}
export interface Reading {
  values: string[];
  expected: string | null;
}

function swatch(kind: string, color: string): HTMLElement {
  const mark = document.createElement("i");
  mark.className = kind;
  mark.style.setProperty("--k", color);
  return mark;
}

function item(tag: "button" | "span", mark: HTMLElement, name: string): { host: HTMLElement; value: HTMLElement } {
  const host = document.createElement(tag);
  const value = document.createElement("b");
  // The name may be written from right to left; its value is not.
  const isolated = document.createElement("bdi");
  isolated.textContent = name;
  host.append(mark, isolated, " ", value);
  if (host instanceof HTMLButtonElement) host.type = "button";
  return { host, value };
}

export class Legend {
  private values: HTMLElement[] = [];
  private lines: HTMLElement[] = [];
  private expected: HTMLElement | null = null;
  private alone: number | null = null;

  /** @param isolate Told the one series to show, or null for all. */
  constructor(
    private readonly host: HTMLElement | null,
    private readonly isolate: (line: number | null) => void,
  ) {}

  build(entries: Entry[], band: { name: string; color: string } | null, anomaly: string | null): void {
    if (!this.host) return;
    this.alone = null;
    // One line is what the chart is about: its name stands above already.
    const made = entries.map((entry) =>
      item(
        entries.length > 1 ? "button" : "span",
        swatch(entry.dashed ? "da" : "", entry.color),
        entries.length > 1 ? entry.name : "measured",
      ),
    );
    this.lines = made.map((one) => one.host);
    this.values = made.map((one) => one.value);
    if (entries.length > 1) {
      this.lines.forEach((line, place) => {
        line.setAttribute("aria-pressed", "false");
        line.title = "Show this one alone";
        line.addEventListener("click", () => this.choose(this.alone === place ? null : place));
      });
    }
    const parts: HTMLElement[] = [...this.lines];
    this.expected = null;
    if (band) {
      const { host, value } = item("span", swatch("band", band.color), band.name);
      parts.push(host);
      this.expected = value;
    }
    if (anomaly) parts.push(item("span", swatch("anom", anomaly), "anomaly").host);
    this.host.replaceChildren(...parts);
  }

  show(reading: Reading): void {
    this.values.forEach((value, place) => set(value, reading.values[place] ?? ""));
    if (this.expected) set(this.expected, reading.expected ?? "nothing yet");
  }

  private choose(place: number | null): void {
    this.alone = place;
    this.lines.forEach((line, at) => {
      line.setAttribute("aria-pressed", String(at === place));
      line.classList.toggle("off", place !== null && at !== place);
    });
    this.isolate(place);
  }
}

/** Only what changed is written: an unchanged text keeps a selection and costs no layout. */
function set(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
