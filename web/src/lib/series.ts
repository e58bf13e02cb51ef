// Turns the tables of a result into what a chart draws: series on one shared time column.

import type { Table } from "./csv";

export interface Series {
  label: string;
  times: number[]; // milliseconds, ascending
  values: (number | null)[];
}

// More lines than this tell nothing; the table still has them all.
export const kSeriesMax = 60;

const kHidden = new Set(["_start", "_stop", "_time", "_value", "_measurement", "_field"]);

function numbers(cells: readonly unknown[]): (number | null)[] {
  return cells.map((cell) => {
    if (typeof cell === "number") return Number.isFinite(cell) ? cell : null;
    if (typeof cell === "boolean") return cell ? 1 : 0;
    return null;
  });
}

const kNumeric = new Set(["double", "long", "unsignedLong", "boolean"]);

// Every numeric column of a table with a time column is a series, unless there is `_value`: then it
// alone. Series are named by what tells them apart.
export function seriesOf(tables: Table[]): Series[] {
  const drafts: { parts: [string, string][]; times: number[]; values: (number | null)[] }[] = [];
  for (const table of tables) {
    const time =
      table.columns.find((c) => c.name === "_time") ??
      table.columns.find((c) => !c.group && c.type.startsWith("dateTime"));
    if (time === undefined || table.length === 0) continue;
    const plain = table.columns.filter((c) => !c.group && kNumeric.has(c.type));
    const value = plain.filter((c) => c.name === "_value");
    for (const column of value.length > 0 ? value : plain) {
      const parts: [string, string][] = table.columns
        .filter(
          (c) =>
            c.group && (c.name === "_field" || c.name === "_measurement" || !kHidden.has(c.name)),
        )
        .map((c) => [c.name, String(c.values[0] ?? "")]);
      if (column.name !== "_value") parts.push(["_field", column.name]);
      parts.push(["result", table.result]);
      const order = ascending(time.values as (number | null)[]);
      const values = numbers(column.values);
      drafts.push({
        parts,
        times: order.map((i) => time.values[i] as number),
        values: order.map((i) => values[i] ?? null),
      });
    }
  }
  const shown = drafts.slice(0, kSeriesMax);
  const names = unique(distinguish(shown.map((draft) => draft.parts)));
  return shown.map((draft, i) => ({ label: names[i]!, times: draft.times, values: draft.values }));
}

function ascending(times: (number | null)[]): number[] {
  const order: number[] = [];
  let sorted = true;
  for (let i = 0; i < times.length; i++) {
    if (times[i] === null) continue;
    if (order.length > 0 && times[order[order.length - 1]!]! > times[i]!) sorted = false;
    order.push(i);
  }
  return sorted ? order : order.sort((a, b) => times[a]! - times[b]!);
}

// Keeps of each label only the parts that differ between series; the field always stays when all agree.
function distinguish(all: [string, string][][]): string[] {
  const seen = new Map<string, Set<string>>();
  for (const parts of all) {
    for (const [name, text] of parts) {
      if (!seen.has(name)) seen.set(name, new Set());
      seen.get(name)!.add(text);
    }
  }
  return all.map((parts) => {
    const useful = parts
      .filter(([name, text]) => seen.get(name)!.size > 1 && text !== "")
      .map(([, text]) => text);
    if (useful.length > 0) return useful.join(" · ");
    return (
      parts.find(([name]) => name === "_field")?.[1] ??
      parts.find(([name]) => name === "_measurement")?.[1] ??
      "value"
    );
  });
}

// Tables may differ in what no label says, their bounds for instance; lines still need their own names.
function unique(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}

// A step this many times longer than the usual one is a gap: nothing was measured, nothing is drawn.
const kGapFactor = 4;
// ... if it also stands out among its neighbours. A device that merely changed its pace has no gaps.
const kNeighbourFactor = 3;
// ... and if such steps are rare. A device that reports in bursts has none either.
const kGapShareMax = 0.1;

// The indexes of the points before which there is a gap.
export function gapsIn(times: number[]): number[] {
  if (times.length < 4) return [];
  const step = (i: number) => (i < 1 || i >= times.length ? 0 : times[i]! - times[i - 1]!);
  const sample = [];
  // A thousand steps are enough to know the usual one.
  const stride = Math.max(1, Math.floor(times.length / 1000));
  for (let i = stride; i < times.length; i += stride) sample.push(step(i));
  sample.sort((a, b) => a - b);
  const limit = sample[Math.floor(sample.length / 2)]! * kGapFactor;
  const gaps: number[] = [];
  for (let i = 1; i < times.length; i++) {
    if (step(i) <= limit) continue;
    if (step(i) > kNeighbourFactor * Math.max(step(i - 1), step(i + 1))) gaps.push(i);
  }
  return gaps.length > times.length * kGapShareMax && gaps.length > 2 ? [] : gaps;
}

export type AlignedColumns = [number[], ...(number | null | undefined)[][]];

// One ascending time column (seconds, as uPlot wants them) and a column per series. `undefined` says
// "this series has no point here, draw on"; `null` says "gap".
export function align(all: Series[]): AlignedColumns {
  const cut = all.map(withGaps);
  const times = mergeTimes(cut.map((series) => series.times));
  const columns = cut.map((series) => {
    const column: (number | null | undefined)[] = new Array(times.length).fill(undefined);
    let at = 0;
    for (let i = 0; i < series.times.length; i++) {
      while (times[at]! < series.times[i]!) at++;
      column[at] = series.values[i];
    }
    return widenGaps(column);
  });
  return [times.map((ms) => ms / 1000), ...columns];
}

// A gap lasts until the series' next value, also across the times at which only others have points.
function widenGaps(column: (number | null | undefined)[]): (number | null | undefined)[] {
  let inside = false;
  for (let i = 0; i < column.length; i++) {
    if (column[i] === undefined) {
      if (inside) column[i] = null;
    } else {
      inside = column[i] === null;
    }
  }
  return column;
}

function withGaps(series: Series): Series {
  const gaps = gapsIn(series.times);
  if (gaps.length === 0) return series;
  const times: number[] = [];
  const values: (number | null)[] = [];
  let from = 0;
  for (const gap of [...gaps, series.times.length]) {
    for (let i = from; i < gap; i++) {
      times.push(series.times[i]!);
      values.push(series.values[i]!);
    }
    if (gap < series.times.length) {
      times.push(series.times[gap - 1]! + 1);
      values.push(null);
    }
    from = gap;
  }
  return { ...series, times, values };
}

function mergeTimes(columns: number[][]): number[] {
  if (columns.length === 1)
    return columns[0]!.filter((time, i, all) => i === 0 || all[i - 1] !== time);
  const merged = new Set<number>();
  for (const column of columns) for (const time of column) merged.add(time);
  return [...merged].sort((a, b) => a - b);
}
