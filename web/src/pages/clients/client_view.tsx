// One client: how it is connected, what it carries, what waits for it, what it missed and why.

import { useEffect, useRef, useState } from "preact/hooks";
import { broker, type ClientDetail, kDrops, kDropWords, perSecond } from "../../lib/broker";
import { ApiError } from "../../lib/api";
import { bytes, count, plural } from "../../lib/format";
import { link } from "../../lib/route";
import { ago, durationWords, moment } from "../../lib/time";
import { Dialog, DialogActions } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { ErrorNote, Facts, messageOf, toast } from "../../ui/parts";
import { readable } from "../../ui/payload";
import { SideView } from "../../ui/side_view";
import { Spark } from "../../ui/spark";
import { useWork } from "../../ui/work";
import { ClientTrace } from "./client_trace";

const kRefreshMs = 2000;
const kSparkPoints = 60;

interface History {
  messagesIn: number[];
  messagesOut: number[];
}

function useClient(clientID: string) {
  const [client, setClient] = useState<ClientDetail | null>(null);
  const [error, setError] = useState("");
  const [gone, setGone] = useState(false);
  const history = useRef<History>({ messagesIn: [], messagesOut: [] });
  const load = async (signal?: AbortSignal) => {
    try {
      const found = await broker.client(clientID, signal);
      const keep = (list: number[], value: number) => [...list, value].slice(-kSparkPoints);
      history.current = {
        messagesIn: keep(history.current.messagesIn, found.rates.messagesIn),
        messagesOut: keep(history.current.messagesOut, found.rates.messagesOut),
      };
      setClient(found);
      setGone(false);
      setError("");
    } catch (failed) {
      if (signal?.aborted === true) return;
      if (failed instanceof ApiError && failed.status === 404) setGone(true);
      else setError(messageOf(failed));
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    void load(stop.signal);
    const timer = setInterval(() => !document.hidden && void load(stop.signal), kRefreshMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [clientID]);
  return { client, error, gone, history: history.current, reload: load };
}

export function ClientView({ clientID, onClose }: { clientID: string; onClose: () => void }) {
  const { client, error, gone, history, reload } = useClient(clientID);
  const [asking, setAsking] = useState(false);
  return (
    <SideView
      label={`Client ${clientID}`}
      title={clientID}
      state={<State client={client} gone={gone} />}
      action={
        client !== null &&
        !gone && (
          <button type="button" class="button small danger" onClick={() => setAsking(true)}>
            {client.connected ? "Disconnect…" : "End session…"}
          </button>
        )
      }
      error={error}
      onClose={onClose}
    >
      {client === null && !gone && error === "" && <div class="skeleton" style="height:240px" />}
      {client !== null && (
        <>
          <Rates client={client} history={history} />
          <Dropped client={client} />
          <Connection client={client} />
          <Subscriptions client={client} />
          <Will client={client} />
        </>
      )}
      <ClientTrace clientID={clientID} />
      {asking && client !== null && (
        <DisconnectDialog
          client={client}
          onClose={() => setAsking(false)}
          onDone={(text) => {
            setAsking(false);
            toast(text);
            void reload();
          }}
        />
      )}
    </SideView>
  );
}

function State({ client, gone }: { client: ClientDetail | null; gone: boolean }) {
  if (gone)
    return (
      <p class="client-state">
        <i class="dot" aria-hidden="true" /> gone: it left, and its session ended
      </p>
    );
  if (client === null) return <p class="client-state">…</p>;
  const time = (text: string | null) => (text === null ? 0 : Date.parse(text));
  if (client.connected)
    return (
      <p class="client-state" title={moment(time(client.connectedAt))}>
        <i class="dot good" aria-hidden="true" /> connected{" "}
        {ago(time(client.connectedAt), Date.now())}
      </p>
    );
  return (
    <p class="client-state" title={moment(time(client.disconnectedAt))}>
      <i class="dot" aria-hidden="true" /> away since {ago(time(client.disconnectedAt), Date.now())}
      {client.endedBecause !== "" && `: ${client.endedBecause}`}
    </p>
  );
}

function Rates({ client, history }: { client: ClientDetail; history: History }) {
  const shown = [
    ["From it", client.rates.messagesIn, client.rates.bytesIn, history.messagesIn],
    ["To it", client.rates.messagesOut, client.rates.bytesOut, history.messagesOut],
  ] as const;
  return (
    <div class="client-rates">
      {shown.map(([title, messages, size, past]) => (
        <div key={title}>
          <h3>{title}</h3>
          <p>
            <b>{messages === 0 ? "0" : perSecond(messages)}</b> msg/s
            <small>{bytes(Math.round(size))}/s</small>
          </p>
          <Spark values={past} width={140} height={28} />
        </div>
      ))}
    </div>
  );
}

function Dropped({ client }: { client: ClientDetail }) {
  const reasons = kDrops.filter((drop) => client.dropped[drop] > 0);
  if (reasons.length === 0) return null;
  return (
    <section class="client-part">
      <h3>Dropped</h3>
      <ul class="client-drops">
        {reasons.map((drop) => (
          <li key={drop}>
            <Icon name="warning" />
            <div>
              <b>
                {kDropWords[drop].what}: {plural(client.dropped[drop], "message")}
              </b>
              <p>{kDropWords[drop].remedy}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function sessionWords(client: ClientDetail): string {
  const seconds = client.sessionExpirySeconds;
  if (seconds === 0) return "ends with the connection";
  if (seconds === null) return "kept for ever";
  return `kept for ${durationWords(seconds * 1000)}`;
}

function Connection({ client }: { client: ClientDetail }) {
  const facts: [string, string][] = [
    ["User", client.user === "" ? "anonymous" : client.user],
    // A session that outlived a restart knows its last connection no more.
    ...(client.peer === ""
      ? []
      : ([
          ["Address", client.peer],
          ["Listener", `${client.listener} · ${client.transport}`],
          ["Protocol", client.protocol],
          ["Keep-alive", client.keepAliveSeconds === 0 ? "none" : `${client.keepAliveSeconds} s`],
        ] as [string, string][])),
    ["Session", `${sessionWords(client)}${client.cleanStart ? ", started clean" : ""}`],
    ["Received from it", `${plural(client.messagesIn, "message")}, ${bytes(client.bytesIn)}`],
    ["Sent to it", `${plural(client.messagesOut, "message")}, ${bytes(client.bytesOut)}`],
    ["In flight", `${count(client.inFlightIn)} from it, ${count(client.inFlightOut)} to it`],
    [
      "Waiting",
      client.queuedMessages === 0
        ? "nothing"
        : `${plural(client.queuedMessages, "message")}, ${bytes(client.queuedBytes)}`,
    ],
    ["Not yet taken", client.unsentBytes === 0 ? "nothing" : bytes(client.unsentBytes)],
  ];
  return (
    <section class="client-part">
      <h3>Connection</h3>
      <Facts facts={facts} />
    </section>
  );
}

function Subscriptions({ client }: { client: ClientDetail }) {
  return (
    <section class="client-part">
      <h3>
        Subscriptions <span class="faint">{count(client.subscriptionCount)}</span>
      </h3>
      {client.subscriptions.length === 0 ? (
        <p class="faint">none</p>
      ) : (
        <ul class="client-subs">
          {client.subscriptions.map((one) => (
            <li key={one.filter}>
              <code>{one.filter}</code>
              <span class="badge">QoS {one.qos}</span>
              {one.noLocal && <span class="badge">no local</span>}
              {one.retainAsPublished && <span class="badge">retain as published</span>}
              {one.retainHandling !== "send" && (
                <span class="badge">
                  {one.retainHandling === "sendIfNew" ? "retained if new" : "no retained"}
                </span>
              )}
              {one.id !== null && <span class="badge">id {one.id}</span>}
            </li>
          ))}
          {client.subscriptionCount > client.subscriptions.length && (
            <li class="faint">
              and {count(client.subscriptionCount - client.subscriptions.length)} more
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

function Will({ client }: { client: ClientDetail }) {
  const { will } = client;
  if (will === null) return null;
  return (
    <section class="client-part">
      <h3>Will</h3>
      <ul class="client-subs">
        <li>
          <a href={link("live", { topic: will.topic })}>
            <code>{will.topic}</code>
          </a>
          <span class="badge">QoS {will.qos}</span>
          {will.retain && <span class="badge">retained</span>}
          {will.delaySeconds > 0 && <span class="badge">after {will.delaySeconds} s</span>}
        </li>
      </ul>
      {will.payloadBytes > 0 && (
        <pre class="payload" tabIndex={0} aria-label="The will's payload">
          {readable(will)}
        </pre>
      )}
    </section>
  );
}

function DisconnectDialog(props: {
  client: ClientDetail;
  onClose: () => void;
  onDone: (text: string) => void;
}) {
  const { client } = props;
  const [end, setEnd] = useState(!client.connected);
  const { error, busy, run } = useWork();
  const act = () =>
    run(async () => {
      await broker.disconnect(client.clientID, end);
      props.onDone(
        client.connected ? `${client.clientID} was disconnected` : "The session was ended",
      );
    });
  const lost =
    client.queuedMessages > 0 ? `, with ${plural(client.queuedMessages, "message")} that wait` : "";
  return (
    <Dialog
      title={client.connected ? "Disconnect this client?" : "End this session?"}
      onClose={props.onClose}
    >
      <p>
        {client.connected ? (
          <>
            The connection of <b>{client.clientID}</b> is closed and its will is published. Most
            clients connect again by themselves.
          </>
        ) : (
          <>
            What is kept for <b>{client.clientID}</b> is forgotten: its subscriptions{lost}.
          </>
        )}
      </p>
      {client.connected && client.sessionExpirySeconds !== 0 && (
        <label class="check-line">
          <input
            type="checkbox"
            checked={end}
            onChange={(event) => setEnd(event.currentTarget.checked)}
          />
          End its session too: subscriptions{lost}
        </label>
      )}
      <ErrorNote error={error} />
      <DialogActions
        word={client.connected ? "Disconnect" : "End session"}
        danger
        disabled={busy}
        onClose={props.onClose}
        onAct={() => void act()}
      />
    </Dialog>
  );
}
