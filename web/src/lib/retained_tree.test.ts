import { describe, expect, it } from "vitest";
import type { Retained } from "./broker";
import { findRetained, retainedRows, retainedTree } from "./retained_tree";

const of = (topic: string, payload = "1", time = "2026-01-01T00:00:00Z"): Retained => ({
  topic,
  payload,
  cut: false,
  payloadBytes: payload.length,
  qos: 0,
  time,
  clientID: "c",
  user: "",
  expiresAt: null,
});

describe("the tree of retained messages", () => {
  it("counts what each branch holds, itself included", () => {
    const root = retainedTree([
      of("home/hall/lamp", "on"),
      of("home/hall", "lit", "2026-01-02T00:00:00Z"),
      of("home/attic/lamp", "off!"),
      of("yard", ""),
    ]);
    expect(root.messages).toBe(4);
    const home = findRetained(root, "home")!;
    expect([home.messages, home.bytes, home.message]).toEqual([3, 9, null]);
    expect(home.newest).toBe(Date.parse("2026-01-02T00:00:00Z"));
    const hall = findRetained(root, "home/hall")!;
    expect([hall.messages, hall.message?.payload]).toEqual([2, "lit"]);
    expect(findRetained(root, "home/cellar")).toBeUndefined();
  });

  it("shows rows in the order people count in, and what is open only", () => {
    const root = retainedTree([of("plug/10"), of("plug/9"), of("lamp/1/state")]);
    expect(retainedRows(root, () => false).map((one) => one.topic)).toEqual(["lamp", "plug"]);
    expect(retainedRows(root, (node) => node.name === "plug").map((one) => one.topic)).toEqual([
      "lamp",
      "plug",
      "plug/9",
      "plug/10",
    ]);
  });

  it("keeps empty levels apart from the root and from each other", () => {
    const root = retainedTree([of("/a"), of("a"), of("a//b"), of("a/")]);
    expect(root.children.map((one) => [one.name, one.messages])).toEqual([
      ["", 1],
      ["a", 3],
    ]);
    expect(findRetained(root, "/a")?.message?.topic).toBe("/a");
    expect(findRetained(root, "a/")?.message?.topic).toBe("a/");
    expect(findRetained(root, "a//b")?.depth).toBe(2);
  });
});
