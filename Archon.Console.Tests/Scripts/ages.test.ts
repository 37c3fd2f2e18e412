// @vitest-environment jsdom
import { afterEach, describe, expect, it, vi } from "vitest";
import { markLost, start } from "../../Archon.Console/Scripts/ages";

afterEach(() => vi.useRealTimers());

describe("While the connection is lost", () => {
  it("the footer counts the seconds, and stops when it is back", () => {
    vi.useFakeTimers();
    document.body.innerHTML = "<b data-lost-for></b>";
    const words = (): string => document.querySelector("[data-lost-for]")?.textContent ?? "";
    start();
    markLost(Date.now() - 2000);
    expect(words()).toBe("Disconnected 2 s");

    vi.advanceTimersByTime(10_000);
    expect(words()).toBe("Disconnected 12 s");
    expect(document.documentElement.hasAttribute("data-lost")).toBe(true);

    markLost(null);
    expect(words()).toBe("");
    expect(document.documentElement.hasAttribute("data-lost")).toBe(false);
  });
});
