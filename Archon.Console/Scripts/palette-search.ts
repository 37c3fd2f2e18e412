// Which entries of the palette fit what was typed, best first. Pure: nothing here knows the page.

export interface Entry {
  kind: string;
  name: string;
  /** The name with escapes for characters that nobody would see. */
  shown: string;
  href: string;
  icon: string;
  isAction: boolean;
  keys: string | null;
}
export interface Hit {
  entry: Entry;
  /** Parts of the name that were typed, each from its first letter to the one after its last. */
  marks: [number, number][];
}
export interface ChosenRange {
  from: string;
  to: string;
  words: string;
}

const whole = 100;
const beginning = 80;
const beginningOfWord = 60;
const inside = 40;
const scattered = 20;
const misspelt = 10;
const kindOrder = ["Page", "Action", "Service", "Rule", "Anomaly", "Setting", "Watch"];
const leastFuzzy = 3;
const leastMisspelt = 5;

/** Entries in which each word that was typed is found, kinds apart, the kind of the best entry first. Nothing typed: the first ones as they come. */
export function search(entries: Entry[], text: string, most: number): Hit[] {
  const words = text.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries
    .map((entry) => ({ entry, ...rate(entry.name.toLowerCase(), words, text.trim().toLowerCase()) }))
    .filter((hit) => hit.score > 0 || words.length === 0);
  // Of entries that fit alike, things come before what watches them, and a shorter name has less that was not asked for. The sort is stable.
  if (words.length > 0)
    found.sort(
      (one, other) =>
        other.score - one.score ||
        kindOrder.indexOf(one.entry.kind) - kindOrder.indexOf(other.entry.kind) ||
        one.entry.name.length - other.entry.name.length,
    );
  const best = found.slice(0, most);
  const kinds = [...new Set(best.map((hit) => hit.entry.kind))];
  return kinds.flatMap((kind) => best.filter((hit) => hit.entry.kind === kind)).map(({ entry, marks }) => ({ entry, marks }));
}

function rate(name: string, words: string[], typed: string): { score: number; marks: [number, number][] } {
  if (name === typed) return { score: whole, marks: [[0, name.length]] };
  let score = 0;
  const marks: [number, number][] = [];
  for (const word of words) {
    const one = rateWord(name, word);
    if (one.score === 0) return { score: 0, marks: [] };
    score += one.score / words.length;
    marks.push(...one.marks);
  }
  return { score, marks: joined(marks) };
}

function rateWord(name: string, word: string): { score: number; marks: [number, number][] } {
  const at = name.indexOf(word);
  if (at === 0) return { score: beginning, marks: [[0, word.length]] };
  for (let place = at; place > 0; place = name.indexOf(word, place + 1))
    if (!isLetter(name[place - 1])) return { score: beginningOfWord, marks: [[place, place + word.length]] };
  if (at > 0) return { score: inside, marks: [[at, at + word.length]] };
  if (word.length < leastFuzzy) return { score: 0, marks: [] };
  const letters = inOrder(name, word);
  if (letters)
    return {
      score: scattered * (word.length / ((letters[letters.length - 1] ?? 0) - (letters[0] ?? 0) + 1)),
      marks: letters.map((one) => [one, one + 1]),
    };
  // A short word with a slip in it may be any other word.
  if (word.length < leastMisspelt) return { score: 0, marks: [] };
  const parts = [name, ...name.split(/[^\p{L}\p{N}]+/u)];
  const near = parts.some((part) => [word.length - 1, word.length, word.length + 1].some((end) => differsByOne(part.slice(0, end), word)));
  return { score: near ? misspelt : 0, marks: [] };
}

function isLetter(letter: string | undefined): boolean {
  return letter !== undefined && /[\p{L}\p{N}]/u.test(letter);
}

/** Places of the letters of a word in a name, in order; null where one is missing or they are too far apart to be meant. */
function inOrder(name: string, word: string): number[] | null {
  const places: number[] = [];
  let at = -1;
  for (const letter of word) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return null;
    places.push(at);
  }
  return at - (places[0] ?? 0) < word.length * 3 ? places : null;
}

/** One letter is missing, too many or another one, or two neighbours changed places. */
export function differsByOne(one: string, other: string): boolean {
  if (one === other || Math.abs(one.length - other.length) > 1) return one === other;
  let from = 0;
  while (from < one.length && one[from] === other[from]) from++;
  let [endOne, endOther] = [one.length, other.length];
  while (endOne > from && endOther > from && one[endOne - 1] === other[endOther - 1]) [endOne, endOther] = [endOne - 1, endOther - 1];
  const [left, right] = [one.slice(from, endOne), other.slice(from, endOther)];
  return Math.max(left.length, right.length) <= 1 || (left.length === 2 && left === right.slice(1) + right.slice(0, 1));
}

function joined(marks: [number, number][]): [number, number][] {
  const ordered = [...marks].sort((one, other) => one[0] - other[0]);
  const whole: [number, number][] = [];
  for (const [from, to] of ordered) {
    const last = whole[whole.length - 1];
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else whole.push([from, to]);
  }
  return whole;
}

const lengths: Record<string, [string, string]> = { s: ["s", "s"], m: ["m", "min"], h: ["h", "h"], d: ["d", "d"], w: ["w", "w"] };

/** A range that was typed: `6h`, `last 2 days`, `today`, `now-3h`, or two moments with `to` between them. */
export function rangeOf(text: string): ChosenRange | null {
  const typed = text.trim().toLowerCase();
  if (typed === "today") return { from: "now/d", to: "now", words: "Show today" };
  if (typed === "yesterday") return { from: "now-1d/d", to: "now-1d/d", words: "Show yesterday" };
  const length = /^(?:last |now-)?\s*(\d{1,5})\s*(s|m|h|d|w)(?:in|ins|inutes?|ec|ecs|econds?|rs?|ours?|ays?|eeks?)?$/.exec(typed);
  if (length) {
    const [count, unit] = [length[1] ?? "", lengths[length[2] ?? ""]];
    return unit ? { from: `now-${count}${unit[0]}`, to: "now", words: `Show the last ${count} ${unit[1]}` } : null;
  }
  const ends = /^(\d{4}-\d\d-\d\d.*?|now\S*) to (\d{4}-\d\d-\d\d.*|now\S*)$/.exec(typed);
  return ends ? { from: ends[1] ?? "", to: ends[2] ?? "", words: `Show ${ends[1]} to ${ends[2]}` } : null;
}
