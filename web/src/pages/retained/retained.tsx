// Retained: the messages the broker keeps for new subscribers, as a tree of their topics, and a way
// to be rid of them.

import { useMemo, useState } from "preact/hooks";
import { bytes, count, plural } from "../../lib/format";
import { beat } from "../../lib/live";
import { levelsThatFit } from "../../lib/open_levels";
import { asksForAll, queryBelow, queryOf, type RetainedQuery } from "../../lib/retained_query";
import { findRetained, retainedTree, type RetainedNode } from "../../lib/retained_tree";
import { route, setParams } from "../../lib/route";
import { Icon } from "../../ui/icons";
import { ErrorNote, SearchInput, toast } from "../../ui/parts";
import { ChosenBranch, ChosenMessage } from "./chosen";
import { DeleteDialog, type Doomed } from "./delete_dialog";
import { newer, RetainedTree } from "./retained_tree";
import { kShownMax, useRetained } from "./use_retained";
import "../../styles/clients.css";

// Trees this small are shown whole at first: nothing to search for. Of larger ones, what fits a screen.
const kOpenAllMessages = 40;
const kRowsAtFirst = 26;

// What somebody has opened or closed stays so while the page is away.
const kept = new Map<string, boolean>();
// Found out once: what comes later must not close what somebody looks at.
let atFirst: ReadonlySet<string> | null = null;

function useOpen(root: RetainedNode, typed: string, chosen: string | null) {
  const [, draw] = useState(0);
  if (typed === "" && root.messages > 0)
    atFirst ??= levelsThatFit(root, (node) => node.children, kRowsAtFirst);
  const isOpen = (node: RetainedNode): boolean => {
    if (chosen?.startsWith(`${node.topic}/`)) return true;
    // What is searched for is shown, wherever it hides.
    if (typed !== "" || root.messages <= kOpenAllMessages) return kept.get(node.topic) ?? true;
    return kept.get(node.topic) ?? atFirst?.has(node.topic) === true;
  };
  const toggle = (node: RetainedNode, to: boolean) => {
    kept.set(node.topic, to);
    // What closes takes the choice with it.
    if (!to && chosen?.startsWith(`${node.topic}/`)) setParams({ topic: node.topic }, true);
    draw((n) => n + 1);
  };
  const setAll = (to: boolean) => {
    const walk = (node: RetainedNode) => {
      for (const child of node.children) {
        if (child.children.length === 0) continue;
        kept.set(child.topic, to);
        walk(child);
      }
    };
    walk(root);
    draw((n) => n + 1);
  };
  return { isOpen, toggle, setAll };
}

export function RetainedPage() {
  const params = route.value.params;
  const typed = params.get("find") ?? "";
  const chosen = params.get("topic");
  const { list, error, reload } = useRetained(typed);
  const [deleting, setDeleting] = useState<Doomed | null>(null);
  const root = useMemo(() => retainedTree(list?.messages ?? []), [list]);
  const { isOpen, toggle, setAll } = useOpen(root, typed, chosen);
  // What the tree answers, which what is typed now may be ahead of.
  const query = list?.query ?? queryOf(typed);
  const none = list !== null && list.messages.length === 0;
  const remove = (node: RetainedNode) =>
    setDeleting(node.children.length > 0 ? queryBelow(query, node.topic) : { topic: node.topic });
  return (
    <div class={`clients${chosen === null ? "" : " has-client"}`}>
      <section class="clients-list" aria-label="Retained messages">
        <header class="clients-head">
          <h1>Retained</h1>
          <p role="status" class="clients-sum">
            {list !== null && (
              <>
                {plural(list.more ? list.total : root.messages, "message")},{" "}
                {bytes(list.more ? list.totalBytes : root.bytes)}
              </>
            )}
          </p>
          <div class="clients-tools">
            <SearchInput
              main
              label="Find retained messages"
              placeholder="Topic or filter: home/+/lamp"
              finds=".retained-tree"
              value={typed}
              onInput={(find) => setParams({ find })}
            />
            <button
              type="button"
              class="button tree-all"
              disabled={none}
              onClick={() => setAll(true)}
            >
              Open all
            </button>
            <button
              type="button"
              class="button tree-all"
              disabled={none}
              onClick={() => setAll(false)}
            >
              Close all
            </button>
            <button
              type="button"
              class="button danger"
              aria-label="Delete matching…"
              disabled={asksForAll(query) || none || list === null}
              title={
                asksForAll(query) ? "Type first which: a part of the topic, or a filter" : undefined
              }
              onClick={() => setDeleting(query)}
            >
              <Icon name="trash" /> <span class="tree-all">Delete matching…</span>
            </button>
          </div>
        </header>
        <ErrorNote error={error} />
        {list !== null && none && typed === "" && (
          <div class="empty">
            <Icon name="retained" size={28} />
            <h2>Nothing is retained</h2>
            <p>
              A message published with the retain flag stays here for clients that subscribe later.
            </p>
          </div>
        )}
        {none && typed !== "" && (
          <p class="clients-none">
            No retained message matches.{" "}
            {queryOf(typed).filter !== "#" &&
              "A filter names whole levels, + stands for one of them, # for all that follow: home/+/lamp, home/#. "}
            <button
              type="button"
              class="button small"
              onClick={() => setParams({ find: undefined })}
            >
              Show all
            </button>
          </p>
        )}
        {list?.more === true && (
          <p class="note" role="status">
            The first {count(kShownMax)} are shown, in the order of their topics. A filter finds the
            others.
          </p>
        )}
        {list !== null && !none && (
          <RetainedTree
            root={root}
            isOpen={isOpen}
            onToggle={toggle}
            chosen={chosen}
            onChoose={(topic) => setParams({ topic }, chosen !== null)}
            onDelete={remove}
          />
        )}
      </section>
      {chosen !== null && list !== null && (
        <Chosen
          root={root}
          topic={chosen}
          query={query}
          onClose={() => setParams({ topic: undefined })}
          onDelete={setDeleting}
        />
      )}
      {deleting !== null && (
        <DeleteDialog
          what={deleting}
          onClose={() => setDeleting(null)}
          onDone={(deleted) => {
            setDeleting(null);
            toast(`${plural(deleted, "retained message")} deleted`);
            setParams({ topic: undefined });
            reload();
          }}
        />
      )}
    </div>
  );
}

function Chosen(props: {
  root: RetainedNode;
  topic: string;
  query: RetainedQuery;
  onClose: () => void;
  onDelete: (what: Doomed) => void;
}) {
  beat.value; // a newer value of the topic may have come
  const node = findRetained(props.root, props.topic);
  const deleteBelow = () => props.onDelete(queryBelow(props.query, props.topic));
  if (node !== undefined && node.message === null) {
    return (
      <ChosenBranch
        node={node}
        filtered={!asksForAll(props.query)}
        onClose={props.onClose}
        onDelete={deleteBelow}
      />
    );
  }
  return (
    <ChosenMessage
      key={props.topic}
      topic={props.topic}
      node={node}
      seen={String(node && (newer(node)?.time ?? node.message?.time))}
      onClose={props.onClose}
      onDelete={() => props.onDelete({ topic: props.topic })}
      filtered={!asksForAll(props.query)}
      onDeleteBelow={deleteBelow}
    />
  );
}
