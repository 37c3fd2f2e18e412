// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { serve, start } from "../../Archon.Console/Scripts/palette";
import type { Entry } from "../../Archon.Console/Scripts/palette-search";

const entry = (name: string, kind = "Service"): Entry => ({
  kind,
  name,
  shown: name,
  href: `/${name}`,
  icon: "services",
  isAction: false,
  keys: null,
});
const option = (): string[] => [...document.querySelectorAll("[role=option]")].map((one) => one.textContent);
const box = (): HTMLInputElement => document.querySelector("[data-palette-box]") as HTMLInputElement;
const host = (): HTMLElement => document.querySelector("[data-palette]") as HTMLElement;

function open(): void {
  document.querySelector<HTMLElement>("[data-palette-open]")?.click();
}

function type(text: string): void {
  for (const letter of text) {
    box().value += letter;
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function press(key: string): void {
  box().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

Element.prototype.scrollIntoView = (): void => undefined;
start();

beforeEach(() => {
  document.body.innerHTML = `
    <button data-palette-open>Search</button>
    <div data-palette hidden>
      <div data-palette-dialog><input data-palette-box /><ul data-palette-list></ul><p data-palette-said></p></div>
    </div>`;
  vi.stubGlobal("Blazor", { navigateTo: vi.fn() });
});

describe("The palette", () => {
  it("has the focus as soon as it is opened, and keeps what is typed before the server has answered", async () => {
    let answer: (found: unknown) => void = () => undefined;
    serve({ invokeMethodAsync: <T>() => new Promise<T>((done) => (answer = done as (found: unknown) => void)) });
    open();
    expect(document.activeElement).toBe(box());
    type("check");

    answer({ entries: [entry("cart"), entry("checkout")], isWhole: true, isFailed: false });

    await vi.waitFor(() => expect(option()).toEqual(["checkout"]));
    expect(box().value).toBe("check");
    press("Enter");
    await vi.waitFor(() => expect(Blazor.navigateTo).toHaveBeenCalledWith("/checkout"));
    expect(host().hidden).toBe(true);
  });

  it("opens what Enter meant when the server answers after it", async () => {
    let answer: (found: unknown) => void = () => undefined;
    serve({ invokeMethodAsync: <T>() => new Promise<T>((done) => (answer = done as (found: unknown) => void)) });
    open();
    type("brand-new");
    press("Enter");

    answer({ entries: [entry("brand-new")], isWhole: true, isFailed: false });

    await vi.waitFor(() => expect(Blazor.navigateTo).toHaveBeenCalledWith("/brand-new"));
  });

  it("asks by what was typed where it has not all", async () => {
    const asked: unknown[] = [];
    serve({
      invokeMethodAsync: <T>(_: string, text: unknown) => {
        asked.push(text);
        return Promise.resolve({ entries: text === "" ? [entry("a")] : [entry("zebra-9")], isWhole: text !== "", isFailed: false } as T);
      },
    });
    open();
    await vi.waitFor(() => expect(option()).toEqual(["a"]));
    type("zebra");

    await vi.waitFor(() => expect(option()).toEqual(["zebra-9"]));
    expect(asked).toEqual(["", "zebra"]);
  });

  it("finds what it knew before while the server cannot be asked, and says so", async () => {
    serve({ invokeMethodAsync: () => Promise.reject(new Error("away")) });
    open();
    type("zeb");

    await vi.waitFor(() => expect(document.querySelector("[data-palette-said]")?.textContent).toContain("cannot be read"));
    press("Escape");
    expect(host().hidden).toBe(true);
    expect(document.activeElement).toBe(document.querySelector("[data-palette-open]"));
  });

  it("shows a range that was typed", async () => {
    const shown: unknown[][] = [];
    serve({
      invokeMethodAsync: <T>(name: string, ...args: unknown[]) => {
        if (name === "ShowRange") shown.push(args);
        return Promise.resolve({ entries: [], isWhole: true, isFailed: false } as T);
      },
    });
    open();
    type("last 6h");
    press("Enter");

    await vi.waitFor(() => expect(shown).toEqual([["now-6h", "now"]]));
  });

  it("takes names for text", async () => {
    serve({
      invokeMethodAsync: <T>() =>
        Promise.resolve({ entries: [entry("<img src=x onerror=alert(1)>")], isWhole: true, isFailed: false } as T),
    });
    open();
    type("img");

    await vi.waitFor(() => expect(option()).toEqual(["<img src=x onerror=alert(1)>"]));
    expect(document.querySelector("[data-palette] img")).toBeNull();
  });
});

declare const Blazor: { navigateTo: ReturnType<typeof vi.fn> };
