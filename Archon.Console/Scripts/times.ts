// Times of a chart in the zone of the reader.

const day = 86_400;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Pieces of a time in a zone; a formatter is dear to make and cheap to keep. */
function pieces(at: number, zone: string): Record<string, string> {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZone: zone,
    });
    formats.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(at * 1000).map(({ type, value }) => [type, value]));
}

/** Time of day, with the day where it is not today. Times are Unix seconds. */
export function clock(at: number, zone: string, now = Date.now() / 1000): string {
  const { day: date, month, hour, minute, second } = pieces(at, zone);
  const time = `${hour}:${minute}:${second}`;
  return isToday(date, month, zone, now) ? time : `${date} ${month} ${time}`;
}

function isToday(date: string | undefined, month: string | undefined, zone: string, now: number): boolean {
  const today = pieces(now, zone);
  return date === today.day && month === today.month;
}

/** Label of a tick of the time axis: the clock alone; the day where one begins, and at the left where it is not today. */
export function tickTime(at: number, step: number, zone: string, isFirst: boolean, now = Date.now() / 1000): string {
  const { day: date, month, hour, minute, second } = pieces(at, zone);
  const isMidnight = hour === "00" && minute === "00" && second === "00";
  if (step >= day || isMidnight) return `${date} ${month}`;
  const time = step < 60 ? `${hour}:${minute}:${second}` : `${hour}:${minute}`;
  return isFirst && !isToday(date, month, zone, now) ? `${date} ${month} ${time}` : time;
}
