// A tree of topics. Only the rows on the screen exist, so that thousands of topics scroll as lightly
// as ten. What its rows say besides their names, and what is open, is its page's affair.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

const kOverscan = 6;
const kFlashMs = 450;

export interface TreeNode {
  name: string;
  topic: string;
  depth: number; // of the root: -1
  parent: TreeNode | null;
}

interface TreeProps<Node extends TreeNode> {
  label: string;
  rows: readonly Node[]; // top to bottom
  rowHeight: number;
  indent: { first: number; step: number }; // px
  class?: string;
  chosen: string | null; // a topic
  isBranch: (node: Node) => boolean;
  isOpen: (node: Node) => boolean;
  onToggle: (node: Node, to: boolean) => void;
  onChoose: (topic: string) => void;
  onClick?: (node: Node) => void; // instead of choosing it
  onKey?: (key: string, node: Node) => boolean; // true: that key has done its work
  flash: (node: Node) => string; // flashing()
  drawRow: (node: Node) => ComponentChildren; // behind the arrow
  children?: ComponentChildren; // below the rows
}

// The class of a row whose value came just now. There are two names for one animation: changing
// between them starts it again.
export function flashing(updatedAt: number, count: number): string {
  if (performance.now() - updatedAt >= kFlashMs) return "";
  return count % 2 === 0 ? " flash-a" : " flash-b";
}

export function Tree<Node extends TreeNode>(props: TreeProps<Node>) {
  const { rows, rowHeight } = props;
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const chosen = rows.findIndex((node) => node.topic === props.chosen);
  const look = (element: HTMLElement) =>
    setView({ top: element.scrollTop, height: element.clientHeight });

  useEffect(() => {
    const element = list.current!;
    const resize = new ResizeObserver(() => look(element));
    resize.observe(element);
    return () => resize.disconnect();
  }, []);
  useEffect(() => {
    if (chosen < 0) return;
    const element = list.current!;
    const top = chosen * rowHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight;
  }, [props.chosen, chosen < 0]);

  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (pressed(event.key, props, chosen)) event.preventDefault();
  };
  const first = Math.max(0, Math.floor(view.top / rowHeight) - kOverscan);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowHeight) + kOverscan);
  return (
    <div
      class={`tree ${props.class ?? ""}`}
      ref={list}
      role="tree"
      aria-label={props.label}
      tabIndex={0}
      onKeyDown={onKey}
      aria-activedescendant={chosen >= first && chosen < last ? rowId(chosen) : undefined}
      onScroll={(event) => look(event.currentTarget)}
    >
      <div role="presentation" style={`height:${rows.length * rowHeight}px;position:relative`}>
        {rows.slice(first, last).map((node, i) => (
          <Row
            key={node.topic}
            tree={props}
            node={node}
            at={first + i}
            chosen={first + i === chosen}
          />
        ))}
      </div>
      {props.children}
    </div>
  );
}

const rowId = (at: number) => `tree-row-${at}`;

// The keys that every tree has (WAI-ARIA, tree view pattern); false: the key means nothing here.
function pressed<Node extends TreeNode>(
  key: string,
  tree: TreeProps<Node>,
  chosen: number,
): boolean {
  const { rows } = tree;
  const node = rows[chosen];
  const choose = (at: number) => {
    const next = rows[Math.max(0, Math.min(rows.length - 1, at))];
    if (next !== undefined) tree.onChoose(next.topic);
    return true;
  };
  if (key === "ArrowDown") return choose(chosen + 1);
  if (key === "ArrowUp") return choose(chosen - 1);
  if (key === "Home") return choose(0);
  if (key === "End") return choose(rows.length - 1);
  if (node === undefined) return false;
  if (tree.onKey?.(key, node) === true) return true;
  const branch = tree.isBranch(node);
  const open = branch && tree.isOpen(node);
  if (key === "ArrowRight" && open) return choose(chosen + 1);
  if (key === "ArrowLeft" && !open) {
    if (node.parent !== null && node.parent.depth >= 0) tree.onChoose(node.parent.topic);
    return true;
  }
  if (!branch || !["ArrowRight", "ArrowLeft", "Enter", " "].includes(key)) return false;
  tree.onToggle(node, !open);
  return true;
}

function Row<Node extends TreeNode>(props: {
  tree: TreeProps<Node>;
  node: Node;
  at: number;
  chosen: boolean;
}) {
  const { tree, node } = props;
  const branch = tree.isBranch(node);
  const open = branch && tree.isOpen(node);
  const indent = tree.indent.first + node.depth * tree.indent.step;
  return (
    <div
      id={rowId(props.at)}
      role="treeitem"
      class={`tree-row${tree.flash(node)}`}
      aria-selected={props.chosen}
      aria-level={node.depth + 1}
      aria-expanded={branch ? open : undefined}
      style={`top:${props.at * tree.rowHeight}px;padding-left:${indent}px`}
      title={node.topic}
      onClick={() => (tree.onClick === undefined ? tree.onChoose(node.topic) : tree.onClick(node))}
      onDblClick={() => branch && tree.onToggle(node, !open)}
    >
      <span
        class={`tree-arrow${open ? " open" : ""}`}
        aria-hidden="true"
        onClick={(event) => {
          if (!branch) return;
          event.stopPropagation();
          tree.onToggle(node, !open);
        }}
      >
        {branch && <Icon name="chevron" size={14} />}
      </span>
      {tree.drawRow(node)}
    </div>
  );
}

export function levelName(node: TreeNode): string {
  return node.name === "" ? "(empty)" : node.name;
}
