// What a person is writing, kept in this tab: Shell/Drafts.cs brings it back after the server side of a page was lost.

const lostKey = "archon.lost";
const draftKey = (key: string): string => `archon.draft.${key}`;

/** The page is about to load again because its server side is gone. */
export function markLost(): void {
  sessionStorage.setItem(lostKey, "1");
}

let wasLost = false;

export function start(): void {
  wasLost = sessionStorage.getItem(lostKey) !== null;
  sessionStorage.removeItem(lostKey);
}

/** @param beyondTab Also for when this tab is closed: it is then offered, not put back. */
export function keep(key: string, text: string, beyondTab: boolean): void {
  sessionStorage.setItem(draftKey(key), text);
  if (beyondTab) localStorage.setItem(draftKey(key), text);
}

/** What was left in another tab, or in one that is gone. */
export function older(key: string): string | null {
  return localStorage.getItem(draftKey(key));
}

export function take(key: string): string | null {
  const text = sessionStorage.getItem(draftKey(key));
  sessionStorage.removeItem(draftKey(key));
  return wasLost ? text : null;
}

export function drop(key: string): void {
  sessionStorage.removeItem(draftKey(key));
  localStorage.removeItem(draftKey(key));
}
