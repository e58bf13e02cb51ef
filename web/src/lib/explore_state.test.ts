import { expect, it } from "vitest";
import { joinList, readState, splitList, writeState } from "./explore_state";

it("lists survive commas, backslashes and empty names", () => {
  for (const items of [["a"], ["a", "b"], ["a,b", "c\\", ",", "d"], ["x\\,y"]])
    expect(splitList(joinList(items))).toEqual(items);
  expect(splitList(null)).toEqual([]);
  expect(splitList("")).toEqual([]);
});
it("a state survives the address bar", () => {
  const state = readState(new URLSearchParams(), "sensors");
  const full = {
    ...state,
    measurement: "home",
    fields: ["a,b", "c"],
    tags: { room: ["living room"], "no comma": ["1,2"] },
    every: "5m",
    fn: "max",
    range: { last: "7d" },
    refresh: "10s",
    view: "table" as const,
    flux: 'from(bucket: "x")\n  |> range(start: -1h) // ünï & ?',
  };
  for (const one of [state, full])
    expect(readState(new URLSearchParams(writeState(one)), "other")).toEqual(one);
});
