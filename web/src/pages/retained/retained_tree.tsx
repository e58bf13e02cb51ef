// The tree of topics that have retained messages, with the newest values that the live connection has
// brought.

import { bytes, compact } from "../../lib/format";
import { beat, tree as live } from "../../lib/live";
import { retainedRows, type RetainedNode } from "../../lib/retained_tree";
import { ago, moment } from "../../lib/time";
import { Icon } from "../../ui/icons";
import { hidesList } from "../../ui/side_view";
import { flashing, levelName, Tree } from "../../ui/tree";

const isBranch = (node: RetainedNode) => node.children.length > 0;

export function RetainedTree(props: {
  root: RetainedNode;
  isOpen: (node: RetainedNode) => boolean;
  onToggle: (node: RetainedNode, to: boolean) => void;
  chosen: string | null;
  onChoose: (topic: string) => void;
  onDelete: (node: RetainedNode) => void;
}) {
  beat.value; // live values change in place; only this tells
  return (
    <Tree
      label="Topics with retained messages"
      class="retained-tree"
      rows={retainedRows(props.root, props.isOpen)}
      rowHeight={32}
      indent={{ first: 16, step: 18 }}
      chosen={props.chosen}
      isBranch={isBranch}
      isOpen={props.isOpen}
      onToggle={props.onToggle}
      onChoose={props.onChoose}
      onClick={(node) => {
        // Where what is chosen hides the tree, a level is opened instead; its trash can deletes it.
        if (isBranch(node) && node.message === null && hidesList.matches)
          props.onToggle(node, !props.isOpen(node));
        else props.onChoose(node.topic);
      }}
      onKey={(key, node) => {
        if (key === "Delete") props.onDelete(node);
        return key === "Delete";
      }}
      flash={(node) => {
        const heard = newer(node) === null ? undefined : live.find(node.topic);
        return heard === undefined ? "" : flashing(heard.updatedAt, heard.count);
      }}
      drawRow={(node) => <RowText node={node} onDelete={() => props.onDelete(node)} />}
    />
  );
}

// What was published retained since the list was read; null: nothing.
export function newer(node: RetainedNode): { payload: string | null; time: number } | null {
  if (node.message === null) return null;
  const last = live.find(node.topic)?.last ?? null;
  if (last === null || !last.retain || last.time <= Date.parse(node.message.time)) return null;
  return last;
}

function RowText({ node, onDelete }: { node: RetainedNode; onDelete: () => void }) {
  const fresh = newer(node);
  const payload = fresh !== null ? fresh.payload : node.message?.payload;
  const time = fresh?.time ?? (node.message === null ? null : Date.parse(node.message.time));
  const what = isBranch(node)
    ? `Delete ${node.topic} and what is below`
    : `Delete the retained message of ${node.topic}`;
  return (
    <>
      <span class={`tree-name${node.message === null ? " branch" : ""}`}>{levelName(node)}</span>
      {isBranch(node) && <span class="tree-badge">{compact(node.messages)}</span>}
      {node.message !== null && <span class="tree-value">{payload ?? "binary"}</span>}
      <span class="retained-size">{bytes(node.bytes)}</span>
      <time title={moment(time ?? node.newest)}>{ago(time ?? node.newest, Date.now())}</time>
      <button
        type="button"
        class="tree-delete"
        tabIndex={-1}
        aria-hidden="true"
        title={what}
        onClick={(event) => {
          event.stopPropagation();
          onDelete();
        }}
      >
        <Icon name="trash" size={14} />
      </button>
    </>
  );
}
