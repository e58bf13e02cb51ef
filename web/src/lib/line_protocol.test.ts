import { expect, it } from "vitest";
import { parsePointKey } from "./line_protocol";

it("reads measurement, tags and field names", () => {
  expect(parsePointKey("tasmota,device=plug1,room=a\\ b Power=170,On=true 1700")).toEqual({
    measurement: "tasmota",
    tags: { device: "plug1", room: "a b" },
    fields: ["Power", "On"],
  });
  expect(parsePointKey("m f=1i")).toEqual({ measurement: "m", tags: {}, fields: ["f"] });
});
it("skips over text values with commas, spaces and quotes", () => {
  expect(parsePointKey('m a="x, y=\\"1\\"",b=2 5')!.fields).toEqual(["a", "b"]);
});
it("knows what is no point", () => {
  for (const bad of ["", "m", "m ", ",a=b f=1", "m f"]) expect(parsePointKey(bad)).toBeNull();
});
it("survives every truncation", () => {
  const line = 'm,t\\,a=v\\ w a="x\\"y",b=2 5';
  for (let n = 0; n < line.length; n++) expect(() => parsePointKey(line.slice(0, n))).not.toThrow();
});
