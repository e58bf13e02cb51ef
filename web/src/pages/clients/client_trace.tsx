// What a client says and hears, packet by packet, while a trace of it runs.

import { useEffect, useRef, useState } from "preact/hooks";
import { broker, type Trace, type TraceLine } from "../../lib/broker";
import { count } from "../../lib/format";
import { clock } from "../../lib/time";
import { Icon } from "../../ui/icons";
import { messageOf, toast } from "../../ui/parts";

const kRefreshMs = 700;
const kSeconds = 600;
const kLinesMax = 1000;

export function ClientTrace({ clientID }: { clientID: string }) {
  const [trace, setTrace] = useState<Trace | null>(null);
  const [lines, setLines] = useState<TraceLine[]>([]);
  const [withPayload, setWithPayload] = useState(false);
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);

  // A trace of this client may run already, started here before or by somebody else.
  useEffect(() => {
    broker.traces().then(
      (all) => setTrace(all.find((one) => one.clientID === clientID && one.running) ?? null),
      () => undefined,
    );
  }, [clientID]);

  const id = trace?.id;
  const running = trace?.running === true;
  useEffect(() => {
    if (id === undefined) return;
    const stop = new AbortController();
    let last = 0;
    let asking = false;
    const load = async () => {
      if (asking) return;
      asking = true;
      try {
        const found = await broker.traceLines(id, last, stop.signal);
        last = found.lines.at(-1)?.number ?? last;
        if (found.lines.length > 0)
          setLines((before) => [...before, ...found.lines].slice(-kLinesMax));
        setTrace(found);
        if (!found.running) clearInterval(timer);
      } catch (failed) {
        if (!stop.signal.aborted) toast(messageOf(failed), true);
        clearInterval(timer);
      } finally {
        asking = false;
      }
    };
    setLines([]);
    const timer = setInterval(() => !document.hidden && void load(), kRefreshMs);
    void load();
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [id]);
  useEffect(() => {
    const element = list.current;
    if (element !== null && following.current) element.scrollTop = element.scrollHeight;
  }, [lines]);

  const start = async () => {
    try {
      following.current = true;
      setTrace(await broker.startTrace(clientID, kSeconds, withPayload));
    } catch (failed) {
      toast(messageOf(failed), true);
    }
  };
  const end = async () => {
    if (trace === null) return;
    try {
      await broker.stopTrace(trace.id);
      setTrace({ ...trace, running: false });
    } catch (failed) {
      toast(messageOf(failed), true);
    }
  };
  return (
    <section class="client-part client-trace">
      <header>
        <h3>Packets</h3>
        {!running && (
          <label class="check-line">
            <input
              type="checkbox"
              checked={withPayload}
              onChange={(event) => setWithPayload(event.currentTarget.checked)}
            />
            with payload
          </label>
        )}
        {running ? (
          <button type="button" class="button small" onClick={() => void end()}>
            <Icon name="pause" size={14} /> Stop
          </button>
        ) : (
          <button type="button" class="button small" onClick={() => void start()}>
            <Icon name="play" size={14} /> Trace
          </button>
        )}
      </header>
      {trace === null ? (
        <p class="faint">
          Shows every packet of this client here and in the server's log, for ten minutes at most.
        </p>
      ) : (
        <>
          <div
            class="trace-lines"
            ref={list}
            tabIndex={0}
            role="log"
            aria-label="Packets"
            aria-live="off"
            onScroll={(event) => {
              const at = event.currentTarget;
              following.current = at.scrollTop + at.clientHeight >= at.scrollHeight - 8;
            }}
          >
            {lines.map((line) => (
              <Line key={line.number} line={line} />
            ))}
            {lines.length === 0 && <p class="faint">Nothing was said yet.</p>}
          </div>
          <p class="faint">
            {count(trace.packets)} packets ·{" "}
            {trace.running ? `until ${clock(Date.parse(trace.endsAt))}` : "stopped"}
          </p>
        </>
      )}
    </section>
  );
}

function Line({ line }: { line: TraceLine }) {
  const payload =
    line.payload === undefined ? null : (line.payload ?? `base64 ${line.payloadBase64 ?? ""}`);
  return (
    <div class="trace-line">
      <time>{clock(Date.parse(line.time), true)}</time>
      <p>
        <span class={line.from === "client" ? "from-client" : "from-broker"}>
          <span aria-hidden="true">{line.from === "client" ? "→" : "←"}</span>
          <span class="hidden-text">{line.from === "client" ? "from it" : "to it"}</span>
        </span>{" "}
        <b>{line.packet}</b> {line.text}
        {payload !== null && <code>{payload}</code>}
      </p>
    </div>
  );
}
