// Rows of a list that is read again while somebody points at it.

// What is shown keeps its place and takes its new figures; what is new fills the places nobody has.
export function heldRows<Row extends { clientID: string }>(
  shown: ReadonlyMap<number, Row>, // by their places
  found: readonly Row[], // as they stand from place `offset` on
  offset: number,
): Map<number, Row> {
  const news = new Map(found.map((row) => [row.clientID, row]));
  const rows = new Map<number, Row>();
  for (const [at, row] of shown) {
    rows.set(at, news.get(row.clientID) ?? row);
    news.delete(row.clientID);
  }
  const waiting = [...news.values()];
  for (let at = offset; at < offset + found.length && waiting.length > 0; at++)
    if (!rows.has(at)) rows.set(at, waiting.shift()!);
  return rows;
}
