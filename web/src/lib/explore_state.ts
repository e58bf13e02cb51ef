// What the Explore page shows, as it stands in the address bar.

import type { BuilderQuery } from "./flux";
import { parseRange, rangeText, type TimeRange } from "./time";

export type View = "chart" | "table";

export interface ExploreState extends BuilderQuery {
  range: TimeRange;
  refresh: string; // "" (off) or a duration
  view: View;
  flux: string | null; // a script changed by hand; null: the builder's
}

// Lists are joined by commas; a comma inside an item is escaped, so that any name survives.
export function joinList(items: string[]): string {
  return items.map((item) => item.replace(/[\\,]/g, "\\$&")).join(",");
}

export function splitList(text: string | null): string[] {
  if (text === null || text === "") return [];
  return [...text.matchAll(/((?:\\.|[^\\,])*)(?:,|$)/g)]
    .slice(0, -1)
    .map((match) => match[1]!.replace(/\\(.)/g, "$1"));
}

export function readState(params: URLSearchParams, defaultBucket: string): ExploreState {
  const tags: Record<string, string[]> = {};
  for (const [name, text] of params) {
    if (name.startsWith("t.")) tags[name.slice(2)] = splitList(text);
  }
  return {
    bucket: params.get("bucket") ?? defaultBucket,
    measurement: params.get("m") ?? "",
    fields: splitList(params.get("f")),
    tags,
    every: params.get("every") ?? "auto",
    fn: params.get("fn") ?? "mean",
    range: parseRange(params.get("range") ?? undefined, "15m"),
    refresh: params.get("refresh") ?? "",
    view: params.get("view") === "table" ? "table" : "chart",
    flux: params.get("flux"),
  };
}

export function writeState(state: ExploreState): Record<string, string> {
  const params: Record<string, string> = {
    bucket: state.bucket,
    m: state.measurement,
    f: joinList(state.fields),
  };
  for (const [name, values] of Object.entries(state.tags)) params[`t.${name}`] = joinList(values);
  if (state.every !== "auto") params["every"] = state.every;
  if (state.fn !== "mean") params["fn"] = state.fn;
  params["range"] = rangeText(state.range);
  params["refresh"] = state.refresh;
  if (state.view === "table") params["view"] = "table";
  if (state.flux !== null) params["flux"] = state.flux;
  return params;
}
