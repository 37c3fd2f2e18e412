// What a chart draws, as plain values: nothing here knows the page or the canvas.
import type uPlot from "uplot";
import { isOutOfRange } from "./figures";

export interface Line {
  name: string;
  unit: string;
  color: number;
  dashed: boolean;
}
export interface Span {
  from: number;
  to: number | null;
  words: string;
  state: string;
}
export interface Threshold {
  value: number;
  words: string;
}
export interface Chart {
  height: number;
  syncKey: string | null;
  points: number;
  lines: Line[];
  hasBand: boolean;
  bandName: string;
  anomalies: Span[];
  gaps: Span[];
  thresholds: Threshold[];
  zone: string;
  canZoom: boolean;
}
/** A line without gaps is a view of the block that came; one with gaps is a copy with null in them. */
export type Column = Float64Array | (number | null)[];
/** From the first place to the one after the last. */
export interface Beyond {
  from: number;
  to: number;
  isAbove: boolean;
}
export interface Columns {
  data: uPlot.AlignedData;
  /** Each line as it came, to read values from. */
  values: Float64Array[];
  /** Stretches of each line that are infinite or far too large for the axis: above it or below it. */
  beyond: Beyond[][];
  lower: number[];
  upper: number[];
}

export function unpack(chart: Chart, bytes: Uint8Array): Columns {
  // The block may lie anywhere in a larger buffer; doubles need a place divisible by eight.
  const values = new Float64Array(bytes.slice().buffer);
  const column = (at: number): Float64Array => values.subarray(at * chart.points, (at + 1) * chart.points);
  // uPlot breaks a line at null and not at NaN; a line without gaps is taken as it came.
  const isDrawn = (one: number): boolean => Number.isFinite(one) && !isOutOfRange(one);
  const holes = (from: Float64Array): Column => (from.every(isDrawn) ? from : Array.from(from, (one) => (isDrawn(one) ? one : null)));
  const lines = chart.lines.map((_, at) => column(at + 1));
  const data: uPlot.AlignedData = [column(0), ...lines.map(holes)];
  const end = (at: number): number[] => Array.from(column(chart.lines.length + at), (one) => (isDrawn(one) ? one : NaN));
  return {
    data,
    values: lines,
    beyond: lines.map(stretchesBeyond),
    lower: chart.hasBand ? end(1) : [],
    upper: chart.hasBand ? end(2) : [],
  };
}

function stretchesBeyond(values: Float64Array): Beyond[] {
  const found: Beyond[] = [];
  values.forEach((value, at) => {
    if (!isOutOfRange(value)) return;
    const last = found[found.length - 1];
    if (last?.to === at && last.isAbove === value > 0) last.to = at + 1;
    else found.push({ from: at, to: at + 1, isAbove: value > 0 });
  });
  return found;
}

/** The same lines in the same zone: new values can then be put into the chart that is there. */
export function hasSameSeries(one: Chart, other: Chart): boolean {
  return (
    one.zone === other.zone &&
    one.lines.length === other.lines.length &&
    one.lines.every((line, at) => line.name === other.lines[at]?.name && line.unit === other.lines[at].unit)
  );
}

/** Ends of the value axis. Zero belongs to rates and shares; the band and every threshold stay in sight. */
export function valueRange(
  low: number | null,
  high: number | null,
  band: Pick<Columns, "lower" | "upper">,
  thresholds: Threshold[],
  unit: string,
): [number, number] {
  let least = Infinity;
  let most = -Infinity;
  for (const value of [...band.lower, ...band.upper, ...thresholds.map((one) => one.value), low ?? NaN, high ?? NaN]) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (!Number.isFinite(least)) return [0, 1];
  const span = most - least || Math.abs(most) || 1;
  const fromZero = least >= 0 && (unit === "1" || unit.endsWith("/s") || unit === "" || least < span);
  return [fromZero ? 0 : least - span * 0.08, most + span * 0.08];
}

/** Stretches without a gap, each from its first place to the one after its last. */
export function finiteRuns(values: number[]): [number, number][] {
  const runs: [number, number][] = [];
  let from = -1;
  for (let at = 0; at <= values.length; at++) {
    const isFinite = at < values.length && Number.isFinite(values[at]);
    if (isFinite && from < 0) from = at;
    if (!isFinite && from >= 0) {
      runs.push([from, at]);
      from = -1;
    }
  }
  return runs;
}

/** Place of the newest value, an infinite one too; -1 when there is none. */
export function lastKnown(values: ArrayLike<number>): number {
  for (let at = values.length - 1; at >= 0; at--) if (!Number.isNaN(values[at])) return at;
  return -1;
}

/** Place of the newest value that can be drawn, -1 when there is none. */
export function lastFinite(values: ArrayLike<number | null>): number {
  for (let at = values.length - 1; at >= 0; at--) if (values[at] !== null && Number.isFinite(values[at])) return at;
  return -1;
}
