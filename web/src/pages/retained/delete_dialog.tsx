// Asks before retained messages go: one, or all that match a filter.

import { useEffect, useState } from "preact/hooks";
import { broker } from "../../lib/broker";
import { count, plural } from "../../lib/format";
import { Dialog, DialogActions } from "../../ui/dialog";
import { ErrorNote } from "../../ui/parts";
import { useWork } from "../../ui/work";

export type Doomed = { topic: string } | { filter: string };

export function DeleteDialog(props: {
  what: Doomed;
  onClose: () => void;
  onDone: (deleted: number) => void;
}) {
  const { what } = props;
  const { error, busy, run } = useWork();
  const [found, setFound] = useState<{ messages: number; more: boolean } | null>(null);
  useEffect(() => {
    if (!("filter" in what)) return;
    broker.retained({ filter: what.filter, text: "", after: "", limit: 1000 }).then(
      (list) => setFound({ messages: list.messages.length, more: list.more }),
      () => undefined,
    );
  }, []);
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
          {found === null
            ? "All retained messages"
            : found.more
              ? `More than ${count(found.messages)} retained messages`
              : plural(found.messages, "retained message")}{" "}
          matching <code class="anywhere">{what.filter}</code> will be deleted. Values that were
          stored stay.
        </p>
      )}
      <ErrorNote error={error} />
      <DialogActions
        word="Delete"
        danger
        disabled={busy}
        onClose={props.onClose}
        onAct={() => void act()}
      />
    </Dialog>
  );
}
