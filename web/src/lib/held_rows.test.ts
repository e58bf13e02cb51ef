import { describe, expect, it } from "vitest";
import { heldRows } from "./held_rows";

const row = (clientID: string, value = 0) => ({ clientID, value });

describe("rows that are held in their places", () => {
  const shown = new Map([row("a"), row("c"), row("d")].map((one, at) => [at, one]));
  const names = (rows: Map<number, { clientID: string }>) =>
    [...rows].sort(([a], [b]) => a - b).map(([at, { clientID }]) => `${at} ${clientID}`);

  it("take their new figures where they stand", () => {
    const rows = heldRows(shown, [row("d", 9), row("c", 8), row("a", 7)], 0);
    expect([...rows.values()]).toEqual([row("a", 7), row("c", 8), row("d", 9)]);
  });

  it("let what is new stand behind them, and nothing stand twice", () => {
    const rows = heldRows(shown, [row("a"), row("b"), row("c"), row("d")], 0);
    expect(names(rows)).toEqual(["0 a", "1 c", "2 d", "3 b"]);
  });

  it("stay when they are gone, until they are let go", () => {
    expect(names(heldRows(shown, [row("a"), row("d")], 0))).toEqual(["0 a", "1 c", "2 d"]);
  });

  it("are joined by the next places when the list is scrolled", () => {
    const rows = heldRows(shown, [row("d"), row("e"), row("f")], 2);
    expect(names(rows)).toEqual(["0 a", "1 c", "2 d", "3 e", "4 f"]);
  });
});
