// One retained message in full, or what a level of the tree holds.

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../lib/api";
import { broker, type RetainedWhole } from "../../lib/broker";
import { bytes, count, plural } from "../../lib/format";
import type { RetainedNode } from "../../lib/retained_tree";
import { link } from "../../lib/route";
import { ago, moment } from "../../lib/time";
import { Icon } from "../../ui/icons";
import { CopyButton, Facts, messageOf } from "../../ui/parts";
import { Payload } from "../../ui/payload";
import { SideView } from "../../ui/side_view";
import { levelName } from "../../ui/tree";

export function ChosenMessage(props: {
  topic: string;
  node: RetainedNode | undefined;
  seen: string | undefined; // another text: the message is another one
  filtered: boolean; // the tree shows a part of what there is
  onClose: () => void;
  onDelete: () => void;
  onDeleteBelow: () => void;
}) {
  const [message, setMessage] = useState<RetainedWhole | null>(null);
  const [gone, setGone] = useState(false);
  const [error, setError] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    broker.retainedMessage(props.topic, stop.signal).then(
      (found) => {
        setMessage(found);
        setGone(false);
      },
      (failed) => {
        if (stop.signal.aborted) return;
        if (failed instanceof ApiError && failed.status === 404) setGone(true);
        else setError(messageOf(failed));
      },
    );
    return () => stop.abort();
  }, [props.topic, props.seen]);
  return (
    <SideView
      label={`Retained message of ${props.topic}`}
      title={props.topic}
      state={
        <p class="client-state">
          {gone ? "nothing is retained here any more" : message === null ? "…" : published(message)}
        </p>
      }
      action={
        message !== null &&
        !gone && (
          <button type="button" class="button small danger" onClick={props.onDelete}>
            Delete…
          </button>
        )
      }
      error={error}
      onClose={props.onClose}
    >
      {message !== null && !gone && (
        <>
          <section class="panel">
            <header>
              <h3>Payload</h3>
              <CopyButton small text={message.payload ?? message.payloadBase64 ?? ""} />
            </header>
            <Payload message={message} />
          </section>
          <MessageFacts message={message} />
          <p>
            <a class="button" href={link("live", { topic: props.topic })}>
              <Icon name="live" /> See it live
            </a>
          </p>
        </>
      )}
      {props.node !== undefined && props.node.children.length > 0 && (
        <Below node={props.node} filtered={props.filtered} onDelete={props.onDeleteBelow} />
      )}
    </SideView>
  );
}

// A level that is no topic of its own, and holds others.
export function ChosenBranch(props: {
  node: RetainedNode;
  filtered: boolean;
  onClose: () => void;
  onDelete: () => void;
}) {
  const { node } = props;
  return (
    <SideView
      label={`Retained messages below ${node.topic}`}
      title={node.topic === "" ? levelName(node) : node.topic}
      state={
        <p class="client-state">
          {plural(node.messages, "retained message")} {where(props.filtered)}
        </p>
      }
      onClose={props.onClose}
    >
      <Below node={node} filtered={props.filtered} onDelete={props.onDelete} />
    </SideView>
  );
}

function where(filtered: boolean): string {
  return filtered ? "shown at or below this level" : "at or below this level";
}

function Below(props: { node: RetainedNode; filtered: boolean; onDelete: () => void }) {
  const { node } = props;
  const facts: [string, string][] = [
    ["Messages", count(node.messages)],
    ["Payloads", bytes(node.bytes)],
    ["Newest", `${ago(node.newest, Date.now())}, ${moment(node.newest)}`],
  ];
  return (
    <section class="client-part">
      <h3>{props.filtered ? "Shown at or below this level" : "At or below this level"}</h3>
      <Facts facts={facts} />
      <p>
        <button type="button" class="button small danger" onClick={props.onDelete}>
          <Icon name="trash" /> Delete {plural(node.messages, "message")}…
        </button>
      </p>
    </section>
  );
}

function published(message: RetainedWhole): string {
  return `published ${ago(Date.parse(message.time), Date.now())}`;
}

function MessageFacts({ message }: { message: RetainedWhole }) {
  const facts: [string, string][] = [
    ["By", message.clientID + (message.user === "" ? "" : ` (${message.user})`)],
    ["When", moment(Date.parse(message.time))],
    ["QoS", String(message.qos)],
    ["Expires", message.expiresAt === null ? "never" : moment(Date.parse(message.expiresAt))],
  ];
  if (message.contentType !== "") facts.push(["Content type", message.contentType]);
  if (message.responseTopic !== "") facts.push(["Response topic", message.responseTopic]);
  for (const { key, value } of message.userProperties) facts.push([key, value]);
  return <Facts facts={facts} />;
}
