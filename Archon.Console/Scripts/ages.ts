// Ages and the clock, counted on once a second in the browser: the server does not send a page anew for that.

/** As Shell/Ages.cs says them. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 90) return `${seconds} s`;
  if (minutes < 90) return `${minutes} min`;
  if (hours < 36) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function clock(at: Date, zone: string): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      weekday: "short",
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hour12: false,
      timeZone: zone,
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part.weekday} ${part.day} ${part.month} ${part.year} ${part.hour}:${part.minute}:${part.second} ${zone}`;
}

/** The time of day as the page tells times, with its zone. */
export function timeOfDay(at: Date): string {
  const zone = document.querySelector<HTMLElement>("time[data-now]")?.dataset.zone ?? "UTC";
  return `${at.toLocaleTimeString("en-GB", { timeZone: zone })} ${zone}`;
}

let lostAt: number | null = null;

/** From here on the page says for how long it has been without its server; null: it is connected again. */
export function markLost(at: number | null): void {
  lostAt = at;
  document.documentElement.toggleAttribute("data-lost", at !== null);
  tick();
}

function tick(): void {
  if (document.hidden) return;
  const now = new Date();
  const lostFor = document.querySelector<HTMLElement>("[data-lost-for]");
  if (lostFor) lostFor.textContent = lostAt === null ? "" : `Disconnected ${age(now.getTime() - lostAt)}`;
  for (const element of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
    const words = age(now.getTime() - Date.parse(element.dateTime));
    // Text nodes are Blazor's: changing the node's data keeps what it knows of the tree true.
    const text = element.firstChild;
    if (text && text.nodeValue !== words) text.nodeValue = words;
  }
  for (const element of document.querySelectorAll<HTMLElement>("time[data-now]")) {
    const text = element.firstChild;
    const words = clock(now, element.dataset.zone ?? "UTC");
    if (text && text.nodeValue !== words) text.nodeValue = words;
  }
}

export function start(): void {
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
