// Draws SeriesChart with uPlot. Times are Unix seconds; values come as one block of doubles: times, each line, then the band.
import uPlot from "uplot";
import { type Chart, type Column, type Columns, finiteRuns, hasSameSeries, lastFinite, lastKnown, unpack, valueRange } from "./chart-data";
import { figure, range } from "./figures";
import { Legend } from "./legend";
import { clock, tickTime } from "./times";

interface Owner {
  invokeMethodAsync(name: string, ...args: unknown[]): Promise<unknown>;
}
const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const stateToken: Record<string, string> = {
  critical: "--critical-mark",
  warning: "--warning-mark",
  info: "--info",
  ok: "--ok",
  unknown: "--unknown",
  silenced: "--silenced",
};
const fallbackWidth = 600;
const minWidth = 160;
const axisWidth = 48;
const leastRoom = 8;
const keyStep = 10;
const densePoints = 20_000;
const stateOrder = ["critical", "warning", "info", "silenced", "unknown", "ok"];
const powersOfTwo = Array.from({ length: 51 }, (_, power) => 2 ** power);

class Drawing {
  private plot: uPlot;
  private columns: Columns;
  private readonly watcher: ResizeObserver;
  private readonly said: Element | null;
  private readonly legend: Legend;
  private readonly at = document.createElement("span");
  private lastTime = "";
  private readonly redrawn = (): void => this.rebuild();

  constructor(
    private readonly host: HTMLElement,
    private readonly owner: Owner,
    private chart: Chart,
    bytes: Uint8Array,
  ) {
    this.columns = unpack(chart, bytes);
    this.said = host.parentElement?.querySelector("[data-chart-said]") ?? null;
    this.legend = new Legend(host.parentElement?.querySelector<HTMLElement>("[data-chart-legend]") ?? null, (line) => this.isolate(line));
    this.plot = this.build();
    this.read(null);
    this.watcher = new ResizeObserver(() => {
      const width = Math.max(minWidth, this.host.clientWidth);
      if (Math.abs(width - this.plot.width) > 1) this.plot.setSize({ width, height: this.chart.height });
    });
    this.watcher.observe(host);
    host.addEventListener("keydown", this.keyed);
    document.addEventListener("archon:theme", this.redrawn);
  }

  update(chart: Chart, bytes: Uint8Array): void {
    const same = hasSameSeries(chart, this.chart);
    this.chart = chart;
    this.columns = unpack(chart, bytes);
    if (same) {
      this.plot.setData(this.columns.data);
      this.fillLegend();
      this.read(this.plot.cursor.idx);
    } else this.rebuild();
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
    this.read(null);
  }

  private build(): uPlot {
    const zone = this.chart.zone;
    const font = `11px ${token("--font-ui")}`;
    const axis = { stroke: token("--text-3"), font, ticks: { show: false } };
    const unit = this.chart.lines[0]?.unit ?? "";
    const options: uPlot.Options = {
      width: Math.max(minWidth, this.host.clientWidth || fallbackWidth),
      height: this.chart.height,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone === "UTC" ? "Etc/UTC" : zone),
      // The last time stands in the middle of its tick, half of it beyond the plot.
      padding: [8, (plot) => this.roomAtRight(plot, font), 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: this.chart.canZoom, y: false, setScale: false },
        points: { size: 7 },
        focus: { prox: 16 },
        ...(this.chart.syncKey ? { sync: { key: this.chart.syncKey, setSeries: false } } : {}),
      },
      focus: { alpha: 0.35 },
      scales: { x: { time: true }, y: { range: (_, low, high) => valueRange(low, high, this.columns, this.chart.thresholds, unit) } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          border: { show: true, stroke: token("--n-5"), width: 1 },
          size: 24,
          space: 72,
          values: (_, ticks, __, ___, step) => {
            const labels = ticks.map((tick, place) => tickTime(tick, step, zone, place === 0));
            this.lastTime = labels[labels.length - 1] ?? "";
            return labels;
          },
        },
        {
          ...axis,
          grid: { stroke: token("--grid-line"), width: 1 },
          space: 30,
          ...(unit === "By" ? { incrs: powersOfTwo } : {}),
          // Without labels yet uPlot passes null, which its types do not say.
          // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
          size: (plot, labels) => Math.max(axisWidth, ...(labels ?? []).map((label) => Math.ceil(widthOf(plot.ctx, font, label)) + 14)),
          values: (_, ticks) => ticks.map((tick) => figure(tick, unit)),
        },
      ],
      series: [
        {},
        ...this.chart.lines.map((line): uPlot.Series => ({
          label: line.name,
          stroke: token(`--s-${line.color}`),
          width: this.isDense ? 1 : 1.5,
          points: { show: false },
          spanGaps: false,
          ...(line.dashed ? { dash: [5, 4] } : {}),
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.drawBand(plot)],
        draw: [
          (plot) => this.drawSpans(plot),
          (plot) => this.drawBeyond(plot),
          (plot) => this.drawNewest(plot),
          (plot) => this.reportEdges(plot),
        ],
        setCursor: [(plot) => plot === this.plot && this.read(plot.cursor.idx)],
        setSelect: [(plot) => this.zoom(plot)],
      },
    };
    this.fillLegend();
    const plot = new uPlot(options, this.columns.data, this.host);
    this.at.className = "u-at";
    this.at.hidden = true;
    plot.over.append(this.at);
    return plot;
  }

  private roomAtRight(plot: uPlot, font: string): number {
    // Asked once before the canvas is there, with no label to make room for yet.
    if (this.lastTime === "") return leastRoom;
    return Math.max(leastRoom, Math.ceil(widthOf(plot.ctx, font, this.lastTime) / 2) + 2);
  }

  private fillLegend(): void {
    const { lines, hasBand, bandName, anomalies } = this.chart;
    const worst = stateOrder.find((state) => anomalies.some((span) => span.state === state));
    this.legend.build(
      lines.map((line) => ({ name: line.name, color: token(`--s-${line.color}`), dashed: line.dashed })),
      hasBand ? { name: bandName, color: token("--s-8") } : null,
      worst ? token(stateToken[worst] ?? "--critical-mark") : null,
    );
  }

  /** What the legend tells: the values under the cursor, the newest ones without it. */
  private read(at: number | null | undefined): void {
    const { lines, zone, hasBand } = this.chart;
    const times = this.columns.data[0];
    const place = at ?? null;
    const bandAt = place ?? lastFinite(this.columns.lower);
    const unit = lines[0]?.unit ?? "";
    const [lower, upper] = [this.columns.lower[bandAt], this.columns.upper[bandAt]];
    this.legend.show({
      values: lines.map((line, row) => figure(place === null ? this.last(row) : this.columns.values[row]?.[place], line.unit)),
      expected: hasBand && lower !== undefined && upper !== undefined && Number.isFinite(lower) ? range(lower, upper, unit) : null,
    });
    // The time stands under the hairline, on the axis: in the legend it would push the values about.
    this.at.hidden = place === null;
    if (place !== null) {
      this.at.textContent = clock(times[place] ?? 0, zone);
      const half = this.at.offsetWidth / 2;
      this.at.style.left = `${Math.min(this.plot.over.clientWidth - half, Math.max(half, this.plot.valToPos(times[place] ?? 0, "x")))}px`;
    }
  }

  private isolate(line: number | null): void {
    this.plot.batch(() =>
      this.chart.lines.forEach((_, place) => this.plot.setSeries(place + 1, { show: line === null || line === place })),
    );
  }

  private last(place: number): number | null {
    const values = this.columns.values[place];
    return values?.[lastKnown(values)] ?? null;
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
    for (const [from, to] of finiteRuns(this.columns.lower)) {
      ctx.beginPath();
      for (let at = from; at < to; at++)
        ctx.lineTo(plot.valToPos(times[at] ?? 0, "x", true), plot.valToPos(this.columns.upper[at] ?? 0, "y", true));
      for (let at = to - 1; at >= from; at--)
        ctx.lineTo(plot.valToPos(times[at] ?? 0, "x", true), plot.valToPos(this.columns.lower[at] ?? 0, "y", true));
      ctx.closePath();
      ctx.fill();
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
      // Over whatever lines are there the words stay words.
      const [right, width] = [bbox.left + bbox.width - 2 * ratio, ctx.measureText(threshold.words).width + 6 * ratio];
      ctx.fillStyle = token("--n-1");
      ctx.globalAlpha = 0.85;
      ctx.fillRect(right - width, y - 16 * ratio, width, 14 * ratio);
      ctx.globalAlpha = 1;
      ctx.fillStyle = token("--n-8");
      ctx.fillText(threshold.words, right - 3 * ratio, y - 8 * ratio);
    }
    ctx.restore();
  }

  /** What has no place on the axis, such as an infinite value, is a bar along its edge: it is not a gap. */
  private drawBeyond(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const times = this.columns.data[0];
    const height = 4 * devicePixelRatio;
    ctx.save();
    this.columns.beyond.forEach((stretches, row) => {
      if (plot.series[row + 1]?.show === false) return;
      ctx.fillStyle = token(`--s-${this.chart.lines[row]?.color ?? 1}`);
      for (const { from, to, isAbove } of stretches) {
        const left = Math.max(bbox.left, plot.valToPos(times[from] ?? 0, "x", true));
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(times[Math.min(to, times.length - 1)] ?? 0, "x", true));
        ctx.fillRect(left, isAbove ? bbox.top : bbox.top + bbox.height - height, Math.max(height / 2, right - left), height);
      }
    });
    ctx.restore();
  }

  /** A dot where each line ends: that is now. */
  private drawNewest(plot: uPlot): void {
    if (this.isDense) return;
    const { ctx } = plot;
    ctx.save();
    this.chart.lines.forEach((line, row) => {
      const values = this.columns.data[row + 1] as Column;
      const at = lastFinite(values);
      const value = values[at];
      if (value === undefined || value === null || plot.series[row + 1]?.show === false) return;
      ctx.beginPath();
      ctx.arc(
        plot.valToPos(this.columns.data[0][at] ?? 0, "x", true),
        plot.valToPos(value, "y", true),
        2.5 * devicePixelRatio,
        0,
        2 * Math.PI,
      );
      ctx.fillStyle = token(`--s-${line.color}`);
      ctx.fill();
    });
    ctx.restore();
  }

  /** What stands under the chart on the same axis, such as bars of a backtest, is placed by these. */
  private reportEdges(plot: uPlot): void {
    const frame = this.host.closest<HTMLElement>("[data-plot-frame]");
    const left = plot.bbox.left / devicePixelRatio;
    frame?.style.setProperty("--plot-left", `${left}px`);
    frame?.style.setProperty("--plot-end", `${plot.width - left - plot.bbox.width / devicePixelRatio}px`);
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
    ctx.fillText("now", x + (ctx.textAlign === "right" ? -4 : 4) * ratio, bbox.top + bbox.height - 6 * ratio);
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
      const values = this.chart.lines.map((line, place) => `${line.name} ${figure(this.columns.values[place]?.[next], line.unit)}`);
      const [lower, upper] = [this.columns.lower[next], this.columns.upper[next]];
      const band =
        lower !== undefined && upper !== undefined && Number.isFinite(lower)
          ? `, ${this.chart.bandName} ${range(lower, upper, this.chart.lines[0]?.unit ?? "")}`
          : "";
      this.said.textContent = `${clock(times[next] ?? 0, this.chart.zone)}: ${values.join(", ")}${band}`;
    }
  };
}

function widthOf(ctx: CanvasRenderingContext2D, font: string, text: string): number {
  ctx.save();
  ctx.font = font;
  const { width } = ctx.measureText(text);
  ctx.restore();
  return width;
}

export function draw(host: HTMLElement, owner: Owner, chart: Chart, bytes: Uint8Array): Drawing {
  const began = performance.now();
  const drawing = new Drawing(host, owner, chart, bytes);
  // uPlot paints in a microtask of its own, queued before this one.
  queueMicrotask(() => performance.measure("archon.chart", { start: began, detail: { lines: chart.lines.length, points: chart.points } }));
  return drawing;
}
