// Writes the Flux that the query builder stands for, and the `v` variables a script may use.

import { parseDuration, type TimeRange } from "./time";

export interface BuilderQuery {
  bucket: string;
  measurement: string;
  fields: string[];
  tags: Record<string, string[]>;
  every: string; // "auto", "none" or a duration
  fn: string;
}

export const kFunctions = [
  "mean",
  "median",
  "min",
  "max",
  "sum",
  "count",
  "first",
  "last",
  "spread",
  "stddev",
  "increase",
  "derivative",
];
export const kWindowChoices = [
  "auto",
  "1s",
  "5s",
  "10s",
  "30s",
  "1m",
  "5m",
  "10m",
  "30m",
  "1h",
  "6h",
  "1d",
  "none",
];

export function quote(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, "\\$&")
    .replace(/\$\{/g, "\\${")
    .replace(/\n/g, "\\n")
    .replace(/\r/g, "\\r")
    .replace(/\t/g, "\\t");
  return `"${escaped}"`;
}

function member(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !kKeywords.has(name)
    ? `r.${name}`
    : `r[${quote(name)}]`;
}

const kKeywords = new Set([
  "and",
  "or",
  "not",
  "empty",
  "in",
  "import",
  "package",
  "return",
  "option",
  "builtin",
  "test",
  "if",
  "then",
  "else",
  "exists",
]);

function filter(name: string, values: string[]): string {
  const terms = values.map((text) => `${member(name)} == ${quote(text)}`);
  return `  |> filter(fn: (r) => ${terms.join(" or ")})`;
}

export function buildFlux(query: BuilderQuery): string {
  const lines = [
    `from(bucket: ${quote(query.bucket)})`,
    "  |> range(start: v.timeRangeStart, stop: v.timeRangeStop)",
  ];
  if (query.measurement !== "") lines.push(filter("_measurement", [query.measurement]));
  if (query.fields.length > 0) lines.push(filter("_field", query.fields));
  for (const [key, values] of Object.entries(query.tags)) {
    if (values.length > 0) lines.push(filter(key, values));
  }
  lines.push(...aggregate(query));
  return lines.join("\n");
}

function aggregate({ every, fn }: BuilderQuery): string[] {
  if (every === "none") return [];
  const window = every === "auto" ? "v.windowPeriod" : every;
  if (fn === "increase")
    return [
      "  |> increase()",
      `  |> aggregateWindow(every: ${window}, fn: last, createEmpty: false)`,
    ];
  if (fn === "derivative") {
    return [
      `  |> aggregateWindow(every: ${window}, fn: mean, createEmpty: false)`,
      "  |> derivative(unit: 1s, nonNegative: false)",
    ];
  }
  return [`  |> aggregateWindow(every: ${window}, fn: ${fn}, createEmpty: false)`];
}

type Node = Record<string, unknown>;

function duration(ms: number): Node {
  return { type: "DurationLiteral", values: [{ magnitude: Math.round(ms), unit: "ms" }] };
}

// The syntax tree of `option v = {timeRangeStart: ..., timeRangeStop: ..., windowPeriod: ...}`. Sent
// beside the script (not before it) so that line numbers in errors stay those of the editor.
export function variables(range: TimeRange, windowMs: number): Node {
  const values: Record<string, Node> =
    "last" in range
      ? {
          timeRangeStart: {
            type: "UnaryExpression",
            operator: "-",
            argument: duration(parseDuration(range.last)!),
          },
          timeRangeStop: { type: "CallExpression", callee: { type: "Identifier", name: "now" } },
        }
      : {
          timeRangeStart: { type: "DateTimeLiteral", value: new Date(range.from).toISOString() },
          timeRangeStop: { type: "DateTimeLiteral", value: new Date(range.to).toISOString() },
        };
  values["windowPeriod"] = duration(windowMs);
  const properties = Object.entries(values).map(([name, value]) => ({
    type: "Property",
    key: { type: "Identifier", name },
    value,
  }));
  return {
    type: "File",
    package: null,
    imports: null,
    body: [
      {
        type: "OptionStatement",
        assignment: {
          type: "VariableAssignment",
          id: { type: "Identifier", name: "v" },
          init: { type: "ObjectExpression", properties },
        },
      },
    ],
  };
}

export interface ErrorPlace {
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

// Where a message such as `compilation failed: error @2:6-2:11: undefined identifier foo` points to.
export function errorPlace(message: string): ErrorPlace | null {
  const match = /@(\d+):(\d+)-(\d+):(\d+)/.exec(message) ?? /@(\d+):(\d+)/.exec(message);
  if (match === null) return null;
  const [line, column, endLine, endColumn] = match.slice(1).map(Number);
  return {
    line: line!,
    column: column!,
    endLine: endLine ?? line!,
    endColumn: endColumn ?? column! + 1,
  };
}

// The message without what the place already says.
export function errorText(message: string): string {
  return message
    .replace(/^(compilation failed|error in query specification[^:]*): /, "")
    .replace(/((runtime )?error )?@\d+:\d+(-\d+:\d+)?: /, "");
}

// Whether a query failed because it asked for the mean of text or on/off.
export function lacksMean(message: string): boolean {
  return message.includes("unsupported input type for mean aggregate");
}
