// Retained: the messages the broker keeps for new subscribers, and a way to be rid of them.

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../lib/api";
import { broker, type Retained, type RetainedList, type RetainedWhole } from "../lib/broker";
import { bytes, count, plural } from "../lib/format";
import { link, route, setParams } from "../lib/route";
import { ago, moment } from "../lib/time";
import { Icon } from "../ui/icons";
import { CopyButton, Dialog, messageOf, SearchInput, toast } from "../ui/parts";
import { Payload } from "../ui/payload";
import "../styles/clients.css";

const kPage = 200;
const kShownMax = 5000; // beyond it a filter serves better than scrolling
const kRefreshMs = 5000;
const kTypingMs = 200;

// What is typed is a filter when it has a wildcard, else a part of the topic.
function wanted(text: string): { filter: string; text: string } {
  return /[+#]/.test(text) ? { filter: text.trim(), text: "" } : { filter: "#", text: text.trim() };
}

function useRetained(typed: string) {
  const [list, setList] = useState<RetainedList | null>(null);
  const [error, setError] = useState("");
  const size = useRef(kPage);
  const running = useRef<AbortController | null>(null);
  const load = async () => {
    running.current?.abort();
    const stop = new AbortController();
    running.current = stop;
    try {
      let found: RetainedList | null = null;
      const messages: Retained[] = [];
      do {
        found = await broker.retained(
          { ...wanted(typed), after: messages.at(-1)?.topic ?? "", limit: kPage },
          stop.signal,
        );
        messages.push(...found.messages);
      } while (found.more && messages.length < size.current);
      setList({ ...found, messages });
      setError("");
    } catch (failed) {
      if (!stop.signal.aborted) setError(messageOf(failed));
    }
  };
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    size.current = kPage;
    const soon = setTimeout(() => void latest.current(), list === null ? 0 : kTypingMs);
    return () => clearTimeout(soon);
  }, [typed]);
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && void latest.current(), kRefreshMs);
    return () => {
      clearInterval(timer);
      running.current?.abort();
    };
  }, []);
  const more = () => {
    if (list === null || !list.more || size.current > list.messages.length) return;
    size.current = Math.min(kShownMax, list.messages.length + kPage);
    void latest.current();
  };
  return { list, error, more, reload: () => void latest.current() };
}

export function RetainedPage() {
  const params = route.value.params;
  const typed = params.get("find") ?? "";
  const chosen = params.get("topic");
  const { list, error, more, reload } = useRetained(typed);
  const [deleting, setDeleting] = useState<{ topic: string } | { filter: string } | null>(null);
  const filter = wanted(typed).filter;
  const none = list !== null && list.messages.length === 0;
  return (
    <div class={`clients${chosen === null ? "" : " has-client"}`}>
      <section class="clients-list" aria-label="Retained messages">
        <header class="clients-head">
          <h1>Retained</h1>
          <p role="status" class="clients-sum">
            {list !== null && (
              <>
                {plural(list.total, "message")}, {bytes(list.totalBytes)}
              </>
            )}
          </p>
          <div class="clients-tools">
            <SearchInput
              main
              label="Find retained messages"
              placeholder="Topic, or filter: home/+/temperature"
              value={typed}
              onInput={(find) => setParams({ find })}
            />
            <button
              type="button"
              class="button danger"
              disabled={filter === "#" || none || list === null}
              title={filter === "#" ? "Type a filter with + or # first" : undefined}
              onClick={() => setDeleting({ filter })}
            >
              <Icon name="trash" /> <span class="wide-only">Delete matching…</span>
            </button>
          </div>
        </header>
        {error !== "" && (
          <p class="note bad" role="alert">
            {error}
          </p>
        )}
        {list !== null && none && typed === "" && (
          <div class="empty">
            <Icon name="retained" size={28} />
            <h2>Nothing is retained</h2>
            <p>
              A message published with the retain flag stays here for clients that subscribe later.
            </p>
          </div>
        )}
        {none && typed !== "" && <p class="clients-none">No retained message matches.</p>}
        {list !== null && !none && (
          <Topics
            messages={list.messages}
            more={list.more}
            chosen={chosen}
            onMore={more}
            onChoose={(topic) => setParams({ topic }, chosen !== null)}
          />
        )}
      </section>
      {chosen !== null && (
        <Chosen
          key={chosen}
          topic={chosen}
          seen={list?.messages.find((one) => one.topic === chosen)?.time}
          onClose={() => setParams({ topic: undefined })}
          onDelete={() => setDeleting({ topic: chosen })}
        />
      )}
      {deleting !== null && (
        <DeleteDialog
          what={deleting}
          onClose={() => setDeleting(null)}
          onDone={(deleted) => {
            setDeleting(null);
            toast(`${plural(deleted, "retained message")} deleted`);
            if ("topic" in deleting) setParams({ topic: undefined });
            reload();
          }}
        />
      )}
    </div>
  );
}

function Topics(props: {
  messages: Retained[];
  more: boolean;
  chosen: string | null;
  onMore: () => void;
  onChoose: (topic: string) => void;
}) {
  const now = Date.now();
  const step = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    const row = (event.target as HTMLElement).closest("li");
    const next = by > 0 ? row?.nextElementSibling : row?.previousElementSibling;
    const button = next?.querySelector("button");
    if (button == null) return;
    event.preventDefault();
    button.focus();
  };
  return (
    <ul
      class="retained-rows"
      tabIndex={-1}
      onKeyDown={step}
      onScroll={(event) => {
        const at = event.currentTarget;
        if (at.scrollTop + at.clientHeight > at.scrollHeight - 600) props.onMore();
      }}
    >
      {props.messages.map((one) => (
        <li key={one.topic}>
          <button
            type="button"
            aria-pressed={one.topic === props.chosen}
            onClick={() => props.onChoose(one.topic)}
          >
            <Topic topic={one.topic} />
            <code class="one-line">{one.payload ?? "binary"}</code>
            <span class="faint retained-size">{bytes(one.payloadBytes)}</span>
            <time title={moment(Date.parse(one.time))}>{ago(Date.parse(one.time), now)}</time>
          </button>
        </li>
      ))}
      {props.more && <li class="faint retained-more">more below…</li>}
    </ul>
  );
}

// The last level stands out: it is what one looks for.
function Topic({ topic }: { topic: string }) {
  const slash = topic.lastIndexOf("/");
  return (
    <span class="retained-topic" title={topic}>
      {slash >= 0 && <span>{topic.slice(0, slash + 1)}</span>}
      <b>{topic.slice(slash + 1)}</b>
    </span>
  );
}

function Chosen(props: {
  topic: string;
  seen: string | undefined;
  onClose: () => void;
  onDelete: () => void;
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
    <section class="client-view" aria-label={`Retained message of ${props.topic}`}>
      <header class="client-head">
        <div>
          <h2>{props.topic}</h2>
          <p class="client-state">
            {gone
              ? "nothing is retained here any more"
              : message === null
                ? "…"
                : published(message)}
          </p>
        </div>
        {message !== null && !gone && (
          <button type="button" class="button small danger" onClick={props.onDelete}>
            Delete…
          </button>
        )}
        <button
          type="button"
          class="button quiet small icon"
          aria-label="Close"
          onClick={props.onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {error !== "" && (
        <p class="note bad" role="alert">
          {error}
        </p>
      )}
      {message !== null && !gone && (
        <>
          <section class="panel">
            <header>
              <h3>Payload</h3>
              <CopyButton small text={message.payload ?? message.payloadBase64 ?? ""} />
            </header>
            <Payload message={message} />
          </section>
          <Facts message={message} />
          <p>
            <a class="button" href={link("live", { topic: props.topic })}>
              <Icon name="live" /> See it live
            </a>
          </p>
        </>
      )}
    </section>
  );
}

function published(message: RetainedWhole): string {
  return `published ${ago(Date.parse(message.time), Date.now())}`;
}

function Facts({ message }: { message: RetainedWhole }) {
  const facts: [string, string][] = [
    ["By", message.clientID + (message.user === "" ? "" : ` (${message.user})`)],
    ["When", moment(Date.parse(message.time))],
    ["QoS", String(message.qos)],
    ["Expires", message.expiresAt === null ? "never" : moment(Date.parse(message.expiresAt))],
  ];
  if (message.contentType !== "") facts.push(["Content type", message.contentType]);
  if (message.responseTopic !== "") facts.push(["Response topic", message.responseTopic]);
  for (const { key, value } of message.userProperties) facts.push([key, value]);
  return (
    <dl class="client-facts">
      {facts.map(([name, value], i) => (
        <div key={`${i} ${name}`}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function DeleteDialog(props: {
  what: { topic: string } | { filter: string };
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
