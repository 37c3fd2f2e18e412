// Draws SeriesChart with uPlot. Times are Unix seconds; values come as one block of doubles: times, each line, then the band.
import uPlot from "uplot";

interface Line { name: string; unit: string; color: number; dashed: boolean }
interface Span { from: number; to: number | null; words: string; state: string }
interface Threshold { value: number; words: string }
interface Chart {
  height: number; syncKey: string | null; points: number; lines: Line[]; hasBand: boolean;
  anomalies: Span[]; gaps: Span[]; thresholds: Threshold[]; zone: string; canZoom: boolean;
}
interface Owner { invokeMethodAsync(name: string, ...args: unknown[]): Promise<unknown> }
type Column = Float64Array | (number | null)[];
interface Columns { data: uPlot.AlignedData; lower: number[]; upper: number[] }

const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const stateToken: Record<string, string> = { critical: "--critical-mark", warning: "--warning-mark", info: "--info", ok: "--ok", unknown: "--unknown", silenced: "--silenced" };
const fallbackWidth = 600;
const minWidth = 160;
const keyStep = 10;
const densePoints = 20_000;

/** As Shell/Figures.cs says it. */
export function figure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "no value";
  switch (unit.replace(/\{[^}]*\}/, "")) {
    case "1": return `${digits(value * 100)} %`;
    case "s": return seconds(value);
    case "By": return scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);
    case "By/s": return `${scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"])}/s`;
    case "1/s": case "/s": return `${scaled(value, 1000, ["", " k", " M", " G", " T"])}/s`;
    case "": return scaled(value, 1000, ["", " k", " M", " G", " T"]);
    default: return `${scaled(value, 1000, ["", " k", " M", " G", " T"])} ${unit}`;
  }
}

function seconds(v: number): string {
  const size = Math.abs(v);
  if (size === 0) return "0 s";
  if (size < 1e-3) return `${digits(v * 1e6)} µs`;
  if (size < 1) return `${digits(v * 1e3)} ms`;
  if (size < 120) return `${digits(v)} s`;
  if (size < 7200) return `${digits(v / 60)} min`;
  if (size < 172800) return `${digits(v / 3600)} h`;
  return `${digits(v / 86400)} d`;
}

function scaled(v: number, step: number, names: string[]): string {
  let place = 0;
  while (Math.abs(v) >= step * 0.9995 && place < names.length - 1) {
    v /= step;
    place++;
  }
  return digits(v) + names[place];
}

function digits(v: number): string {
  const size = Math.abs(v);
  if (size === 0) return "0";
  if (size < 1e-6) return v.toExponential(1);
  if (size < 0.001) return v.toFixed(6).replace(/0+$/, "");
  return String(Number(v.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3)));
}

function unpack(chart: Chart, bytes: Uint8Array): Columns {
  // The block may lie anywhere in a larger buffer; doubles need a place divisible by eight.
  const values = new Float64Array(bytes.slice().buffer);
  const column = (at: number): Float64Array => values.subarray(at * chart.points, (at + 1) * chart.points);
  // uPlot breaks a line at null and not at NaN; a line without gaps is taken as it came.
  const holes = (from: Float64Array): Column => (from.every(Number.isFinite) ? from : Array.from(from, (one) => (Number.isFinite(one) ? one : null)));
  const data: uPlot.AlignedData = [column(0), ...chart.lines.map((_, at) => holes(column(at + 1)))];
  const band = chart.lines.length + 1;
  return { data, lower: chart.hasBand ? Array.from(column(band)) : [], upper: chart.hasBand ? Array.from(column(band + 1)) : [] };
}

class Drawing {
  private plot: uPlot;
  private columns: Columns;
  private readonly watcher: ResizeObserver;
  private readonly said: Element | null;
  private readonly redrawn = (): void => this.rebuild();

  constructor(private readonly host: HTMLElement, private readonly owner: Owner, private chart: Chart, bytes: Uint8Array) {
    this.columns = unpack(chart, bytes);
    this.said = host.parentElement?.querySelector("[data-chart-said]") ?? null;
    this.plot = this.build();
    this.watcher = new ResizeObserver(() => {
      const width = Math.max(minWidth, this.host.clientWidth);
      if (Math.abs(width - this.plot.width) > 1) this.plot.setSize({ width, height: this.chart.height });
    });
    this.watcher.observe(host);
    host.addEventListener("keydown", this.keyed);
    document.addEventListener("archon:theme", this.redrawn);
  }

  update(chart: Chart, bytes: Uint8Array): void {
    const same = chart.zone === this.chart.zone && chart.lines.length === this.chart.lines.length
      && chart.lines.every((line, at) => line.name === this.chart.lines[at]?.name && line.unit === this.chart.lines[at]?.unit);
    this.chart = chart;
    this.columns = unpack(chart, bytes);
    if (same) this.plot.setData(this.columns.data);
    else this.rebuild();
  }

  destroy(): void {
    this.watcher.disconnect();
    this.host.removeEventListener("keydown", this.keyed);
    document.removeEventListener("archon:theme", this.redrawn);
    this.plot.destroy();
  }

  /** More points than pixels: then a hairline says as much, and is painted in a fifth of the time. */
  private get isDense(): boolean {
    return this.chart.points * this.chart.lines.length > densePoints;
  }

  private rebuild(): void {
    this.plot.destroy();
    this.plot = this.build();
  }

  private build(): uPlot {
    const zone = this.chart.zone;
    const font = `11px ${token("--font-ui")}`;
    const axis = { stroke: token("--text-3"), font, ticks: { show: false } };
    const unit = this.chart.lines[0]?.unit ?? "";
    const options: uPlot.Options = {
      width: Math.max(minWidth, this.host.clientWidth || fallbackWidth),
      height: this.chart.height,
      tzDate: (at) => (zone === "UTC" ? uPlot.tzDate(new Date(at * 1000), "Etc/UTC") : uPlot.tzDate(new Date(at * 1000), zone)),
      fmtDate: (template) => uPlot.fmtDate(template.replace("{h}", "{HH}").replace("{aa}", "").replace("{AA}", "")),
      padding: [8, 8, 0, 0],
      legend: { show: true, live: true, isolate: true },
      cursor: {
        drag: { x: this.chart.canZoom, y: false, setScale: false },
        points: { size: 7 },
        focus: { prox: 16 },
        ...(this.chart.syncKey ? { sync: { key: this.chart.syncKey, setSeries: false } } : {}),
      },
      focus: { alpha: 0.35 },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.reach(low, high, unit) } },
      axes: [
        { ...axis, grid: { show: false }, size: 38, space: 72, values: [
          [86400, "{D} {MMM}", null, null, null, null, null, null, 1],
          [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
          [1, "{HH}:{mm}:{ss}", null, null, null, null, null, null, 1],
        ] },
        { ...axis, grid: { stroke: token("--n-4"), width: 1 }, size: 60, space: 36, values: (_, ticks) => ticks.map((tick) => figure(tick, unit)) },
      ],
      series: [
        { label: "Time", value: (_, at) => (at === null ? "" : clock(at, zone)) },
        ...this.chart.lines.map((line, place): uPlot.Series => ({
          label: line.name, stroke: token(`--s-${line.color}`), width: this.isDense ? 1 : 1.5, points: { show: false }, spanGaps: false,
          ...(line.dashed ? { dash: [5, 4] } : {}),
          value: (_, value) => figure(value ?? this.last(place), line.unit),
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.drawBand(plot)],
        draw: [(plot) => this.drawSpans(plot)],
        setSelect: [(plot) => this.zoom(plot)],
      },
    };
    return new uPlot(options, this.columns.data, this.host);
  }

  /** Zero belongs to rates and shares; the band and every threshold stay in sight. */
  private reach(low: number | null, high: number | null, unit: string): [number, number] {
    const known = [...this.columns.lower, ...this.columns.upper].filter(Number.isFinite);
    const marks = this.chart.thresholds.map((one) => one.value);
    let least = Infinity;
    let most = -Infinity;
    for (const value of [...known, ...marks, low ?? NaN, high ?? NaN]) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (!Number.isFinite(least) || !Number.isFinite(most)) return [0, 1];
    const span = most - least || Math.abs(most) || 1;
    const fromZero = least >= 0 && (unit === "1" || unit.endsWith("/s") || unit === "" || least < span);
    return [fromZero ? 0 : least - span * 0.08, most + span * 0.08];
  }

  /** Without a cursor the legend tells the newest value. */
  private last(place: number): number | null {
    const values = this.columns.data[place + 1] as Column | undefined;
    for (let at = (values?.length ?? 0) - 1; at >= 0; at--) if (values?.[at] != null) return values[at] ?? null;
    return null;
  }

  private drawBand(plot: uPlot): void {
    if (!this.chart.hasBand) return;
    const { ctx } = plot;
    const times = this.columns.data[0];
    ctx.save();
    ctx.beginPath();
    ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    ctx.clip();
    ctx.fillStyle = token("--s-8");
    ctx.globalAlpha = 0.26;
    for (let from = 0; from < times.length;) {
      while (from < times.length && !Number.isFinite(this.columns.lower[from])) from++;
      let to = from;
      while (to < times.length && Number.isFinite(this.columns.lower[to])) to++;
      if (to > from) {
        ctx.beginPath();
        for (let at = from; at < to; at++) ctx.lineTo(plot.valToPos(times[at] ?? 0, "x", true), plot.valToPos(this.columns.upper[at] ?? 0, "y", true));
        for (let at = to - 1; at >= from; at--) ctx.lineTo(plot.valToPos(times[at] ?? 0, "x", true), plot.valToPos(this.columns.lower[at] ?? 0, "y", true));
        ctx.closePath();
        ctx.fill();
      }
      from = to + 1;
    }
    ctx.restore();
  }

  private drawSpans(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const clampX = (at: number): number => Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(at, "x", true)));
    const end = plot.scales.x?.max ?? 0;
    ctx.save();
    for (const span of this.chart.anomalies) {
      const [left, right] = [clampX(span.from), clampX(span.to ?? end)];
      ctx.fillStyle = ctx.strokeStyle = token(stateToken[span.state] ?? "--critical-mark");
      ctx.globalAlpha = 0.08;
      ctx.fillRect(left, bbox.top, Math.max(right - left, ratio), bbox.height);
      ctx.globalAlpha = 0.45;
      ctx.fillRect(left, bbox.top, ratio, bbox.height);
      ctx.globalAlpha = 1;
      ctx.fillRect(left, bbox.top, Math.max(right - left, 3 * ratio), 3 * ratio);
    }
    ctx.font = `${11 * ratio}px ${token("--font-ui")}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const span of this.chart.gaps) {
      const [left, right] = [clampX(span.from), clampX(span.to ?? end)];
      if (right - left < 2 * ratio) continue;
      ctx.save();
      ctx.beginPath();
      ctx.rect(left, bbox.top, right - left, bbox.height);
      ctx.clip();
      ctx.strokeStyle = token("--n-5");
      ctx.lineWidth = ratio;
      ctx.beginPath();
      for (let x = left - bbox.height; x < right; x += 6 * ratio) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + bbox.height, bbox.top);
      }
      ctx.stroke();
      ctx.restore();
      const width = ctx.measureText(span.words).width + 8 * ratio;
      if (right - left < width) continue;
      const [middle, y] = [(left + right) / 2, bbox.top + bbox.height / 2];
      ctx.fillStyle = token("--n-1");
      ctx.fillRect(middle - width / 2, y - 8 * ratio, width, 16 * ratio);
      ctx.fillStyle = token("--n-8");
      ctx.fillText(span.words, middle, y);
    }
    this.drawNow(plot);
    ctx.textAlign = "right";
    for (const threshold of this.chart.thresholds) {
      const y = plot.valToPos(threshold.value, "y", true);
      ctx.strokeStyle = token("--n-7");
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = token("--n-8");
      ctx.fillText(threshold.words, bbox.left + bbox.width - 4 * ratio, y - 8 * ratio);
    }
    ctx.restore();
  }

  /** Only where time goes on to the right of it, as under a band that reaches ahead. */
  private drawNow(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const x = plot.valToPos(Date.now() / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width - 2 * ratio) return;
    ctx.fillStyle = token("--n-7");
    ctx.fillRect(x, bbox.top, ratio, bbox.height);
    ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
    ctx.fillText("now", x + (ctx.textAlign === "right" ? -4 : 4) * ratio, bbox.top + 12 * ratio);
  }

  private zoom(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    void this.owner.invokeMethodAsync("ZoomedAsync", from, to);
  }

  private readonly keyed = (event: KeyboardEvent): void => {
    const times = this.columns.data[0];
    const at = this.plot.cursor.idx ?? times.length - 1;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -keyStep, PageDown: keyStep, Home: -times.length, End: times.length }[event.key];
    if (by === undefined || times.length === 0) return;
    event.preventDefault();
    const next = Math.min(times.length - 1, Math.max(0, at + by));
    this.plot.setCursor({ left: this.plot.valToPos(times[next] ?? 0, "x"), top: this.plot.height / 2 });
    if (this.said) {
      const values = this.chart.lines.map((line, place) => `${line.name} ${figure((this.columns.data[place + 1] as Column)[next], line.unit)}`);
      const band = this.chart.hasBand ? `, expected ${figure(this.columns.lower[next], this.chart.lines[0]?.unit ?? "")} to ${figure(this.columns.upper[next], this.chart.lines[0]?.unit ?? "")}` : "";
      this.said.textContent = `${clock(times[next] ?? 0, this.chart.zone)}: ${values.join(", ")}${band}`;
    }
  };
}

function clock(at: number, zone: string): string {
  return new Date(at * 1000).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone });
}

export function draw(host: HTMLElement, owner: Owner, chart: Chart, bytes: Uint8Array): Drawing {
  const began = performance.now();
  const drawing = new Drawing(host, owner, chart, bytes);
  // uPlot paints in a microtask of its own, queued before this one.
  queueMicrotask(() => performance.measure("archon.chart", { start: began, detail: { lines: chart.lines.length, points: chart.points } }));
  return drawing;
}
