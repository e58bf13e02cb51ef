import { describe, expect, it } from "vitest";
import { CsvScanner, FluxError, column, parseAnnotatedCsv, parseTime } from "./csv";

function csv(...lines: string[]): string {
  return lines.join("\r\n") + "\r\n";
}

const annotations = [
  "#datatype,string,long,dateTime:RFC3339,double,string",
  "#group,false,false,false,false,true",
  "#default,mean,,,,",
];

describe("the record scanner", () => {
  function records(text: string): string[][] {
    const scanner = new CsvScanner(text);
    const fields: string[] = [];
    const all: string[][] = [];
    while (scanner.next(fields)) all.push(fields.slice());
    return all;
  }
  it("reads quotes, doubled quotes, commas and line ends inside quotes", () => {
    expect(records('a,"b,c","say ""hi""","two\r\nlines"\r\nd,,e,\r\n')).toEqual([
      ["a", "b,c", 'say "hi"', "two\r\nlines"],
      ["d", "", "e", ""],
    ]);
  });
  it("reads bare line feeds and a last line without an end", () => {
    expect(records("a,b\n\nc")).toEqual([["a", "b"], [""], ["c"]]);
  });
  it("ends at the end of the text when a quote is never closed", () => {
    expect(records('a,"open')).toEqual([["a", "open"]]);
  });
});

describe("annotated CSV", () => {
  it("yields one table per table id, with types and group flags", () => {
    const text = csv(
      ...annotations,
      ",result,table,_time,_value,room",
      ",,0,2026-01-01T00:00:00Z,20.5,hall",
      ",,0,2026-01-01T00:00:10Z,21,hall",
      ",,1,2026-01-01T00:00:00.25Z,-3,kitchen",
      "",
    );
    const { tables, rows } = parseAnnotatedCsv(text);
    expect(rows).toBe(3);
    expect(tables.map((table) => [table.result, table.id, table.length])).toEqual([
      ["mean", 0, 2],
      ["mean", 1, 1],
    ]);
    expect(column(tables[0]!, "_value")!.values).toEqual([20.5, 21]);
    expect(column(tables[1]!, "_time")!.values).toEqual([Date.UTC(2026, 0, 1) + 250]);
    expect(column(tables[1]!, "room")).toMatchObject({
      group: true,
      type: "string",
      values: ["kitchen"],
    });
  });
  it("keeps apart results of several yields", () => {
    const block = (name: string) => [
      "#datatype,string,long,long",
      "#group,false,false,false",
      `#default,${name},,`,
      ",result,table,_value",
      ",,0,7",
      "",
    ];
    const { tables } = parseAnnotatedCsv(csv(...block("first"), ...block("last")));
    expect(tables.map((table) => table.result)).toEqual(["first", "last"]);
  });
  it("reads an empty field as the default or else as null", () => {
    const text = csv(
      "#datatype,string,long,double,string",
      "#group,false,false,false,true",
      "#default,_result,,,attic",
      ",result,table,_value,room",
      ",,0,,",
      ",,0,1.5,",
      "",
    );
    const [table] = parseAnnotatedCsv(text).tables;
    expect(column(table!, "_value")!.values).toEqual([null, 1.5]);
    expect(column(table!, "room")!.values).toEqual(["attic", "attic"]);
  });
  it("reads booleans, huge integers, infinities and text with line ends", () => {
    const text = csv(
      "#datatype,string,long,boolean,long,unsignedLong,double,string",
      "#group,false,false,false,false,false,false,false",
      "#default,_result,,,,,,",
      ",result,table,b,i,u,f,s",
      ',,0,true,-9223372036854775808,42,+Inf,"a\r\n""b"""',
      ",,0,false,5,18446744073709551615,NaN,x",
      "",
    );
    const [table] = parseAnnotatedCsv(text).tables;
    expect(table!.columns.map((c) => c.values)).toEqual([
      [true, false],
      ["-9223372036854775808", 5],
      [42, "18446744073709551615"],
      [Infinity, NaN],
      ['a\r\n"b"', "x"],
    ]);
  });
  it("keeps an empty table with its key", () => {
    const text = csv(
      "#datatype,string,long,double,string",
      "#group,false,false,false,true",
      "#default,_result,0,,hall",
      ",result,table,_value,room",
      "",
    );
    const { tables, rows } = parseAnnotatedCsv(text);
    expect(rows).toBe(0);
    expect(tables).toHaveLength(1);
    expect(tables[0]).toMatchObject({ result: "_result", length: 0 });
  });
  it("throws the message of an error table, also after data", () => {
    const error = [
      "#datatype,string,string",
      "#group,true,true",
      "#default,,",
      ",error,reference",
      ',"failed, sorry",897',
      "",
    ];
    expect(() => parseAnnotatedCsv(csv(...error))).toThrowError(
      new FluxError("failed, sorry", "897"),
    );
    const data = [
      ...annotations,
      ",result,table,_time,_value,room",
      ",,0,2026-01-01T00:00:00Z,1,a",
      "",
    ];
    expect(() => parseAnnotatedCsv(csv(...data, ...error))).toThrowError("failed, sorry");
    expect(() => parseAnnotatedCsv(csv("error,reference", "x,1"))).not.toThrow();
  });
  it("reads nothing from an empty answer", () => {
    expect(parseAnnotatedCsv("")).toEqual({ tables: [], rows: 0 });
    expect(parseAnnotatedCsv("\r\n").tables).toEqual([]);
  });
  it("survives every truncation", () => {
    const text = csv(
      ...annotations,
      ",result,table,_time,_value,room",
      ',,0,2026-01-01T00:00:00Z,1,"a ""b"""',
      "",
    );
    for (let n = 0; n < text.length; n++)
      expect(() => parseAnnotatedCsv(text.slice(0, n))).not.toThrow();
  });
});

describe("times", () => {
  it("agree with Date.parse on every kind of date", () => {
    for (const text of [
      "1970-01-01T00:00:00Z",
      "2000-02-29T23:59:59Z",
      "2026-11-23T06:00:41.123Z",
      "1969-12-31T23:59:59.5Z",
      "2100-03-01T00:00:00Z",
      "1677-09-21T00:12:44Z",
      "2026-01-01T01:00:00+01:00",
    ]) {
      expect(parseTime(text)).toBe(Date.parse(text));
    }
  });
  it("keep microseconds", () => {
    expect(parseTime("2026-01-01T00:00:00.000250Z") - Date.UTC(2026, 0, 1)).toBeCloseTo(0.25, 3);
  });
});
