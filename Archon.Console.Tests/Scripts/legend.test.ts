// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import { Legend } from "../../Archon.Console/Scripts/legend";

const lines = ["p50", "p99"].map((name) => ({ name, color: "red", dashed: false }));
const band = { name: "expected", color: "gray" };
let host: HTMLElement;
let shown: (number | null)[];
let legend: Legend;

const texts = (): (string | null)[] => [...host.children].map((item) => item.textContent);
const buttons = (): HTMLButtonElement[] => [...host.querySelectorAll("button")];

beforeEach(() => {
  host = document.createElement("div");
  shown = [];
  legend = new Legend(host, (line) => shown.push(line));
});

describe("The legend of a chart", () => {
  it("shows the value of each line and what was expected", () => {
    legend.build(lines, band, "orange");
    legend.show({ values: ["120 ms", "2 s"], expected: "1 to 3 s" });

    expect(texts()).toEqual(["p50 120 ms", "p99 2 s", "expected 1 to 3 s", "anomaly "]);
  });

  it("says when nothing is expected yet", () => {
    legend.build(lines, band, null);
    legend.show({ values: [], expected: null });

    expect(texts()).toEqual(["p50 ", "p99 ", "expected nothing yet"]);
  });

  it("has no button for the only line, whose name is the title of the chart", () => {
    legend.build(lines.slice(0, 1), null, null);

    expect(texts()).toEqual(["measured "]);
    expect(buttons()).toEqual([]);
  });

  it("shows one line alone, and all again at the second click", () => {
    legend.build(lines, null, null);

    buttons()[1]?.click();
    expect(buttons().map((button) => button.getAttribute("aria-pressed"))).toEqual(["false", "true"]);
    buttons()[1]?.click();

    expect(shown).toEqual([1, null]);
    expect(buttons().map((button) => button.getAttribute("aria-pressed"))).toEqual(["false", "false"]);
  });

  it("shows a name of another system as text", () => {
    legend.build([{ name: "<img src=x>", color: "red", dashed: false }, ...lines], null, null);

    expect(host.querySelector("img")).toBeNull();
    expect(texts()[0]).toBe("<img src=x> ");
  });

  it("needs no place to be in", () => {
    const nowhere = new Legend(null, (line) => shown.push(line));

    nowhere.build(lines, band, null);
    nowhere.show({ values: ["1", "2"], expected: null });

    expect(shown).toEqual([]);
  });
});
