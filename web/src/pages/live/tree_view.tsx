// The tree of all topics that the broker has carried, and the search above it.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { beat, tree } from "../../lib/live";
import { compact, plural } from "../../lib/format";
import { levelsThatFit } from "../../lib/open_levels";
import { visibleRows, type TopicNode } from "../../lib/topics";
import { SearchInput } from "../../ui/parts";
import { flashing, levelName, Tree } from "../../ui/tree";

// Trees this small are shown whole at first: nothing to search for. Of larger ones, what fits a screen.
const kOpenAllTopics = 40;
const kRowsAtFirst = 30;

const open = signal<ReadonlySet<string>>(new Set());
const search = signal("");
let openedOnce = false;

function openAtFirst(): void {
  if (openedOnce || tree.topics === 0) return;
  openedOnce = true;
  const rowsMax = tree.topics > kOpenAllTopics ? kRowsAtFirst : Infinity;
  open.value = levelsThatFit(tree.root, (node) => [...node.children.values()], rowsMax);
}

function openTo(topic: string): void {
  const next = new Set(open.value);
  for (let slash = topic.indexOf("/"); slash >= 0; slash = topic.indexOf("/", slash + 1))
    next.add(topic.slice(0, slash));
  if (next.size !== open.value.size) open.value = next;
}

function toggle(node: TopicNode, to: boolean): void {
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
  openAtFirst();
  const rows = visibleRows(tree.root, open.value, search.value);
  useEffect(() => {
    if (props.selected !== null) openTo(props.selected);
  }, [props.selected]);
  return (
    <>
      <div class="live-search">
        <SearchInput
          label="Search topics"
          main
          finds=".live-list .tree"
          value={search.value}
          onInput={(text) => (search.value = text)}
        />
      </div>
      <Tree
        label="Topics"
        rows={rows}
        rowHeight={28}
        indent={{ first: 8, step: 16 }}
        chosen={props.selected}
        isBranch={isBranch}
        isOpen={isOpen}
        onToggle={toggle}
        onChoose={props.onSelect}
        flash={(node) => flashing(node.updatedAt, node.count)}
        drawRow={(node) => <RowText node={node} />}
      >
        {rows.length === 0 && (
          <p class="tree-none">
            {search.value === "" ? "Connecting…" : "No topic has that in its name."}
          </p>
        )}
      </Tree>
    </>
  );
}

const isBranch = (node: TopicNode) => node.children.size > 0;
// What is searched for is shown, wherever it hides.
const isOpen = (node: TopicNode) => search.value !== "" || open.value.has(node.topic);

function preview(node: TopicNode): string {
  const last = node.last;
  if (last === null) return "";
  return last.payload === null
    ? "binary"
    : last.payload.length > 60
      ? last.payload.slice(0, 60)
      : last.payload;
}

function RowText({ node }: { node: TopicNode }) {
  const folded = isBranch(node) && !isOpen(node);
  return (
    <>
      <span class="tree-name">{levelName(node)}</span>
      {node.last !== null && <span class="tree-value">{preview(node)}</span>}
      <span class="tree-count">
        {node.count > 0 ? compact(node.count) : folded ? plural(node.topics, "topic") : ""}
      </span>
    </>
  );
}
