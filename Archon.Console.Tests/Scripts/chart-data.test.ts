import { describe, expect, it } from "vitest";
import { type Chart, finiteRuns, hasSameSeries, lastFinite, lastKnown, unpack, valueRange } from "../../Archon.Console/Scripts/chart-data";

const chart = (changes: Partial<Chart> = {}): Chart => ({
  height: 200,
  syncKey: null,
  points: 3,
  lines: [{ name: "p99", unit: "s", color: 1, dashed: false }],
  hasBand: false,
  bandName: "expected",
  anomalies: [],
  gaps: [],
  thresholds: [],
  zone: "UTC",
  canZoom: true,
  ...changes,
});
const noBand = { lower: [], upper: [] };

/** A block of doubles that begins at a place which is not divisible by eight. */
function block(...values: number[]): Uint8Array {
  const doubles = new Uint8Array(new Float64Array(values).buffer);
  const larger = new Uint8Array(doubles.length + 3);
  larger.set(doubles, 3);
  return larger.subarray(3);
}

describe("A block of values", () => {
  it("is times, then each line, then the band", () => {
    const columns = unpack(chart({ hasBand: true }), block(60, 120, 180, 1, 2, 3, 0.5, 1.5, 2.5, 1.5, 2.5, 3.5));

    expect(columns.data.map((column) => [...column])).toEqual([
      [60, 120, 180],
      [1, 2, 3],
    ]);
    expect(columns).toMatchObject({ lower: [0.5, 1.5, 2.5], upper: [1.5, 2.5, 3.5] });
  });

  it("has null where a line has a gap, because uPlot interrupts a line only there", () => {
    const { data } = unpack(chart(), block(60, 120, 180, 1, NaN, 3));

    expect([...(data[1] ?? [])]).toEqual([1, null, 3]);
  });

  it("keeps what is infinite or far too large apart from the axis, and takes it for no gap", () => {
    const columns = unpack(chart({ points: 5 }), block(60, 120, 180, 240, 300, 1, Infinity, 1.797e308, -Infinity, NaN));

    expect([...(columns.data[1] ?? [])]).toEqual([1, null, null, null, null]);
    expect(columns.beyond).toEqual([
      [
        { from: 1, to: 3, isAbove: true },
        { from: 3, to: 4, isAbove: false },
      ],
    ]);
    expect(lastKnown(columns.values[0] ?? [])).toBe(3);
  });

  it("has no band where the chart has none", () => {
    expect(unpack(chart(), block(60, 120, 180, 1, 2, 3))).toMatchObject(noBand);
  });
});

describe("New values are put into the same chart", () => {
  it("while its lines, their units and the zone stay", () => {
    expect(hasSameSeries(chart(), chart({ points: 9, height: 300 }))).toBe(true);
  });

  it.each([
    ["another zone", { zone: "Europe/Berlin" }],
    ["another name", { lines: [{ name: "p50", unit: "s", color: 1, dashed: false }] }],
    ["another unit", { lines: [{ name: "p99", unit: "1", color: 1, dashed: false }] }],
    ["no line", { lines: [] }],
  ])("but not with %s", (_, changes) => {
    expect(hasSameSeries(chart(changes), chart())).toBe(false);
  });
});

describe("The value axis", () => {
  it("is 0 to 1 without a value", () => {
    expect(valueRange(null, null, noBand, [], "s")).toEqual([0, 1]);
  });

  it("starts at zero for shares and rates, and leaves room above", () => {
    expect(valueRange(0.5, 0.6, noBand, [], "1")).toEqual([0, 0.6 + 0.1 * 0.08]);
    expect(valueRange(90, 100, noBand, [], "By/s")[0]).toBe(0);
  });

  it("does not start at zero for values far from it", () => {
    const [from, to] = valueRange(100, 110, noBand, [], "Cel");

    expect(from).toBeCloseTo(99.2);
    expect(to).toBeCloseTo(110.8);
  });

  it("contains the band and every threshold", () => {
    const [from, to] = valueRange(10, 11, { lower: [NaN, -5], upper: [NaN, 12] }, [{ value: 40, words: "critical" }], "Cel");

    expect(from).toBeLessThan(-5);
    expect(to).toBeGreaterThan(40);
  });

  it("of a constant line has a height", () => {
    const [from, to] = valueRange(-7, -7, noBand, [], "Cel");

    expect(from).toBeLessThan(-7);
    expect(to).toBeGreaterThan(-7);
  });
});

describe("Gaps", () => {
  it.each([
    [[], []],
    [[NaN, NaN], []],
    [[1, 2], [[0, 2]]],
    [
      [NaN, 1, 2, NaN, NaN, 3],
      [
        [1, 3],
        [5, 6],
      ],
    ],
  ])("divide %j into the stretches %j", (values, runs) => {
    expect(finiteRuns(values)).toEqual(runs);
  });

  it("at the end leave the value before them the newest one", () => {
    expect(lastFinite([1, 2, null])).toBe(1);
    expect(lastFinite(new Float64Array([1, NaN, NaN]))).toBe(0);
    expect(lastFinite([null, NaN])).toBe(-1);
  });
});
