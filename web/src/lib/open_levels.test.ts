import { describe, expect, it } from "vitest";
import { levelsThatFit } from "./open_levels";

interface Node {
  topic: string;
  children: Node[];
}
const node = (topic: string, ...children: Node[]): Node => ({ topic, children });
const many = (topic: string, n: number) =>
  node(topic, ...Array.from({ length: n }, (_, i) => node(`${topic}/${i}`)));
const fit = (rowsMax: number, ...nodes: Node[]) => [
  ...levelsThatFit(node("", ...nodes), (one) => one.children, rowsMax),
];

describe("the levels that stand open at first", () => {
  it("are all of a tree that fits, to the last row", () => {
    const home = node("home", many("home/hall", 3), many("home/attic", 2));
    expect(fit(8, home)).toEqual(["home", "home/hall", "home/attic"]);
  });

  it("are opened together where they are equally deep, or not at all", () => {
    const home = node("home", many("home/hall", 3), many("home/attic", 2));
    expect(fit(7, home)).toEqual(["home"]);
  });

  it("leave out one that is too large, and none for its sake", () => {
    expect(fit(20, many("plugs", 100), many("lamps", 5))).toEqual(["lamps"]);
    expect(fit(0, many("plugs", 1))).toEqual([]);
  });
});
