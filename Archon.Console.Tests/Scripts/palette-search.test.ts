import { describe, expect, it } from "vitest";
import { differsByOne, type Entry, rangeOf, search } from "../../Archon.Console/Scripts/palette-search";

const entry = (name: string, kind = "Service"): Entry => ({
  kind,
  name,
  shown: name,
  href: name,
  icon: "services",
  isAction: false,
  keys: null,
});
const names = (entries: Entry[], text: string): string[] => search(entries, text, 12).map((hit) => hit.entry.name);

describe("What was typed is found", () => {
  const shop = ["checkout", "shop-checkout", "recheck", "cache", "search", "chart"].map((name) => entry(name));

  it("best first: the whole name, its beginning, the beginning of a word, inside of it, its letters in order", () => {
    expect(names([...shop, entry("check")], "check")).toEqual(["check", "checkout", "shop-checkout", "recheck"]);
    expect(names(shop, "chkt")).toEqual(["checkout", "shop-checkout"]);
  });

  it.each(["chekcout", "chckout", "checckout", "chexkout"])("with one slip: %s", (typed) => {
    expect(names(shop, typed)).toEqual(["checkout", "shop-checkout"]);
  });

  it("with a slip in a name of several words, and in its beginning alone", () => {
    expect(names([entry("service-003"), entry("shop")], "servcie-003")).toEqual(["service-003"]);
    expect(names([entry("service-003"), entry("shop")], "servcie")).toEqual(["service-003"]);
  });

  it("by several words in any order", () => {
    expect(names([entry("Latency P95 of search"), entry("Latency P95 of cache")], "search lat")).toEqual(["Latency P95 of search"]);
  });

  it("whatever the case", () => {
    expect(names([entry("HostCpuHigh", "Rule")], "cpuh")).toEqual(["HostCpuHigh"]);
  });

  it("with kinds apart, the kind of the best one first", () => {
    const hits = search([entry("Status of rules", "Page"), entry("rules", "Service"), entry("rules-engine", "Service")], "rules", 12);

    expect(hits.map((hit) => hit.entry.kind)).toEqual(["Service", "Service", "Page"]);
  });

  it("with services before their watches where both fit alike", () => {
    const hits = search([entry("Latency of x shop", "Watch"), entry("Latency of another shop", "Service")], "shop", 12);

    expect(hits.map((hit) => hit.entry.kind)).toEqual(["Service", "Watch"]);
  });

  it("with the places of what was typed", () => {
    expect(search([entry("shop checkout")], "check sh", 12)[0]?.marks).toEqual([
      [0, 2],
      [5, 10],
    ]);
  });

  it("not where letters are missing or far apart", () => {
    expect(names(shop, "xyz")).toEqual([]);
    expect(names([entry("a very long name that ends with zoo")], "azo")).toEqual([]);
  });

  it("as it comes while nothing is typed, and never more than can be shown", () => {
    expect(names(shop, "")).toHaveLength(6);
    expect(search(shop, "", 2).map((hit) => hit.entry.name)).toEqual(["checkout", "shop-checkout"]);
  });
});

describe("One slip", () => {
  it.each([
    ["abcd", "abcd", true],
    ["abcd", "abdc", true],
    ["abcd", "abc", true],
    ["abcd", "abxcd", true],
    ["abcd", "axcd", true],
    ["abcd", "axxd", false],
    ["abcd", "dcba", false],
    ["abcd", "ab", false],
  ])("%s for %s: %s", (one, other, isNear) => {
    expect(differsByOne(one, other)).toBe(isNear);
  });
});

describe("A range", () => {
  it.each([
    ["6h", "now-6h", "now"],
    ["last 2 days", "now-2d", "now"],
    ["now-15m", "now-15m", "now"],
    ["30 min", "now-30m", "now"],
    ["Today", "now/d", "now"],
    ["yesterday", "now-1d/d", "now-1d/d"],
    ["2026-11-24 03:00 to 2026-11-24 04:00", "2026-11-24 03:00", "2026-11-24 04:00"],
  ])("is %s", (typed, from, to) => {
    expect(rangeOf(typed)).toMatchObject({ from, to });
  });

  it.each(["", "6", "h", "checkout", "6hh", "service 6h"])("is not %s", (typed) => {
    expect(rangeOf(typed)).toBeNull();
  });
});
