// The tree of topics that have retained messages. Only the rows on the screen exist, and their
// values are the newest that the live connection has brought.

import { useEffect, useRef, useState } from "preact/hooks";
import { bytes, compact } from "../../lib/format";
import { beat, tree as live } from "../../lib/live";
import { retainedRows, type RetainedNode } from "../../lib/retained_tree";
import { ago, moment } from "../../lib/time";
import { Icon } from "../../ui/icons";
import "../../styles/live.css";

const kRow = 32;
const kOverscan = 6;
const kFlashMs = 450;

export function RetainedTree(props: {
  root: RetainedNode;
  isOpen: (node: RetainedNode) => boolean;
  onToggle: (node: RetainedNode, to: boolean) => void;
  chosen: string | null;
  onChoose: (topic: string) => void;
  onDelete: (node: RetainedNode) => void;
}) {
  beat.value; // live values change in place; only this tells
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const rows = retainedRows(props.root, props.isOpen);
  const chosen = rows.findIndex((node) => node.topic === props.chosen);

  useEffect(() => {
    const element = list.current!;
    const resize = new ResizeObserver(() =>
      setView({ top: element.scrollTop, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => resize.disconnect();
  }, []);
  useEffect(() => {
    if (chosen < 0) return;
    const element = list.current!;
    const top = chosen * kRow;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + kRow > element.scrollTop + element.clientHeight)
      element.scrollTop = top + kRow - element.clientHeight;
  }, [props.chosen, chosen < 0]);

  const onKey = (event: KeyboardEvent) => {
    const node = rows[chosen];
    const branch = node !== undefined && node.children.length > 0;
    const pick = (at: number) => rows[at] !== undefined && props.onChoose(rows[at].topic);
    if (event.key === "ArrowDown") pick(Math.min(rows.length - 1, chosen + 1));
    else if (event.key === "ArrowUp") pick(Math.max(0, chosen - 1));
    else if (event.key === "Home") pick(0);
    else if (event.key === "End") pick(rows.length - 1);
    else if (event.key === "ArrowRight" && branch) {
      if (props.isOpen(node)) pick(chosen + 1);
      else props.onToggle(node, true);
    } else if (event.key === "ArrowLeft" && node !== undefined) {
      if (branch && props.isOpen(node)) props.onToggle(node, false);
      else if (node.parent !== null && node.parent.depth >= 0) props.onChoose(node.parent.topic);
    } else if ((event.key === "Enter" || event.key === " ") && branch) {
      props.onToggle(node, !props.isOpen(node));
    } else if (event.key === "Delete" && node !== undefined) props.onDelete(node);
    else return;
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(view.top / kRow) - kOverscan);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / kRow) + kOverscan);
  return (
    <div
      class="tree retained-tree"
      ref={list}
      role="tree"
      aria-label="Topics with retained messages"
      tabIndex={0}
      onKeyDown={onKey}
      aria-activedescendant={chosen >= first && chosen < last ? `retained-${chosen}` : undefined}
      onScroll={(event) =>
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })
      }
    >
      <div role="presentation" style={`height:${rows.length * kRow}px;position:relative`}>
        {rows.slice(first, last).map((node, i) => (
          <Row
            key={node.topic}
            node={node}
            at={first + i}
            isOpen={node.children.length > 0 && props.isOpen(node)}
            chosen={first + i === chosen}
            onChoose={() => props.onChoose(node.topic)}
            onToggle={(to) => props.onToggle(node, to)}
            onDelete={() => props.onDelete(node)}
          />
        ))}
      </div>
    </div>
  );
}

// Where what is chosen hides the tree, a level is opened instead; its trash can deletes it.
const narrow = matchMedia("(max-width: 1000px)");

// What was published retained since the list was read; null: nothing.
export function newer(node: RetainedNode): { payload: string | null; time: number } | null {
  if (node.message === null) return null;
  const last = live.find(node.topic)?.last ?? null;
  if (last === null || !last.retain || last.time <= Date.parse(node.message.time)) return null;
  return last;
}

function Row(props: {
  node: RetainedNode;
  at: number;
  isOpen: boolean;
  chosen: boolean;
  onChoose: () => void;
  onToggle: (to: boolean) => void;
  onDelete: () => void;
}) {
  const { node } = props;
  const branch = node.children.length > 0;
  const now = Date.now();
  const fresh = newer(node);
  const payload = fresh !== null ? fresh.payload : node.message?.payload;
  const time = fresh?.time ?? (node.message === null ? null : Date.parse(node.message.time));
  const heard = live.find(node.topic);
  const isNew =
    fresh !== null && heard !== undefined && performance.now() - heard.updatedAt < kFlashMs;
  // Two names for one animation: changing between them starts it again.
  const flash = isNew ? (heard.count % 2 === 0 ? " flash-a" : " flash-b") : "";
  const what = branch
    ? `Delete ${node.topic} and what is below`
    : `Delete the retained message of ${node.topic}`;
  return (
    <div
      id={`retained-${props.at}`}
      role="treeitem"
      class={`tree-row${flash}`}
      aria-selected={props.chosen}
      aria-level={node.depth + 1}
      aria-expanded={branch ? props.isOpen : undefined}
      style={`top:${props.at * kRow}px;padding-left:${16 + node.depth * 18}px`}
      title={node.topic}
      onClick={() => {
        if (branch && node.message === null && narrow.matches) props.onToggle(!props.isOpen);
        else props.onChoose();
      }}
      onDblClick={() => branch && props.onToggle(!props.isOpen)}
    >
      <span
        class={`tree-arrow${props.isOpen ? " open" : ""}`}
        aria-hidden="true"
        onClick={(event) => {
          if (!branch) return;
          event.stopPropagation();
          props.onToggle(!props.isOpen);
        }}
      >
        {branch && <Icon name="chevron" size={14} />}
      </span>
      <span class={`tree-name${node.message === null ? " branch" : ""}`}>
        {node.name === "" ? "(empty)" : node.name}
      </span>
      {branch && <span class="tree-badge">{compact(node.messages)}</span>}
      {node.message !== null && <span class="tree-value">{payload ?? "binary"}</span>}
      <span class="retained-size">{bytes(node.bytes)}</span>
      <time title={moment(time ?? node.newest)}>{ago(time ?? node.newest, now)}</time>
      <button
        type="button"
        class="tree-delete"
        tabIndex={-1}
        aria-hidden="true"
        title={what}
        onClick={(event) => {
          event.stopPropagation();
          props.onDelete();
        }}
      >
        <Icon name="trash" size={14} />
      </button>
    </div>
  );
}
