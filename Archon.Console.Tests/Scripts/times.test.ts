import { describe, expect, it } from "vitest";
import { clock, tickTime } from "../../Archon.Console/Scripts/times";

const at = (text: string): number => Date.parse(text) / 1000;
const now = at("2026-11-24T15:00:00Z");

describe("A time on a chart", () => {
  it("has the day only where it is not today", () => {
    expect(clock(at("2026-11-24T03:05:09Z"), "UTC", now)).toBe("03:05:09");
    expect(clock(at("2026-11-23T03:05:09Z"), "UTC", now)).toBe("23 Nov 03:05:09");
  });

  it("is in the zone of the reader, and so is today", () => {
    expect(clock(at("2026-11-24T23:30:00Z"), "Europe/Berlin", now)).toBe("25 Nov 00:30:00");
    expect(clock(at("2026-11-23T23:30:00Z"), "Europe/Berlin", now)).toBe("00:30:00");
  });
});

describe("A tick of the time axis", () => {
  it("has seconds where ticks are less than a minute apart", () => {
    expect(tickTime(at("2026-11-24T03:05:30Z"), 30, "UTC", false, now)).toBe("03:05:30");
    expect(tickTime(at("2026-11-24T03:05:00Z"), 60, "UTC", false, now)).toBe("03:05");
  });

  it("is the day where one begins in the zone of the reader", () => {
    expect(tickTime(at("2026-11-23T23:00:00Z"), 3600, "Europe/Berlin", false, now)).toBe("24 Nov");
    expect(tickTime(at("2026-11-23T23:00:00Z"), 3600, "UTC", false, now)).toBe("23:00");
  });

  it("is the day where ticks are a day apart", () => {
    expect(tickTime(at("2026-11-20T12:00:00Z"), 86_400, "UTC", false, now)).toBe("20 Nov");
  });

  it("has the day at the left of a chart that starts on another day", () => {
    expect(tickTime(at("2026-11-23T21:00:00Z"), 3600, "UTC", true, now)).toBe("23 Nov 21:00");
    expect(tickTime(at("2026-11-24T09:00:00Z"), 3600, "UTC", true, now)).toBe("09:00");
  });
});
