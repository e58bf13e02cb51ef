// Reads annotated CSV, the form in which a query answers.
//
// The scanner walks the text once by character code and keeps columns, not rows: a chart wants
// arrays of times and numbers, and a million small row objects cost seconds. Shapes follow the
// InfluxDB 2 annotated CSV syntax: `#datatype`, `#group`, `#default` lines open a block, a header
// row names the columns, a change of the `table` column starts a new table, an empty field is the
// column's default or else null, and a block with an `error` column carries a late failure.

export type Cell = string | number | boolean | null;

export interface Column {
  name: string;
  type: string;
  group: boolean;
  values: Cell[];
}

// Columns of one table, `result` and `table` columns left out; every `values` is `length` long.
export interface Table {
  result: string;
  id: number;
  columns: Column[];
  length: number;
}

export interface QueryResult {
  tables: Table[];
  rows: number;
}

export class FluxError extends Error {
  constructor(
    message: string,
    readonly reference = "",
  ) {
    super(message);
    this.name = "FluxError";
  }
}

interface Block {
  types: string[];
  groups: boolean[];
  defaults: string[];
  header: string[] | null;
  resultAt: number;
  tableAt: number;
}

const kComma = 44;
const kQuote = 34;
const kCarriageReturn = 13;
const kLineFeed = 10;
const kHash = 35;

// Splits one text into records; quoted fields may hold commas, quotes (doubled) and line ends.
export class CsvScanner {
  private position = 0;
  constructor(private readonly text: string) {}

  // The next record into `fields`, cleared first; false at the end. A blank line is one field "".
  next(fields: string[]): boolean {
    const text = this.text;
    const end = text.length;
    let at = this.position;
    if (at >= end) return false;
    fields.length = 0;
    for (;;) {
      let field: string;
      if (text.charCodeAt(at) === kQuote) {
        const [value, after] = this.quoted(at + 1);
        field = value;
        at = after;
      } else {
        const start = at;
        while (at < end) {
          const code = text.charCodeAt(at);
          if (code === kComma || code === kLineFeed || code === kCarriageReturn) break;
          at++;
        }
        field = text.slice(start, at);
      }
      fields.push(field);
      if (at < end && text.charCodeAt(at) === kComma) {
        at++;
        continue;
      }
      if (at < end && text.charCodeAt(at) === kCarriageReturn) at++;
      if (at < end && text.charCodeAt(at) === kLineFeed) at++;
      this.position = at;
      return true;
    }
  }

  private quoted(from: number): [string, number] {
    const text = this.text;
    let value = "";
    let at = from;
    for (;;) {
      const quote = text.indexOf('"', at);
      if (quote < 0) return [value + text.slice(at), text.length];
      value += text.slice(at, quote);
      if (text.charCodeAt(quote + 1) !== kQuote) return [value, quote + 1];
      value += '"';
      at = quote + 2;
    }
  }
}

const kDigit0 = 48;

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - kDigit0) * 10 + text.charCodeAt(at + 1) - kDigit0;
}

// Days since 1970-01-01 of a date of the proleptic Gregorian calendar.
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

// RFC 3339 to milliseconds since 1970, with the fraction kept (a double holds microseconds until
// the year 2255). Only the `Z` form is read by hand; anything else goes to Date.parse.
export function parseTime(text: string): number {
  if (text.charCodeAt(10) !== 84 || text.charCodeAt(text.length - 1) !== 90 || text.length < 20) {
    return Date.parse(text);
  }
  const days = daysFromCivil(
    twoDigits(text, 0) * 100 + twoDigits(text, 2),
    twoDigits(text, 5),
    twoDigits(text, 8),
  );
  const seconds = twoDigits(text, 11) * 3600 + twoDigits(text, 14) * 60 + twoDigits(text, 17);
  const fraction = text.length > 20 ? Number(text.slice(19, -1)) : 0;
  return (days * 86400 + seconds) * 1000 + fraction * 1000;
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (!Number.isNaN(value)) return value;
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return NaN;
}

// Integers beyond 2^53 stay text: a rounded id is worse than an unplotted one.
function parseLong(text: string): Cell {
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

function parseCell(type: string, text: string): Cell {
  switch (type) {
    case "double":
      return parseNumber(text);
    case "long":
    case "unsignedLong":
      return parseLong(text);
    case "boolean":
      return text === "true" || text === "t";
    default:
      return type.startsWith("dateTime") ? parseTime(text) : text;
  }
}

class Reader {
  readonly tables: Table[] = [];
  rows = 0;
  private block: Block = Reader.emptyBlock();
  private table: Table | null = null;
  private tableKey = "";

  private static emptyBlock(): Block {
    return { types: [], groups: [], defaults: [], header: null, resultAt: -1, tableAt: -1 };
  }

  record(fields: string[]): void {
    const first = fields[0] ?? "";
    if (fields.length === 1 && first === "") return;
    if (first.charCodeAt(0) === kHash) this.annotation(first, fields);
    else if (this.block.header === null) this.header(fields);
    else this.row(fields, this.block.header);
  }

  finish(): void {
    this.closeEmptyBlock();
  }

  private annotation(name: string, fields: string[]): void {
    if (this.block.header !== null) {
      this.closeEmptyBlock();
      this.block = Reader.emptyBlock();
      this.table = null;
    }
    if (name === "#datatype") this.block.types = fields.slice();
    else if (name === "#group") this.block.groups = fields.map((field) => field === "true");
    else if (name === "#default") this.block.defaults = fields.slice();
  }

  private header(fields: string[]): void {
    this.block.header = fields.slice();
    this.block.resultAt = fields.indexOf("result");
    this.block.tableAt = fields.indexOf("table");
    this.table = null;
  }

  // A block whose header is followed by no row is an empty table; its key stands in the defaults.
  private closeEmptyBlock(): void {
    const header = this.block.header;
    if (header === null || this.table !== null || header.includes("error")) return;
    this.open(header, this.block.defaults);
    for (const column of this.table!.columns) column.values = [];
  }

  private open(header: string[], fields: string[]): void {
    const { types, groups, defaults, resultAt, tableAt } = this.block;
    const columns: Column[] = [];
    for (let i = 1; i < header.length; i++) {
      if (i === resultAt || i === tableAt) continue;
      columns.push({
        name: header[i] ?? "",
        type: types[i] ?? "string",
        group: groups[i] ?? false,
        values: [],
      });
    }
    const result = fields[resultAt] || defaults[resultAt] || "_result";
    this.table = {
      result,
      id: Number(fields[tableAt] || defaults[tableAt] || 0),
      columns,
      length: 0,
    };
    this.tables.push(this.table);
  }

  private row(fields: string[], header: string[]): void {
    const { types, defaults, resultAt, tableAt } = this.block;
    const errorAt = header.indexOf("error");
    if (errorAt > 0 && header.length <= 3 && resultAt < 0) {
      throw new FluxError(fields[errorAt] ?? "query failed", fields[errorAt + 1] ?? "");
    }
    const key = `${fields[resultAt] ?? ""}\u0000${fields[tableAt] ?? ""}`;
    if (this.table === null || key !== this.tableKey) {
      this.open(header, fields);
      this.tableKey = key;
    }
    const table = this.table!;
    let c = 0;
    for (let i = 1; i < header.length; i++) {
      if (i === resultAt || i === tableAt) continue;
      const text = fields[i] || defaults[i] || "";
      const column = table.columns[c++]!;
      column.values.push(text === "" ? null : parseCell(types[i] ?? "string", text));
    }
    table.length++;
    this.rows++;
  }
}

export function parseAnnotatedCsv(text: string): QueryResult {
  const scanner = new CsvScanner(text);
  const reader = new Reader();
  const fields: string[] = [];
  while (scanner.next(fields)) reader.record(fields);
  reader.finish();
  return { tables: reader.tables, rows: reader.rows };
}

export function column(table: Table, name: string): Column | undefined {
  return table.columns.find((candidate) => candidate.name === name);
}
