import * as ages from "./ages";
import * as drafts from "./drafts";
import * as keyboard from "./keyboard";
import * as palette from "./palette";
import { followSystem, nextTheme, remember, showTheme, reportZone, toggleNav } from "./looks";

interface BlazorCircuit {
  start(options: object): Promise<void>;
  reconnect?(): Promise<boolean>;
  addEventListener?(name: string, heard: () => void): void;
}
declare const Blazor: BlazorCircuit;

/** Text with characters that nobody would see comes coded, as base64 of UTF-8. */
function copied(button: HTMLElement): string {
  const { copy: plain = "", copyCoded: coded } = button.dataset;
  return coded === undefined ? plain : new TextDecoder().decode(Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0)));
}

async function copy(button: HTMLElement): Promise<void> {
  const label = button.getAttribute("aria-label") ?? "Copy";
  const said = document.getElementById("said");
  try {
    await navigator.clipboard.writeText(button.dataset.copyAddress === undefined ? copied(button) : location.href);
    button.classList.add("done");
    if (said) said.textContent = button.dataset.copyAddress === undefined ? `${label}: copied.` : "Link copied.";
  } catch {
    button.classList.add("failed");
    if (said) said.textContent = "The browser did not allow copying.";
  }
  setTimeout(() => {
    button.classList.remove("done", "failed");
    if (said) said.textContent = "";
  }, 2000);
}

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  const button = target?.closest<HTMLElement>("[data-copy], [data-copy-address], [data-theme-next], [data-nav-toggle], [data-lost-reload]");
  if (!button) return;
  if (button.dataset.copy !== undefined || button.dataset.copyAddress !== undefined) void copy(button);
  else if (button.dataset.themeNext !== undefined) nextTheme();
  else if (button.dataset.navToggle !== undefined) toggleNav();
  else loadAgain();
});

function loadAgain(): void {
  drafts.markLost();
  location.reload();
}

/** Takes the reader to the first of some elements, such as the first field that is wrong. A finger is not given a keyboard that it did not ask for. */
function focus(selector: string): void {
  if (window.matchMedia("(pointer: coarse)").matches) reveal(selector);
  else document.querySelector<HTMLElement>(selector)?.focus();
}

/** What a link asks for may be far down a list. */
function reveal(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.scrollIntoView({ block: "nearest" });
}

// What other parts of the page call: Shell/SeriesChart, Shell/CodeEditor and Shell/MainLayout.
/** From here on buttons answer: the page is in touch with the server. */
function live(): void {
  document.documentElement.dataset.live = "";
}

let mudBlazorLoading: Promise<unknown> | undefined;

function loaded(element: HTMLStyleElement | HTMLLinkElement | HTMLScriptElement): Promise<unknown> {
  return new Promise((done, failed) => {
    element.onload = done;
    element.onerror = failed;
    document.head.append(element);
  });
}

/** MudBlazor's style sheet and script: sent with a page that has forms, else fetched once, when the first dialog, note or menu opens. */
function mudBlazor(): Promise<unknown> {
  mudBlazorLoading ??= loadMudBlazor().catch((fault: unknown) => {
    mudBlazorLoading = undefined;
    throw fault;
  });
  return mudBlazorLoading;
}

function loadMudBlazor(): Promise<unknown> {
  const [theirs = "", ours = "", scripts = ""] =
    document.querySelector<HTMLElement>("[data-mud-blazor]")?.dataset.mudBlazor?.split(" ") ?? [];
  const script = Object.assign(document.createElement("script"), { src: scripts });
  if (document.querySelector("link[data-mud]")) return loaded(script);
  // In a layer of its own whatever it says gives way to our style sheets.
  const style = Object.assign(document.createElement("style"), { textContent: `@import url("${theirs}") layer(mud);` });
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: ours });
  return Promise.all([loaded(style), loaded(link), loaded(script)]);
}

let focusedBefore: HTMLElement | null = null;
const focusFrames = 60;

/** Gives the focus to the safe button of a dialog, once MudBlazor's trap has put it on its own edge. */
async function enterDialog(): Promise<void> {
  focusedBefore = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  for (let frame = 0; frame < focusFrames; frame++) {
    await new Promise(requestAnimationFrame);
    if (!document.activeElement?.closest(".mud-dialog-container")) continue;
    document.querySelector<HTMLElement>(".mud-dialog .btn")?.focus();
    return;
  }
}

/** Gives the focus to the first entry of an open menu. MudBlazor does so by a key alone, and counts the entries from there. */
async function enterMenu(): Promise<void> {
  for (let frame = 0; frame < focusFrames; frame++) {
    await new Promise(requestAnimationFrame);
    const list = document.querySelector(".mud-popover-open [role=menu]");
    if (!list?.firstElementChild) continue;
    list.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
    return;
  }
}

function leaveDialog(): void {
  // What had the focus may be gone with the row it belonged to.
  if (focusedBefore?.isConnected) focusedBefore.focus({ preventScroll: true });
  else document.getElementById("main")?.focus({ preventScroll: true });
}

Object.assign(window, {
  archon: {
    chart: () => import("./chart"),
    editor: () => import("./editor"),
    remember,
    live,
    mudBlazor,
    enterDialog,
    enterMenu,
    leaveDialog,
    palette: palette.serve,
    focus,
    reveal,
    drafts: { keep: drafts.keep, take: drafts.take, older: drafts.older, drop: drafts.drop },
  },
});

ages.start();
drafts.start();
keyboard.start();
palette.start();

const lost = document.getElementById("lost");
const lostAfter = 1500;
let lostTimer = 0;

function sayLost(): void {
  const at = Date.now();
  if (lost) {
    const since = lost.querySelector("[data-lost-since]");
    if (since) since.textContent = ages.timeOfDay(new Date());
    // A connection that comes right back is not worth a word.
    lostTimer = window.setTimeout(() => {
      lost.hidden = false;
      ages.markLost(at);
    }, lostAfter);
  }
}

function sayFound(): void {
  clearTimeout(lostTimer);
  ages.markLost(null);
  if (lost) lost.hidden = true;
}

/** The session ended while the connection was lost: loading leads to sign-in, which says why. */
async function isSignedOut(): Promise<boolean> {
  try {
    return (await fetch("/_blazor/negotiate?negotiateVersion=1", { method: "POST" })).status === 401;
  } catch {
    return false;
  }
}

async function reconnect(): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      // False: the server answers but no longer knows this page, as after a restart. Loading brings the same view, since it is in the address.
      if ((await Blazor.reconnect?.()) === false) loadAgain();
      return;
    } catch {
      if (await isSignedOut()) {
        loadAgain();
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** attempt, 5000)));
    }
  }
}

/** Downloaded since the head of the page was read, run once the page is on the screen: what the server rendered is not held up by it. */
async function loadBlazor(): Promise<void> {
  // A tab in the background paints nothing, and goes live all the same.
  await new Promise<void>((painted) => {
    requestAnimationFrame(() => setTimeout(painted));
    setTimeout(painted, 300);
  });
  const script = document.createElement("script");
  script.src = document.querySelector<HTMLLinkElement>("link[data-blazor]")?.href ?? "";
  script.setAttribute("autostart", "false");
  await new Promise((loaded, failed) => {
    script.onload = loaded;
    script.onerror = failed;
    document.body.append(script);
  });
}

async function start(): Promise<void> {
  // What the page has of MudBlazor calls its scripts as soon as the page is live.
  await Promise.all([loadBlazor(), document.querySelector("link[data-mud]") ? mudBlazor() : undefined]);
  await Blazor.start({
    circuit: {
      reconnectionHandler: {
        onConnectionDown: () => {
          sayLost();
          void reconnect();
        },
        onConnectionUp: sayFound,
      },
    },
  });
  // Moving between pages without a circuit takes over the attributes of the page that came.
  Blazor.addEventListener?.("enhancedload", showTheme);
  followSystem();
  reportZone();
}

start().catch((fault: unknown) => {
  // Not a word would look as if all were well.
  console.error(fault);
  const stopped = document.getElementById("blazor-error-ui");
  if (stopped) stopped.style.display = "block";
});
