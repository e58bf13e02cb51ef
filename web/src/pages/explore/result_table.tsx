// A result as rows: all its tables under one header, sorted by any column. Only rows on the screen
// are in the document.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Cell, Table } from "../../lib/csv";
import { moment } from "../../lib/time";

const kRow = 28;
const kOverscan = 8;
const kSampleRows = 60;

interface Head {
  name: string;
  type: string;
  width: number; // characters
}

// Cells of column c of row r, wherever they lie.
interface Rows {
  heads: Head[];
  length: number;
  cell: (row: number, column: number) => Cell;
}

function rank(name: string): number {
  const order = ["result", "_time", "_value", "_field", "_measurement"];
  const at = order.indexOf(name);
  if (at >= 0) return at;
  return name === "_start" || name === "_stop" ? 100 : 50;
}

function gather(tables: Table[]): Rows {
  const several = new Set(tables.map((table) => table.result)).size > 1;
  const types = new Map<string, string>();
  if (several) types.set("result", "string");
  for (const table of tables)
    for (const column of table.columns)
      if (!types.has(column.name)) types.set(column.name, column.type);
  const names = [...types.keys()].sort((a, b) => rank(a) - rank(b));
  const places = tables.map((table) =>
    names.map((name) => table.columns.findIndex((column) => column.name === name)),
  );
  const starts: number[] = [];
  let length = 0;
  for (const table of tables) {
    starts.push(length);
    length += table.length;
  }
  const tableOf = (row: number) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const cell = (row: number, column: number): Cell => {
    const t = tableOf(row);
    const place = places[t]![column]!;
    if (place < 0) return names[column] === "result" ? tables[t]!.result : null;
    return tables[t]!.columns[place]!.values[row - starts[t]!] ?? null;
  };
  const heads = names.map((name, c) => {
    const type = types.get(name)!;
    let width = name.length + 3;
    for (let i = 0; i < Math.min(kSampleRows, length); i++) {
      const row = Math.floor((i * length) / Math.min(kSampleRows, length));
      width = Math.max(width, show(cell(row, c), type).length + 2);
    }
    return { name, type, width: Math.min(width, 48) };
  });
  return { heads, length, cell };
}

function show(cell: Cell, type: string): string {
  if (cell === null) return "";
  if (type.startsWith("dateTime") && typeof cell === "number") return moment(cell);
  return String(cell);
}

function compare(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

export function ResultTable({ tables }: { tables: Table[] }) {
  const rows = useMemo(() => gather(tables), [tables]);
  const [sort, setSort] = useState<{ name: string; down: boolean } | null>(null);
  const [view, setView] = useState({ top: 0, height: 360 });
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = body.current!;
    const resize = new ResizeObserver(() =>
      setView({ top: element.scrollTop, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => resize.disconnect();
  }, []);

  const order = useMemo(() => {
    const column = sort === null ? -1 : rows.heads.findIndex((head) => head.name === sort.name);
    if (column < 0) return null;
    const keys = Array.from({ length: rows.length }, (_, row) => rows.cell(row, column));
    const sign = sort!.down ? -1 : 1;
    return Array.from({ length: rows.length }, (_, row) => row).sort(
      (a, b) => sign * compare(keys[a]!, keys[b]!) || a - b,
    );
  }, [rows, sort]);

  const turn = (name: string) =>
    setSort(sort?.name !== name ? { name, down: false } : sort.down ? null : { name, down: true });
  const first = Math.max(0, Math.floor(view.top / kRow) - kOverscan);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / kRow) + kOverscan);
  const columns = `${rows.heads.map((head) => `calc(${head.width}ch + 16px)`).join(" ")} 1fr`;
  const number = (head: Head) => ["double", "long", "unsignedLong"].includes(head.type);
  const grid = `grid-template-columns:${columns}`;
  return (
    <div
      class="rows result-rows"
      role="table"
      aria-label="Result rows"
      aria-rowcount={rows.length + 1}
      aria-colcount={rows.heads.length}
      tabIndex={0}
      ref={body}
      onScroll={(event) =>
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
      }
    >
      <div class="rows-head" role="row" aria-rowindex={1} style={grid}>
        {rows.heads.map((head) => {
          const sorted =
            sort?.name === head.name ? (sort.down ? "descending" : "ascending") : "none";
          return (
            <div
              key={head.name}
              role="columnheader"
              aria-sort={sorted}
              class={number(head) ? "number" : ""}
            >
              <button type="button" title={head.type} onClick={() => turn(head.name)}>
                {head.name}
                <i aria-hidden="true">
                  {sorted === "none" ? "" : sorted === "ascending" ? "↑" : "↓"}
                </i>
              </button>
            </div>
          );
        })}
      </div>
      <div role="rowgroup" style={`height:${rows.length * kRow}px;position:relative`}>
        {Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).map((at) => {
          const row = order === null ? at : order[at]!;
          return (
            <div
              key={at}
              class="rows-row"
              role="row"
              aria-rowindex={at + 2}
              style={`top:${at * kRow}px;${grid}`}
            >
              {rows.heads.map((head, c) => {
                const cell = rows.cell(row, c);
                const text = show(cell, head.type);
                return (
                  <div
                    key={head.name}
                    role="cell"
                    class={number(head) ? "number" : ""}
                    title={text.length > 30 ? text : undefined}
                  >
                    {cell === null ? <span class="faint">–</span> : text}
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
    </div>
  );
}
