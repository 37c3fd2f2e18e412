import { describe, expect, it } from "vitest";
import { age } from "../../Archon.Console/Scripts/ages";
import { figure, range } from "../../Archon.Console/Scripts/figures";
import ages from "../Ui/Format/ages.json";
import figures from "../Ui/Format/figures.json";

const plain = (text: string): string => text.replaceAll("\u00a0", " ");

describe("A value is written as the server writes it", () => {
  it.each(figures)("$value in $unit is $text", ({ value, unit, text }) => {
    expect(plain(figure(value, unit))).toBe(text);
  });

  it("is not separated from its unit at the end of a line", () => {
    expect(figure(0.12, "s")).not.toContain(" ");
    expect(figure(3_478_923_509, "By")).not.toContain(" ");
  });

  it("is a word when it is no number", () => {
    expect([null, undefined, NaN].map((value) => figure(value, "s"))).toEqual(["no value", "no value", "no value"]);
    expect([figure(Infinity, "s"), figure(-Infinity, "1")]).toEqual(["infinite", "minus infinite"]);
  });
});

describe("A range", () => {
  it("has its unit once where both ends share it", () => {
    expect(plain(range(0.38, 0.52, "1"))).toBe("38 to 52 %");
    expect(plain(range(1, 2, "s"))).toBe("1 to 2 s");
  });

  it("has both units where they differ", () => {
    expect(plain(range(0.5, 2, "s"))).toBe("500 ms to 2 s");
  });

  it("that starts at zero has the unit of its end", () => {
    expect(plain(range(0, 0.2, "s"))).toBe("0 to 200 ms");
  });
});

describe("An age is written as the server writes it", () => {
  it.each(ages)("$seconds s is $text", ({ seconds, text }) => {
    expect(age(seconds * 1000)).toBe(text);
  });
});
