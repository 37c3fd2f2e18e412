const themes = ["dark", "light", "system"] as const;
export type Theme = (typeof themes)[number];

const root = document.documentElement;
const light = window.matchMedia("(prefers-color-scheme: light)");

export function remember(name: string, value: string): void {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`;
}

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found === undefined ? undefined : decodeURIComponent(found.slice(name.length + 1));
}

function wanted(): Theme {
  return themes.find((one) => one === root.dataset.wanted) ?? "system";
}

/** What the page shows: a system theme is one of the two others. */
export function showTheme(): void {
  const theme = wanted();
  root.dataset.theme = theme === "system" ? (light.matches ? "light" : "dark") : theme;
}

export function nextTheme(): void {
  const next = themes[(themes.indexOf(wanted()) + 1) % themes.length] ?? "system";
  root.dataset.wanted = next;
  changeTheme();
  remember("archon.theme", next);
}

export function toggleNav(): void {
  root.dataset.nav = root.dataset.nav === "slim" ? "wide" : "slim";
  remember("archon.nav", root.dataset.nav);
}

/** The zone of the browser is for the server to know from the next page on. */
export function reportZone(): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && cookie("archon.browser-zone") !== zone) remember("archon.browser-zone", zone);
}

/** A canvas does not follow the style sheet by itself: charts listen. */
function changeTheme(): void {
  showTheme();
  document.dispatchEvent(new Event("archon:theme"));
}

export function followSystem(): void {
  light.addEventListener("change", changeTheme);
}
