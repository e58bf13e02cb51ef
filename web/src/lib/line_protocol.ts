// Reads the key of a line of line protocol (what Explain answers), so that a topic can be followed
// to its stored series. Values are not needed and not read.

export interface PointKey {
  measurement: string;
  tags: Record<string, string>;
  fields: string[];
}

// Reads up to an unescaped stop character; `\` takes the meaning from comma, space and equals sign.
function word(line: string, from: number, stops: string): [string, number] {
  let text = "";
  let at = from;
  while (at < line.length && !stops.includes(line[at]!)) {
    if (line[at] === "\\" && at + 1 < line.length && ", =".includes(line[at + 1]!)) at++;
    text += line[at++];
  }
  return [text, at];
}

export function parsePointKey(line: string): PointKey | null {
  let at = 0;
  let measurement: string;
  [measurement, at] = word(line, 0, ", ");
  if (measurement === "") return null;
  const tags: Record<string, string> = {};
  while (line[at] === ",") {
    let key: string;
    let value: string;
    [key, at] = word(line, at + 1, "=");
    [value, at] = word(line, at + 1, ", ");
    tags[key] = value;
  }
  const fields: string[] = [];
  while (at < line.length && (line[at] === " " || line[at] === ",")) {
    let key: string;
    [key, at] = word(line, at + 1, "= ");
    if (line[at] !== "=") break;
    fields.push(key);
    at = skipValue(line, at + 1);
    if (line[at] === " ") break;
  }
  return fields.length === 0 ? null : { measurement, tags, fields };
}

function skipValue(line: string, from: number): number {
  let at = from;
  if (line[at] !== '"') {
    while (at < line.length && line[at] !== "," && line[at] !== " ") at++;
    return at;
  }
  at++;
  while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
  return at + 1;
}
