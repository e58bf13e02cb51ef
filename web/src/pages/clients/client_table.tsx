// The clients as rows, of which only those on the screen are in the document.

import { useEffect, useRef, useState } from "preact/hooks";
import { type Client, type ClientOrder, perSecond } from "../../lib/broker";
import { bytes, compact, count, plural } from "../../lib/format";
import { ago, moment } from "../../lib/time";
import { Icon } from "../../ui/icons";
import type { ClientList } from "./use_clients";

const kRow = 36;
const kNarrowRow = 60;
const kOverscan = 6;

const kHeads: { order?: ClientOrder; title: string; class: string; hint?: string }[] = [
  { order: "clientID", title: "Client", class: "c-name" },
  { order: "user", title: "User", class: "c-user" },
  { title: "Address", class: "c-peer" },
  { title: "Protocol", class: "c-protocol" },
  { order: "connectedAt", title: "Since", class: "c-since" },
  {
    order: "messagesInRate",
    title: "In /s",
    class: "c-in number",
    hint: "messages from it, a second",
  },
  {
    order: "messagesOutRate",
    title: "Out /s",
    class: "c-out number",
    hint: "messages to it, a second",
  },
  { order: "queued", title: "Waiting", class: "c-queue number", hint: "messages that wait for it" },
  { order: "dropped", title: "Dropped", class: "c-drop number", hint: "messages it did not get" },
  { order: "subscriptions", title: "Subs", class: "c-subs number", hint: "subscriptions" },
];

export function ClientTable(props: {
  list: ClientList;
  chosen: string | null;
  sort: ClientOrder;
  descending: boolean;
  onSort: (order: ClientOrder) => void;
  onChoose: (clientID: string) => void;
}) {
  const { list } = props;
  const body = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600, narrow: false });
  const row = view.narrow ? kNarrowRow : kRow;
  const first = Math.max(0, Math.floor(view.top / row) - kOverscan);
  const last = Math.min(list.matching, Math.ceil((view.top + view.height) / row) + kOverscan);
  const look = (element: HTMLElement) => {
    // Behind a client that hides the list nobody points at it, and nothing says that they left.
    if (element.clientHeight === 0) return list.hold(false);
    setView({
      top: element.scrollTop,
      height: element.clientHeight,
      narrow: element.clientWidth < 620,
    });
  };
  useEffect(() => {
    const element = body.current!;
    const resize = new ResizeObserver(() => look(element));
    resize.observe(element);
    return () => resize.disconnect();
  }, []);
  useEffect(() => list.show(first, last), [first, last, list.matching]);

  // Arrows go from row to row, as in every list.
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step === undefined) return;
    const at = Number(
      (event.target as HTMLElement).closest<HTMLElement>("[data-at]")?.dataset["at"] ?? -1,
    );
    if (at < 0 && step < 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(list.matching - 1, at + step));
    const element = body.current!;
    const head = 34;
    if (next * row < element.scrollTop) element.scrollTop = next * row;
    else if ((next + 1) * row + head > element.scrollTop + element.clientHeight)
      element.scrollTop = (next + 1) * row + head - element.clientHeight;
    requestAnimationFrame(() =>
      element.querySelector<HTMLElement>(`[data-at="${next}"] button`)?.focus(),
    );
  };

  const now = Date.now();
  return (
    <div
      class={`rows client-rows${view.narrow ? " narrow" : ""}`}
      role="table"
      aria-label="Clients"
      aria-rowcount={list.matching + 1}
      ref={body}
      onScroll={(event) => look(event.currentTarget)}
      onKeyDown={onKey}
      onMouseEnter={() => list.hold(true)}
      onMouseLeave={() => list.hold(false)}
      onFocusIn={(event) =>
        (event.target as HTMLElement).matches(":focus-visible") && list.hold(true)
      }
      onFocusOut={() => list.hold(false)}
    >
      <div class="rows-head" role="row" aria-rowindex={1}>
        {kHeads.map((head) => {
          const sorted = head.order === props.sort;
          return (
            <div
              key={head.title}
              role="columnheader"
              class={head.class}
              aria-sort={!sorted ? "none" : props.descending ? "descending" : "ascending"}
            >
              {head.order === undefined ? (
                <span>{head.title}</span>
              ) : (
                <button type="button" title={head.hint} onClick={() => props.onSort(head.order!)}>
                  {head.title}
                  <i aria-hidden="true">{sorted ? (props.descending ? "↓" : "↑") : ""}</i>
                </button>
              )}
            </div>
          );
        })}
      </div>
      <div role="rowgroup" style={`height:${list.matching * row}px;position:relative`}>
        {Array.from({ length: Math.max(0, last - first) }, (_, i) => first + i).map((at) => (
          <Row
            // A row follows its client when others come and go: who presses it meets the one they saw.
            key={list.rows.get(at)?.clientID ?? at}
            at={at}
            top={at * row}
            client={list.rows.get(at)}
            chosen={list.rows.get(at)?.clientID === props.chosen}
            narrow={view.narrow}
            now={now}
            onChoose={props.onChoose}
          />
        ))}
      </div>
    </div>
  );
}

function Row(props: {
  at: number;
  top: number;
  client: Client | undefined;
  chosen: boolean;
  narrow: boolean;
  now: number;
  onChoose: (clientID: string) => void;
}) {
  const { client } = props;
  const place = {
    class: `rows-row${props.chosen ? " chosen" : ""}${client?.connected === false ? " away" : ""}`,
    role: "row" as const,
    "aria-rowindex": props.at + 2,
    "data-at": props.at,
    style: `top:${props.top}px`,
  };
  if (client === undefined)
    return (
      <div {...place}>
        <div role="cell" class="c-name">
          <span class="skeleton" style="width:45%;height:12px" />
        </div>
      </div>
    );
  const since = Date.parse((client.connected ? client.connectedAt : client.disconnectedAt) ?? "");
  const lost = client.dropped.total;
  const { messagesIn, messagesOut } = client.rates;
  const rests = messagesIn + messagesOut + client.queuedMessages + lost === 0;
  return (
    <div {...place} onClick={() => props.onChoose(client.clientID)}>
      <div role="cell" class="c-name">
        <i class={`dot${client.connected ? " good" : ""}`} aria-hidden="true" />
        {client.connected && <span class="hidden-text">connected</span>}
        <button type="button" aria-pressed={props.chosen} title={client.clientID}>
          {client.clientID}
        </button>
      </div>
      <div role="cell" class="c-user" title={client.user}>
        {client.user === "" ? <span class="faint">anonymous</span> : client.user}
      </div>
      <div role="cell" class="c-peer" title={`${client.listener} · ${client.transport}`}>
        {client.peer}
      </div>
      <div role="cell" class="c-protocol">
        {client.peer !== "" && client.protocol}
        {client.peer !== "" && client.transport !== "tcp" && (
          <span class="faint"> · {client.transport}</span>
        )}
      </div>
      <div role="cell" class="c-since" title={Number.isNaN(since) ? undefined : moment(since)}>
        {Number.isNaN(since) ? "–" : shortAgo(since, props.now)}
        {!client.connected && <span class="faint"> away</span>}
      </div>
      <div role="cell" class="c-in number">
        {props.narrow && rests ? (
          "at rest"
        ) : (
          <Rate value={messagesIn} sign="in" narrow={props.narrow} />
        )}
      </div>
      <div role="cell" class="c-out number">
        <Rate value={messagesOut} sign="out" narrow={props.narrow} />
      </div>
      <div role="cell" class="c-queue number">
        {client.queuedMessages === 0 ? (
          <span class="none">–</span>
        ) : (
          <span title={`${plural(client.queuedMessages, "message")}, ${bytes(client.queuedBytes)}`}>
            {compact(client.queuedMessages)}
            {props.narrow && " waiting"}
          </span>
        )}
      </div>
      <div role="cell" class="c-drop number">
        {lost === 0 ? (
          <span class="none">–</span>
        ) : (
          <span
            class="lost"
            title={`${count(lost)} messages were dropped; choose the row to see why`}
          >
            <Icon name="warning" size={13} /> {compact(lost)}
            {props.narrow && " dropped"}
          </span>
        )}
      </div>
      <div role="cell" class="c-subs number">
        {client.subscriptionCount === 0 ? <span class="none">–</span> : client.subscriptionCount}
      </div>
    </div>
  );
}

function Rate({ value, sign, narrow }: { value: number; sign: string; narrow: boolean }) {
  if (value === 0) return <span class="none">–</span>;
  return (
    <>
      {perSecond(value)}
      {narrow && `/s ${sign}`}
    </>
  );
}

// "3 h" rather than "3 h ago": the column says what it is.
function shortAgo(then: number, now: number): string {
  return ago(then, now).replace(" ago", "");
}
