// Values with their units in the browser, as Ui/Format/Figures.cs writes them on the server. Both are tested with one table.

// A unit never goes to the next line without its number.
const gap = "\u00a0";
const binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].map((unit) => gap + unit);
const decimal = ["", ...["k", "M", "G", "T"].map((unit) => gap + unit)];

// Nothing that is measured is as large: exporters write the largest double where they have no value.
const mostShown = 1e18;

/** Infinite, or so large that it is no measurement: there is no place for it on an axis. */
export function isOutOfRange(value: number): boolean {
  return Math.abs(value) >= mostShown;
}

export function figure(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "no value";
  if (!Number.isFinite(value)) return value > 0 ? "infinite" : "minus infinite";
  if (isOutOfRange(value)) return "out of range";
  if (unit === "{cpu}") return `${digits(value * 100)}${gap}%`;
  switch (unit.replace(/\{[^}]*\}/, "")) {
    case "1":
      return `${digits(value * 100)}${gap}%`;
    case "s":
      return seconds(value);
    case "By":
      return scaled(value, 1024, binary);
    case "By/s":
      return `${scaled(value, 1024, binary)}/s`;
    case "1/s":
    case "/s":
      return `${scaled(value, 1000, decimal)}/s`;
    case "":
      return scaled(value, 1000, decimal);
    default:
      return `${scaled(value, 1000, decimal)}${gap}${unit}`;
  }
}

function seconds(v: number): string {
  const size = Math.abs(v);
  if (size === 0) return `0${gap}s`;
  if (size < 1e-3) return `${digits(v * 1e6)}${gap}µs`;
  if (size < 1) return `${digits(v * 1e3)}${gap}ms`;
  if (size < 120) return `${digits(v)}${gap}s`;
  if (size < 7200) return `${digits(v / 60)}${gap}min`;
  if (size < 172800) return `${digits(v / 3600)}${gap}h`;
  return `${digits(v / 86400)}${gap}d`;
}

function scaled(v: number, step: number, names: string[]): string {
  let place = 0;
  while (Math.abs(v) >= step * 0.9995 && place < names.length - 1) {
    v /= step;
    place++;
  }
  return digits(v) + (names[place] ?? "");
}

function digits(v: number): string {
  const size = Math.abs(v);
  if (size === 0) return "0";
  if (size < 1e-6) return v.toExponential(1);
  if (size < 0.001) return v.toFixed(6).replace(/0+$/, "");
  // A thin space that does not break groups digits without being taken for a decimal mark.
  if (size >= 10_000) return v.toFixed(0).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return String(Number(v.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3)));
}

/** Both ends, the unit said once where they share it. */
export function range(lower: number, upper: number, unit: string): string {
  const [from, to] = [figure(lower, unit), figure(upper, unit)];
  const [fromUnit, toUnit] = [suffix(from), suffix(to)];
  if (lower === 0 && fromUnit !== toUnit) return `0 to ${to}`;
  return fromUnit && fromUnit === toUnit ? `${from.slice(0, -fromUnit.length).trimEnd()} to ${to}` : `${from} to ${to}`;
}

function suffix(text: string): string {
  return /\d([^\d]*)$/.exec(text)?.[1] ?? "";
}
