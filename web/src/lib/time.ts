// Durations, time ranges and how moments are written. Times are milliseconds since 1970.

export const kSecond = 1000;
export const kMinute = 60 * kSecond;
export const kHour = 60 * kMinute;
export const kDay = 24 * kHour;

const kUnitMs: Record<string, number> = {
  ms: 1,
  s: kSecond,
  m: kMinute,
  h: kHour,
  d: kDay,
  w: 7 * kDay,
};

// "1h30m" -> 5400000; null when it is not a duration of whole units.
export function parseDuration(text: string): number | null {
  if (!/^(\d+(ms|s|m|h|d|w))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d|w)/g)) {
    total += Number(amount) * kUnitMs[unit!]!;
  }
  return total;
}

// 5400000 -> "1h30m"
export function formatDuration(ms: number): string {
  if (ms <= 0) return "0s";
  let rest = Math.round(ms);
  let text = "";
  for (const unit of ["d", "h", "m", "s", "ms"]) {
    const amount = Math.floor(rest / kUnitMs[unit]!);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * kUnitMs[unit]!;
  }
  return text;
}

// A range is either the last `duration` up to now, or two fixed moments.
export type TimeRange = { last: string } | { from: number; to: number };

export const kRanges = ["5m", "15m", "1h", "3h", "6h", "12h", "24h", "2d", "7d", "30d"];

export function parseRange(text: string | undefined, fallback: string): TimeRange {
  if (text !== undefined) {
    if (parseDuration(text) !== null) return { last: text };
    const [from, to] = text.split("..").map((part) => Date.parse(part));
    if (from !== undefined && to !== undefined && from < to) return { from, to };
  }
  return { last: fallback };
}

export function rangeText(range: TimeRange): string {
  if ("last" in range) return range.last;
  return `${new Date(range.from).toISOString()}..${new Date(range.to).toISOString()}`;
}

export function rangeBounds(range: TimeRange, now: number): [number, number] {
  return "last" in range ? [now - parseDuration(range.last)!, now] : [range.from, range.to];
}

export function rangeLabel(range: TimeRange): string {
  if ("last" in range) return lastLabel(range.last);
  return `${shortMoment(range.from)} – ${shortMoment(range.to)}`;
}

export function lastLabel(duration: string): string {
  const words = durationWords(parseDuration(duration)!);
  return `Last ${words === "1 hour" ? "hour" : words}`;
}

export function durationWords(ms: number): string {
  for (const [word, size] of [
    ["day", kDay],
    ["hour", kHour],
    ["minute", kMinute],
    ["second", kSecond],
  ] as const) {
    if (ms >= size && ms % size === 0) {
      const amount = ms / size;
      return amount === 1 ? (word === "day" ? "24 hours" : `1 ${word}`) : `${amount} ${word}s`;
    }
  }
  return formatDuration(ms);
}

// The steps a window may have: each reads naturally and divides the next larger clock unit.
const kWindows = [
  1,
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  kSecond,
  2 * kSecond,
  5 * kSecond,
  10 * kSecond,
  15 * kSecond,
  30 * kSecond,
  kMinute,
  2 * kMinute,
  5 * kMinute,
  10 * kMinute,
  15 * kMinute,
  30 * kMinute,
  kHour,
  2 * kHour,
  3 * kHour,
  6 * kHour,
  12 * kHour,
  kDay,
];

// A window that leaves about `points` points in the range: more than a screen shows is waste.
export function automaticWindow(rangeMs: number, points = 360): number {
  const wanted = rangeMs / points;
  return kWindows.find((step) => step >= wanted) ?? Math.ceil(wanted / kDay) * kDay;
}

const two = (n: number) => String(n).padStart(2, "0");

export function clock(ms: number, millis = false): string {
  const date = new Date(ms);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return millis ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

export function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function moment(ms: number): string {
  const millis = new Date(ms).getMilliseconds() !== 0;
  return `${day(ms)} ${clock(ms, millis)}`;
}

function shortMoment(ms: number): string {
  return `${day(ms)} ${clock(ms).slice(0, 5)}`;
}

// "UTC+02:00" of the reader's own zone, so that a written time is never ambiguous.
export function zoneOffset(ms: number): string {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

export function ago(then: number, now: number): string {
  const ms = Math.max(0, now - then);
  if (ms < 1500) return "now";
  if (ms < kMinute) return `${Math.floor(ms / kSecond)} s ago`;
  if (ms < kHour) return `${Math.floor(ms / kMinute)} min ago`;
  if (ms < 2 * kDay) return `${Math.floor(ms / kHour)} h ago`;
  return `${Math.floor(ms / kDay)} days ago`;
}
