// How the axes of a chart are divided and written.

// Clock times of 24 hours; the day is written where it changes.
export const kTimeTicks = [
  [86400 * 365, "{YYYY}", null, null, null, null, null, null, 1],
  [86400 * 28, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [0.001, "{ss}.{fff}", "\n{HH}:{mm}", null, "\n{HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
];

// Seconds between labels. The steps of a clock and a calendar, as uPlot has them, with two minutes:
// five minutes on a telephone would have one label else.
const kMinute = 60;
const kHour = 3600;
const kDay = 86400;
export const kTimeSteps = [
  ...[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * kMinute),
  ...[1, 2, 3, 4, 6, 8, 12].map((n) => n * kHour),
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15].map((n) => n * kDay),
  ...[1, 2, 3, 4, 6].map((n) => n * 30 * kDay), // uPlot takes them for months,
  ...[1, 2, 5, 10, 25, 50, 100].map((n) => n * 365 * kDay), // and these for years
];

// Pixels between labels; those with seconds are wider.
export function tickSpace(rangeSeconds: number): number {
  return rangeSeconds < 240 ? 80 : 56;
}

// Ticks with just the digits their step needs.
export function tickText(splits: number[]): string[] {
  const step = splits.length > 1 ? Math.abs(splits[1]! - splits[0]!) : 1;
  let digits = 0;
  while (
    digits < 10 &&
    Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 * 10 ** digits * step
  )
    digits++;
  return splits.map((split) => {
    const size = Math.abs(split);
    if (size === 0 && step >= 1e4) return "0";
    if (step >= 1e9) return `${+(split / 1e9).toPrecision(6)} G`;
    if (step >= 1e6) return `${+(split / 1e6).toPrecision(6)} M`;
    if (step >= 1e4) return `${+(split / 1e3).toPrecision(6)} k`;
    if (size > 0 && size < 1e-4 && step < 1e-5) return split.toExponential(1);
    return split.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, digits === 0 ? "\u202f" : "");
  });
}

// States are whole numbers: there is nothing between on and off.
export const kWholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

// Some air above and below; a constant line runs through the middle.
export function valueRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  if (min === max) {
    const air = Math.abs(min) > 0 ? Math.abs(min) * 0.02 : 1;
    return [min - air, max + air];
  }
  const air = (max - min) * 0.08;
  return [min >= 0 && min - air < 0 ? 0 : min - air, max + air];
}
