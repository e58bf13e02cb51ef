// How long a bucket keeps its points, in words. 0 seconds means for ever.

import { durationWords } from "./time";

const kHour = 3600;
const kDay = 24 * kHour;

export const kRetentions = [
  0,
  kHour,
  6 * kHour,
  12 * kHour,
  kDay,
  2 * kDay,
  3 * kDay,
  7 * kDay,
  14 * kDay,
  30 * kDay,
  90 * kDay,
  365 * kDay,
];

export function retentionText(seconds: number): string {
  if (seconds === 0) return "for ever";
  if (seconds === 365 * kDay) return "1 year";
  return durationWords(seconds * 1000);
}
