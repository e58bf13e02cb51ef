// The tree of topics. Only the rows on the screen exist, so that a broker with thousands of topics
// scrolls as lightly as one with ten.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { beat, tree } from "../../lib/live";
import { compact } from "../../lib/format";
import { visibleRows, type TopicNode } from "../../lib/topics";
import { Icon } from "../../ui/icons";
import { SearchInput } from "../../ui/parts";

const kRow = 28;
const kOverscan = 6;
const kFlashMs = 450;
// Trees this small are shown whole at first: nothing to search for.
const kOpenAllTopics = 40;

const open = signal<ReadonlySet<string>>(new Set());
const search = signal("");
let openedOnce = false;

function openSmallTree(): void {
  if (openedOnce || tree.topics === 0 || tree.topics > kOpenAllTopics) return;
  openedOnce = true;
  const all = new Set<string>();
  const walk = (node: TopicNode) => {
    for (const child of node.children.values()) {
      if (child.children.size > 0) all.add(child.topic);
      walk(child);
    }
  };
  walk(tree.root);
  open.value = all;
}

function openTo(topic: string): void {
  const next = new Set(open.value);
  for (let slash = topic.indexOf("/"); slash >= 0; slash = topic.indexOf("/", slash + 1))
    next.add(topic.slice(0, slash));
  if (next.size !== open.value.size) open.value = next;
}

function toggle(node: TopicNode, to = !open.value.has(node.topic)): void {
  const next = new Set(open.value);
  if (to) next.add(node.topic);
  else next.delete(node.topic);
  open.value = next;
}

export function TopicTreeView(props: {
  selected: string | null;
  onSelect: (topic: string) => void;
}) {
  beat.value; // the tree changes in place; only this tells
  openSmallTree();
  const list = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const rows = visibleRows(tree.root, open.value, search.value);
  const chosen = rows.findIndex((node) => node.topic === props.selected);

  useEffect(() => {
    const element = list.current!;
    const resize = new ResizeObserver(() =>
      setView({ top: element.scrollTop, height: element.clientHeight }),
    );
    resize.observe(element);
    return () => resize.disconnect();
  }, []);
  useEffect(() => {
    if (props.selected !== null) openTo(props.selected);
  }, [props.selected]);
  useEffect(() => {
    if (chosen < 0) return;
    const element = list.current!;
    const top = chosen * kRow;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + kRow > element.scrollTop + element.clientHeight)
      element.scrollTop = top + kRow - element.clientHeight;
  }, [props.selected, chosen < 0]);

  const onKey = (event: KeyboardEvent) => {
    const node = rows[chosen];
    const pick = (at: number) => rows[at] !== undefined && props.onSelect(rows[at].topic);
    if (event.key === "ArrowDown") pick(Math.min(rows.length - 1, chosen + 1));
    else if (event.key === "ArrowUp") pick(Math.max(0, chosen - 1));
    else if (event.key === "Home") pick(0);
    else if (event.key === "End") pick(rows.length - 1);
    else if (event.key === "ArrowRight" && node !== undefined && node.children.size > 0) {
      if (open.value.has(node.topic)) pick(chosen + 1);
      else toggle(node, true);
    } else if (event.key === "ArrowLeft" && node !== undefined) {
      if (node.children.size > 0 && open.value.has(node.topic)) toggle(node, false);
      else if (node.parent !== null && node.parent.depth >= 0) props.onSelect(node.parent.topic);
    } else return;
    event.preventDefault();
  };

  const first = Math.max(0, Math.floor(view.top / kRow) - kOverscan);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / kRow) + kOverscan);
  const now = performance.now();
  return (
    <>
      <div class="live-search">
        <SearchInput
          label="Search topics"
          main
          value={search.value}
          onInput={(text) => (search.value = text)}
        />
      </div>
      <div
        class="tree"
        ref={list}
        role="tree"
        aria-label="Topics"
        tabIndex={0}
        onKeyDown={onKey}
        aria-activedescendant={chosen >= first && chosen < last ? `topic-${chosen}` : undefined}
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
              selected={first + i === chosen}
              fresh={now - node.updatedAt < kFlashMs}
              onSelect={() => props.onSelect(node.topic)}
            />
          ))}
        </div>
        {rows.length === 0 && (
          <p class="tree-none">
            {search.value === "" ? "Connecting…" : "No topic has that in its name."}
          </p>
        )}
      </div>
    </>
  );
}

function preview(node: TopicNode): string {
  const last = node.last;
  if (last === null) return "";
  return last.payload === null
    ? "binary"
    : last.payload.length > 60
      ? last.payload.slice(0, 60)
      : last.payload;
}

function Row(props: {
  node: TopicNode;
  at: number;
  selected: boolean;
  fresh: boolean;
  onSelect: () => void;
}) {
  const { node } = props;
  const branch = node.children.size > 0;
  const isOpen = branch && (search.value !== "" || open.value.has(node.topic));
  // Two names for one animation: changing between them starts it again.
  const flash = props.fresh ? (node.count % 2 === 0 ? " flash-a" : " flash-b") : "";
  return (
    <div
      id={`topic-${props.at}`}
      role="treeitem"
      class={`tree-row${flash}`}
      aria-selected={props.selected}
      aria-level={node.depth + 1}
      aria-expanded={branch ? isOpen : undefined}
      style={`top:${props.at * kRow}px;padding-left:${8 + node.depth * 16}px`}
      title={node.topic}
      onClick={props.onSelect}
      onDblClick={() => branch && toggle(node)}
    >
      <span
        class={`tree-arrow${isOpen ? " open" : ""}`}
        aria-hidden="true"
        onClick={(event) => {
          if (!branch) return;
          event.stopPropagation();
          toggle(node);
        }}
      >
        {branch && <Icon name="chevron" size={14} />}
      </span>
      <span class="tree-name">{node.name === "" ? "(empty)" : node.name}</span>
      {node.last !== null && <span class="tree-value">{preview(node)}</span>}
      <span class="tree-count">
        {node.count > 0 ? compact(node.count) : isOpen ? "" : `${compact(node.topics)} topics`}
      </span>
    </div>
  );
}
