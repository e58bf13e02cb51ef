// Asks before retained messages go: one, or all that a query finds.

import { useEffect, useState } from "preact/hooks";
import { broker } from "../../lib/broker";
import { count, plural } from "../../lib/format";
import type { RetainedQuery } from "../../lib/retained_query";
import { Dialog, DialogActions } from "../../ui/dialog";
import { ErrorNote, messageOf } from "../../ui/parts";
import { useWork } from "../../ui/work";
import { fetchRetained } from "./use_retained";

export type Doomed = { topic: string } | RetainedQuery;

export function DeleteDialog(props: {
  what: Doomed;
  onClose: () => void;
  onDone: (deleted: number) => void;
}) {
  const { what } = props;
  const { error, busy, run } = useWork();
  const found = useCount(what);
  const act = () => run(async () => props.onDone((await broker.deleteRetained(what)).deleted));
  return (
    <Dialog
      title={"topic" in what ? "Delete this retained message?" : "Delete all that match?"}
      onClose={props.onClose}
    >
      {"topic" in what ? (
        <p>
          New subscribers of <b class="anywhere">{what.topic}</b> will not be given it any more.
          Values that were stored stay.
        </p>
      ) : (
        <p>
          {found.words === "" ? "All retained messages" : found.words} matching{" "}
          <code class="anywhere">{what.filter}</code>
          {what.text !== "" && (
            <>
              {" "}
              with <b class="anywhere">{what.text}</b> in their topics
            </>
          )}{" "}
          will be deleted. Values that were stored stay.
        </p>
      )}
      <ErrorNote error={error === "" ? found.error : error} />
      <DialogActions
        word="Delete"
        danger
        disabled={busy || found.words === ""}
        onClose={props.onClose}
        onAct={() => void act()}
      />
    </Dialog>
  );
}

// How many will go, counted anew: the list behind the dialog may be some seconds old. No words: it is
// not known yet.
function useCount(what: Doomed): { words: string; error: string } {
  const [words, setWords] = useState("topic" in what ? "One" : "");
  const [error, setError] = useState("");
  useEffect(() => {
    if ("topic" in what) return;
    const stop = new AbortController();
    fetchRetained(what, stop.signal).then(
      ({ messages, more }) =>
        setWords(
          more
            ? `More than ${count(messages.length)} retained messages`
            : plural(messages.length, "retained message"),
        ),
      (failed) => stop.signal.aborted || setError(messageOf(failed)),
    );
    return () => stop.abort();
  }, []);
  return { words, error };
}
