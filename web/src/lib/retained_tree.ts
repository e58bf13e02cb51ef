// Retained messages as a tree of topic levels, with what each branch holds.

import type { Retained } from "./broker";

export interface RetainedNode {
  name: string;
  topic: string;
  depth: number;
  parent: RetainedNode | null;
  children: RetainedNode[]; // by name
  message: Retained | null; // retained for this very topic
  messages: number; // in the whole subtree, this one included
  bytes: number; // of their payloads
  newest: number; // when the last of them was published
}

function makeNode(name: string, topic: string, parent: RetainedNode | null): RetainedNode {
  const depth = parent === null ? -1 : parent.depth + 1;
  return {
    name,
    topic,
    depth,
    parent,
    children: [],
    message: null,
    messages: 0,
    bytes: 0,
    newest: 0,
  };
}

const kCollator = new Intl.Collator("en", { numeric: true });

export function retainedTree(messages: readonly Retained[]): RetainedNode {
  const root = makeNode("", "", null);
  const known = new Map<string, RetainedNode>();
  for (const message of messages) {
    let node = root;
    let path = "";
    for (const [i, name] of message.topic.split("/").entries()) {
      path = i === 0 ? name : `${path}/${name}`;
      // A topic may begin with a slash: the empty first level has the path "" as the root does.
      const key = `${i} ${path}`;
      let child = known.get(key);
      if (child === undefined) {
        child = makeNode(name, path, node);
        known.set(key, child);
        node.children.push(child);
      }
      node = child;
    }
    node.message = message;
    const time = Date.parse(message.time);
    for (let up: RetainedNode | null = node; up !== null; up = up.parent) {
      up.messages++;
      up.bytes += message.payloadBytes;
      up.newest = Math.max(up.newest, time);
    }
  }
  for (const node of known.values()) sortChildren(node);
  sortChildren(root);
  return root;
}

function sortChildren(node: RetainedNode): void {
  if (node.children.length > 1) node.children.sort((a, b) => kCollator.compare(a.name, b.name));
}

// The rows of the tree as they stand on the screen, top to bottom.
export function retainedRows(
  root: RetainedNode,
  isOpen: (node: RetainedNode) => boolean,
): RetainedNode[] {
  const rows: RetainedNode[] = [];
  const walk = (node: RetainedNode) => {
    for (const child of node.children) {
      rows.push(child);
      if (child.children.length > 0 && isOpen(child)) walk(child);
    }
  };
  walk(root);
  return rows;
}

export function findRetained(root: RetainedNode, topic: string): RetainedNode | undefined {
  let node: RetainedNode | undefined = root;
  for (const name of topic.split("/")) {
    node = node.children.find((child) => child.name === name);
    if (node === undefined) return undefined;
  }
  return node;
}
