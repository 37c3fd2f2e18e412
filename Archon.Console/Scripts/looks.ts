const themes = ["dark", "light", "system"] as const;
export type Theme = (typeof themes)[number];

const light = window.matchMedia("(prefers-color-scheme: light)");

export function remember(name: string, value: string): void {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`;
}

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
  return found === undefined ? undefined : decodeURIComponent(found.slice(name.length + 1));
}

export function theme(): Theme {
  const kept = cookie("archon.theme");
  return themes.find((one) => one === kept) ?? "system";
}

/** What the page shows: a system theme is one of the two others. */
export function applyTheme(): void {
  const wanted = theme();
  const root = document.documentElement;
  root.dataset.theme = wanted === "system" ? (light.matches ? "light" : "dark") : wanted;
  root.dataset.wanted = wanted;
}

export function nextTheme(): Theme {
  const next = themes[(themes.indexOf(theme()) + 1) % themes.length] ?? "system";
  remember("archon.theme", next);
  changeTheme();
  return next;
}

export function applyNav(): void {
  document.documentElement.dataset.nav = cookie("archon.nav") === "slim" ? "slim" : "wide";
}

export function toggleNav(): void {
  remember("archon.nav", document.documentElement.dataset.nav === "slim" ? "wide" : "slim");
  applyNav();
}

/** A canvas does not follow the style sheet by itself: charts listen. */
function changeTheme(): void {
  applyTheme();
  document.dispatchEvent(new Event("archon:theme"));
}

light.addEventListener("change", changeTheme);
