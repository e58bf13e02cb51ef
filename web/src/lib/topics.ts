// What the broker has carried, as a tree of topic levels. Plain mutable data: messages arrive up to
// thousands a second and pages read it ten times a second.

export interface Message {
  topic: string;
  payload: string | null;
  payloadBase64?: string;
  time: number;
  qos: number;
  retain: boolean;
  cut?: boolean;
}

export interface KnownTopic extends Message {
  count: number;
}

export interface TopicNode {
  name: string;
  topic: string;
  depth: number;
  parent: TopicNode | null;
  children: Map<string, TopicNode>;
  sorted: TopicNode[] | null; // children by name; null when it must be sorted again
  count: number; // messages of this very topic
  total: number; // messages of the whole subtree
  topics: number; // topics with messages in the subtree
  last: Message | null;
  history: Message[]; // oldest first, at most historyMax() long
  updatedAt: number; // when this page heard of it last; drives the flash
}

// All kept messages together; beyond it each topic keeps fewer. About 60 MB with 1 KB payloads.
export const kMessagesKeptMax = 60_000;
export const kHistoryMax = 600;
const kHistoryMin = 8;
// Each level is a node; a broker with more topics than this is better searched than browsed.
export const kTopicsMax = 20_000;

function makeNode(name: string, topic: string, parent: TopicNode | null): TopicNode {
  return {
    name,
    topic,
    parent,
    depth: parent === null ? -1 : parent.depth + 1,
    children: new Map(),
    sorted: null,
    count: 0,
    total: 0,
    topics: 0,
    last: null,
    history: [],
    updatedAt: 0,
  };
}

export class TopicTree {
  readonly root = makeNode("", "", null);
  skipped = 0;
  private byTopic = new Map<string, TopicNode>();

  get messages(): number {
    return this.root.total;
  }
  get topics(): number {
    return this.byTopic.size;
  }

  find(topic: string): TopicNode | undefined {
    let node: TopicNode | undefined = this.byTopic.get(topic);
    if (node !== undefined) return node;
    node = this.root;
    for (const name of topic.split("/")) {
      node = node.children.get(name);
      if (node === undefined) return undefined;
    }
    return node;
  }

  clear(): void {
    this.root.children.clear();
    this.root.sorted = null;
    this.root.total = 0;
    this.root.topics = 0;
    this.byTopic.clear();
  }

  // A topic as the server knows it when the page connects: its count replaces ours. What was kept of
  // it before a lost connection stays.
  know(topic: KnownTopic): void {
    const node = this.node(topic.topic);
    if (node === null) return;
    this.add(node, Math.max(topic.count, 1) - node.count);
    const { count: _, ...message } = topic;
    if (
      node.last === null ||
      node.last.time !== message.time ||
      node.last.payload !== message.payload
    ) {
      this.keep(node, message);
    }
  }

  receive(message: Message, now: number): void {
    const node = this.node(message.topic);
    if (node === null) return;
    this.add(node, 1);
    node.updatedAt = now;
    this.keep(node, message);
  }

  historyMax(): number {
    const share = Math.floor(kMessagesKeptMax / Math.max(1, this.byTopic.size));
    return Math.min(kHistoryMax, Math.max(kHistoryMin, share));
  }

  private add(node: TopicNode, messages: number): void {
    node.count += messages;
    for (let up: TopicNode | null = node; up !== null; up = up.parent) up.total += messages;
  }

  private keep(node: TopicNode, message: Message): void {
    node.last = message;
    node.history.push(message);
    const limit = this.historyMax();
    // Cut in steps: shifting a full array at each message would cost more than the message.
    if (node.history.length > limit + limit / 4) node.history = node.history.slice(-limit);
  }

  private node(topic: string): TopicNode | null {
    const known = this.byTopic.get(topic);
    if (known !== undefined) return known;
    if (this.byTopic.size >= kTopicsMax) {
      this.skipped++;
      return null;
    }
    let node = this.root;
    let path = "";
    for (const [i, name] of topic.split("/").entries()) {
      path = i === 0 ? name : `${path}/${name}`;
      let child = node.children.get(name);
      if (child === undefined) {
        child = makeNode(name, path, node);
        node.children.set(name, child);
        node.sorted = null;
      }
      node = child;
    }
    this.byTopic.set(topic, node);
    for (let up: TopicNode | null = node; up !== null; up = up.parent) up.topics++;
    return node;
  }
}

const kCollator = new Intl.Collator("en", { numeric: true });

export function childrenOf(node: TopicNode): TopicNode[] {
  node.sorted ??= [...node.children.values()].sort((a, b) => kCollator.compare(a.name, b.name));
  return node.sorted;
}

// The rows of the tree as they stand on the screen, top to bottom. With a search every branch that
// holds a hit is open; `limit` bounds the work of one drawing.
export function visibleRows(
  root: TopicNode,
  open: ReadonlySet<string>,
  search: string,
  limit = 5000,
): TopicNode[] {
  const rows: TopicNode[] = [];
  const wanted = search.toLowerCase();
  const walk = (node: TopicNode, inside: boolean): boolean => {
    let any = false;
    for (const child of childrenOf(node)) {
      if (rows.length >= limit) return any;
      const hit = inside || wanted === "" || child.topic.toLowerCase().includes(wanted);
      const at = rows.length;
      rows.push(child);
      let below = false;
      if (child.children.size > 0 && (wanted !== "" || open.has(child.topic))) {
        below = walk(child, wanted !== "" && (inside || child.name.toLowerCase().includes(wanted)));
      }
      if (!hit && !below) rows.length = at;
      else any = true;
    }
    return any;
  };
  walk(root, false);
  return rows;
}

// Topics with messages at or below a node, in tree order.
export function leavesOf(node: TopicNode, limit = 500): TopicNode[] {
  const leaves: TopicNode[] = [];
  const walk = (at: TopicNode): void => {
    if (leaves.length >= limit) return;
    if (at.count > 0) leaves.push(at);
    for (const child of childrenOf(at)) walk(child);
  };
  walk(node);
  return leaves;
}
