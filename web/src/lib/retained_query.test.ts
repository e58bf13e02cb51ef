import { describe, expect, it } from "vitest";
import { asksForAll, queryBelow, queryOf } from "./retained_query";

describe("the query of retained messages", () => {
  it("takes what has a wildcard for a filter, and the rest for a part of the topic", () => {
    expect(queryOf(" home/+/lamp ")).toEqual({ filter: "home/+/lamp", text: "" });
    expect(queryOf("home/#")).toEqual({ filter: "home/#", text: "" });
    expect(queryOf(" Lamp")).toEqual({ filter: "#", text: "Lamp" });
    expect([queryOf(""), queryOf("#")].map(asksForAll)).toEqual([true, true]);
    expect([queryOf("a"), queryOf("a/#"), queryOf("+")].map(asksForAll)).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("is narrowed to a level and finds there what it found before, no more", () => {
    const below = (typed: string, level: string) => queryBelow(queryOf(typed), level).filter;
    expect(below("", "home/hall")).toBe("home/hall/#");
    expect(below("home/#", "home")).toBe("home/#");
    expect(below("home/#", "home/hall/lamp")).toBe("home/hall/lamp/#");
    expect(below("home/+/lamp", "home")).toBe("home/+/lamp");
    expect(below("home/+/lamp", "home/hall")).toBe("home/hall/lamp");
    expect(below("+/+/lamp/#", "home/hall")).toBe("home/hall/lamp/#");
    expect(below("+/+/lamp/#", "home/hall/lamp")).toBe("home/hall/lamp/#");
    expect(below("+/hall", "home/hall")).toBe("home/hall");
    expect(below("/+/lamp", "/hall")).toBe("/hall/lamp");
    expect(below("/+/lamp", "")).toBe("/+/lamp");
  });

  it("keeps the text it looks for when it is narrowed", () => {
    expect(queryBelow(queryOf("lamp"), "home/hall")).toEqual({
      filter: "home/hall/#",
      text: "lamp",
    });
  });
});
