import { describe, expect, it } from "vitest";
import { tickText, valueRange } from "./axis";
import { buildFlux, errorPlace, errorText, lacksMean, quote, variables } from "./flux";
import { bytes, compact, value } from "./format";
import { numericPaths } from "./json_paths";
import { mqttAddress } from "./mqtt_address";
import { align, gapsIn, seriesOf } from "./series";
import {
  ago,
  automaticWindow,
  formatDuration,
  kDay,
  kHour,
  parseDuration,
  parseRange,
  rangeText,
} from "./time";
import { TopicTree, kHistoryMax, leavesOf, visibleRows } from "./topics";

describe("durations and ranges", () => {
  it("read and write the same text", () => {
    for (const text of ["5m", "1h30m", "30d", "250ms", "1d2h3m4s"])
      expect(formatDuration(parseDuration(text)!)).toBe(text);
    for (const bad of ["", "5", "m", "-5m", "5 m", "1y"]) expect(parseDuration(bad)).toBeNull();
  });
  it("a range survives the address bar; nonsense becomes the fallback", () => {
    const range = { from: Date.UTC(2026, 0, 1), to: Date.UTC(2026, 0, 2) };
    expect(parseRange(rangeText(range), "1h")).toEqual(range);
    expect(parseRange("6h", "1h")).toEqual({ last: "6h" });
    expect(parseRange("tomorrow..yesterday", "1h")).toEqual({ last: "1h" });
    expect(parseRange("2026-01-02..2026-01-01", "1h")).toEqual({ last: "1h" });
  });
  it("an automatic window leaves at most the wanted points", () => {
    for (const range of [5 * 60e3, kHour, 6 * kHour, kDay, 30 * kDay, 3650 * kDay]) {
      expect(range / automaticWindow(range)).toBeLessThanOrEqual(360);
      expect(range / automaticWindow(range)).toBeGreaterThan(100);
    }
  });
  it("ages read like speech", () => {
    expect([0, 5_000, 200_000, 3 * kHour, 5 * kDay].map((ms) => ago(0, ms))).toEqual([
      "now",
      "5 s ago",
      "3 min ago",
      "3 h ago",
      "5 days ago",
    ]);
  });
});

describe("figures", () => {
  it("keep what matters and nothing else", () => {
    expect([0.1 + 0.2, 21.50000001, 1234567.891, -0.00001, 42, 1e15].map(value)).toEqual([
      "0.3",
      "21.5",
      "1\u202f234\u202f567.9",
      "-1e-5",
      "42",
      "1e15",
    ]);
    expect([999, 12_345, 1_234_567].map(compact)).toEqual(["999", "12.3 k", "1.23 M"]);
    expect([0, 1023, 1536, 50_000_000].map(bytes)).toEqual([
      "0 B",
      "1023 B",
      "1.5 KiB",
      "47.7 MiB",
    ]);
  });
});

describe("the query builder", () => {
  const query = {
    bucket: "b",
    measurement: "home",
    fields: ["t"],
    tags: {},
    every: "auto",
    fn: "mean",
  };
  it("writes what InfluxDB's builder would", () => {
    expect(buildFlux({ ...query, fields: ["t", "h"], tags: { room: ["hall"], empty: [] } })).toBe(
      `from(bucket: "b")
  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
  |> filter(fn: (r) => r._measurement == "home")
  |> filter(fn: (r) => r._field == "t" or r._field == "h")
  |> filter(fn: (r) => r.room == "hall")
  |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)`,
    );
    expect(buildFlux({ ...query, every: "none" })).not.toContain("aggregateWindow");
  });
  it("quotes names so that no value can leave its string", () => {
    expect(quote('a"b\\c${d}\n')).toBe('"a\\"b\\\\c\\${d}\\n"');
    expect(buildFlux({ ...query, tags: { "room no": ["1"], or: ["2"] } })).toContain(
      'r["room no"] == "1"',
    );
    expect(buildFlux({ ...query, tags: { or: ["2"] } })).toContain('r["or"] == "2"');
  });
  it("sends the range as syntax tree", () => {
    const text = JSON.stringify(variables({ last: "1h" }, 10_000));
    expect(text).toContain('"operator":"-"');
    expect(text).toContain('"magnitude":3600000');
    expect(JSON.stringify(variables({ from: 0, to: 1000 }, 1))).toContain(
      '"value":"1970-01-01T00:00:01.000Z"',
    );
  });
  it("finds the place in an error", () => {
    const message = "compilation failed: error @2:6-2:11: undefined identifier foo";
    expect(errorPlace(message)).toEqual({ line: 2, column: 6, endLine: 2, endColumn: 11 });
    expect(errorText(message)).toBe("undefined identifier foo");
    expect(errorPlace("no place")).toBeNull();
    const text =
      "runtime error @1:88-1:121: aggregateWindow: unsupported input type for mean aggregate: string";
    expect(errorText(text)).toBe(
      "aggregateWindow: unsupported input type for mean aggregate: string",
    );
    expect(lacksMean(text)).toBe(true);
    expect(lacksMean(message)).toBe(false);
  });
});

describe("numbers in payloads", () => {
  it("are found plain, in words and at any depth of JSON", () => {
    expect([...numericPaths(" 21.5 ")]).toEqual([["", 21.5]]);
    expect([...numericPaths("ON")]).toEqual([["", 1]]);
    expect([...numericPaths('{"t":1,"e":{"p":"2.5","on":true},"a":[3],"n":null,"s":"x"}')]).toEqual(
      [
        ["t", 1],
        ["e.p", 2.5],
        ["e.on", 1],
        ["a.0", 3],
      ],
    );
    expect(numericPaths("hello").size + numericPaths("{").size + numericPaths("").size).toBe(0);
  });
});

describe("series", () => {
  const column = (
    name: string,
    type: string,
    values: (string | number | null)[],
    group = false,
  ) => ({ name, type, values, group });
  const table = (id: number, room: string, times: number[], values: (number | null)[]) => ({
    result: "mean",
    id,
    length: times.length,
    columns: [
      column("_time", "dateTime:RFC3339", times),
      column("_value", "double", values),
      column(
        "_field",
        "string",
        times.map(() => "t"),
        true,
      ),
      column(
        "room",
        "string",
        times.map(() => room),
        true,
      ),
    ],
  });
  it("are named by what tells them apart", () => {
    expect(
      seriesOf([table(0, "hall", [1], [1]), table(1, "attic", [1], [2])]).map((s) => s.label),
    ).toEqual(["hall", "attic"]);
    expect(seriesOf([table(0, "hall", [1], [1])]).map((s) => s.label)).toEqual(["t"]);
  });
  it("never share a name", () => {
    const same = [table(0, "hall", [1], [1]), table(1, "hall", [2], [2])];
    expect(seriesOf(same).map((s) => s.label)).toEqual(["t", "t (2)"]);
  });
  it("take every numeric column of a pivoted table", () => {
    const pivoted = {
      result: "r",
      id: 0,
      length: 1,
      columns: [
        column("_time", "dateTime:RFC3339", [1]),
        column("a", "long", [1]),
        column("b", "double", [2]),
      ],
    };
    expect(seriesOf([pivoted]).map((s) => s.label)).toEqual(["a", "b"]);
  });
  it("are put in order of time", () => {
    expect(seriesOf([table(0, "hall", [3, 1, 2], [30, 10, 20])])[0]).toMatchObject({
      times: [1, 2, 3],
      values: [10, 20, 30],
    });
  });
  it("have gaps where a device fell silent, not where it changed its pace or sends in bursts", () => {
    const every = (step: number, count: number, from: number) =>
      Array.from({ length: count }, (_, i) => from + i * step);
    expect(gapsIn([...every(1, 20, 0), ...every(1, 20, 60)])).toEqual([20]);
    expect(gapsIn([...every(1, 60, 0), ...every(10, 20, 70)])).toEqual([]);
    const bursts = every(60, 20, 0).flatMap((at) => [at, at + 1, at + 2]);
    expect(gapsIn(bursts)).toEqual([]);
    expect(gapsIn([0, 100])).toEqual([]);
    expect(gapsIn([5, 5, 5, 5])).toEqual([]);
  });
  it("share one time column; only real gaps become null", () => {
    const a = { label: "a", times: [0, 1000, 2000, 10_000, 11_000], values: [1, 2, 3, 4, 5] };
    const b = { label: "b", times: [500, 5000], values: [9, 9] };
    expect(gapsIn(a.times)).toEqual([3]);
    expect(align([a, b])).toEqual([
      [0, 0.5, 1, 2, 2.001, 5, 10, 11],
      [1, undefined, 2, 3, null, null, 4, 5],
      [undefined, 9, undefined, undefined, undefined, 9, undefined, undefined],
    ]);
  });
});

describe("the topic tree", () => {
  const message = (topic: string, payload: string, time = 0) => ({
    topic,
    payload,
    time,
    qos: 0,
    retain: false,
  });
  it("counts a topic's messages and those below it", () => {
    const tree = new TopicTree();
    tree.know({ ...message("home/kitchen/t", "1"), count: 41 });
    tree.receive(message("home/kitchen/t", "2"), 1);
    tree.receive(message("home", "x"), 1);
    const home = tree.find("home")!;
    expect([home.count, home.total, home.topics]).toEqual([1, 43, 2]);
    expect(tree.find("home/kitchen")).toMatchObject({ count: 0, total: 42 });
    expect(tree.find("home/kitchen/t")!.last!.payload).toBe("2");
    expect(leavesOf(home).map((node) => node.topic)).toEqual(["home", "home/kitchen/t"]);
  });
  it("learns a topic again after a lost connection without counting twice", () => {
    const tree = new TopicTree();
    tree.know({ ...message("a", "1"), count: 5 });
    tree.know({ ...message("a", "1"), count: 9 });
    expect(tree.find("a")).toMatchObject({ count: 9, total: 9, history: { length: 1 } });
  });
  it("shows open branches, and with a search every hit with its parents", () => {
    const tree = new TopicTree();
    for (const topic of ["a/x/t", "a/y", "b/t10", "b/t9"]) tree.receive(message(topic, "1"), 1);
    const names = (open: string[], search: string) =>
      visibleRows(tree.root, new Set(open), search).map((node) => node.topic);
    expect(names([], "")).toEqual(["a", "b"]);
    expect(names(["b"], "")).toEqual(["a", "b", "b/t9", "b/t10"]);
    expect(names([], "y")).toEqual(["a", "a/y"]);
    expect(names([], "x/")).toEqual(["a", "a/x", "a/x/t"]);
    expect(names([], "zzz")).toEqual([]);
  });
  it("keeps a bounded history", () => {
    const tree = new TopicTree();
    for (let i = 0; i < 5000; i++) tree.receive(message("a", String(i), i), i);
    const node = tree.find("a")!;
    expect(node.history.length).toBeLessThanOrEqual(kHistoryMax * 1.25);
    expect(node.history.at(-1)!.payload).toBe("4999");
    expect(node.count).toBe(5000);
  });
  it("keeps odd topics apart: empty levels are levels", () => {
    const tree = new TopicTree();
    for (const topic of ["/a", "a/", "a", "//"]) tree.receive(message(topic, "1"), 1);
    expect(tree.topics).toBe(4);
    expect(tree.find("a/")!.count).toBe(1);
  });
});

describe("axes", () => {
  it("write just the digits their step needs", () => {
    expect(tickText([0, 0.25, 0.5])).toEqual(["0.00", "0.25", "0.50"]);
    expect(tickText([0, 50, 100])).toEqual(["0", "50", "100"]);
    expect(tickText([1000, 2000])).toEqual(["1\u202f000", "2\u202f000"]);
    expect(tickText([0, 20_000, 40_000])).toEqual(["0", "20 k", "40 k"]);
    expect(tickText([0.001, 0.002])).toEqual(["0.001", "0.002"]);
    expect(tickText([7])).toEqual(["7"]);
  });
  it("leave air around the values and never go below zero for it", () => {
    expect(valueRange(0, 100)).toEqual([0, 108]);
    expect(valueRange(-10, 10)).toEqual([-11.6, 11.6]);
    expect(valueRange(5, 5)).toEqual([4.9, 5.1]);
    expect(valueRange(0, 0)).toEqual([-1, 1]);
    expect(valueRange(null, null)).toEqual([0, 1]);
  });
});

describe("the address a device is told", () => {
  it("is the listener's, or the page's host when it listens everywhere", () => {
    expect(mqttAddress("127.0.0.1:1883", "weir.local")).toEqual(["127.0.0.1", "1883"]);
    for (const listen of ["0.0.0.0:1884", "[::]:1884", "*:1884", ":1884"]) {
      expect(mqttAddress(listen, "weir.local")).toEqual(["weir.local", "1884"]);
    }
    expect(mqttAddress("[fe80::1]:1883", "x")).toEqual(["fe80::1", "1883"]);
  });
});
