// Which levels of a tree of topics stand open at first.

// As many depths as fit in `rowsMax` rows: a tree too large to be shown whole still shows what it is
// made of. Nodes of one depth are opened together, so that what is alike looks alike; only one that
// is too large by itself stays closed beside the others.
export function levelsThatFit<Node extends { topic: string }>(
  root: Node,
  childrenOf: (node: Node) => readonly Node[],
  rowsMax: number,
): Set<string> {
  const open = new Set<string>();
  let shown = childrenOf(root);
  let rows = shown.length;
  while (shown.length > 0) {
    const opened = shown.filter((node) => {
      const children = childrenOf(node).length;
      return children > 0 && rows + children <= rowsMax;
    });
    shown = opened.flatMap(childrenOf);
    rows += shown.length;
    if (rows > rowsMax) break;
    for (const node of opened) open.add(node.topic);
  }
  return open;
}
