// Finds the numbers inside a message, so that any of them can be charted.

export const kPathsMax = 64;

// The whole payload as a number ("" as its path) or each numeric leaf of a JSON document by its
// dotted path. Booleans and on/off words count as 1 and 0: a switch is worth a chart.
export function numericPaths(payload: string): Map<string, number> {
  const found = new Map<string, number>();
  const plain = asNumber(payload.trim());
  if (plain !== null) return found.set("", plain);
  let document: unknown;
  try {
    document = JSON.parse(payload);
  } catch {
    return found;
  }
  collect(document, "", found);
  return found;
}

function collect(node: unknown, path: string, found: Map<string, number>): void {
  if (found.size >= kPathsMax) return;
  if (typeof node === "number") found.set(path, node);
  else if (typeof node === "boolean") found.set(path, node ? 1 : 0);
  else if (typeof node === "string") {
    const value = asNumber(node);
    if (value !== null) found.set(path, value);
  } else if (typeof node === "object" && node !== null) {
    for (const [key, child] of Object.entries(node))
      collect(child, path === "" ? key : `${path}.${key}`, found);
  }
}

const kWords: Record<string, number> = {
  on: 1,
  off: 0,
  true: 1,
  false: 0,
  open: 1,
  closed: 0,
  online: 1,
  offline: 0,
};

function asNumber(text: string): number | null {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  const word = kWords[text.toLowerCase()];
  return word ?? null;
}
