// Asks before retained messages go: one, or all that match a filter.

import { useEffect, useState } from "preact/hooks";
import { broker } from "../../lib/broker";
import { count, plural } from "../../lib/format";
import { Dialog, messageOf } from "../../ui/parts";

export type Doomed = { topic: string } | { filter: string };

export function DeleteDialog(props: {
  what: Doomed;
  onClose: () => void;
  onDone: (deleted: number) => void;
}) {
  const { what } = props;
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<{ messages: number; more: boolean } | null>(null);
  useEffect(() => {
    if (!("filter" in what)) return;
    broker.retained({ filter: what.filter, text: "", after: "", limit: 1000 }).then(
      (list) => setFound({ messages: list.messages.length, more: list.more }),
      () => undefined,
    );
  }, []);
  const act = async () => {
    setBusy(true);
    try {
      props.onDone((await broker.deleteRetained(what)).deleted);
    } catch (failed) {
      setError(messageOf(failed));
      setBusy(false);
    }
  };
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
          {found === null
            ? "All retained messages"
            : found.more
              ? `More than ${count(found.messages)} retained messages`
              : plural(found.messages, "retained message")}{" "}
          matching <code class="anywhere">{what.filter}</code> will be deleted. Values that were
          stored stay.
        </p>
      )}
      {error !== "" && (
        <p class="note bad" role="alert">
          {error}
        </p>
      )}
      <div class="dialog-actions">
        <button type="button" class="button" onClick={props.onClose}>
          Cancel
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={() => void act()}>
          Delete
        </button>
      </div>
    </Dialog>
  );
}
