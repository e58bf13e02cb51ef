// One topic: its newest value, a chart that moves, its messages, and where they are stored.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { count, value as formatValue } from "../../lib/format";
import { numericPaths } from "../../lib/json_paths";
import { beat, paused } from "../../lib/live";
import { route, setParams } from "../../lib/route";
import type { Series } from "../../lib/series";
import { reducedMotion } from "../../lib/theme";
import { ago, clock, parseDuration } from "../../lib/time";
import type { Message, TopicNode } from "../../lib/topics";
import { Chart } from "../../ui/chart";
import { CopyButton, Segments } from "../../ui/parts";
import { Payload } from "../../ui/payload";
import { Breadcrumb } from "./breadcrumb";
import { useStoredHistory } from "./stored";

const kWindows: [string, string][] = [
  ["1m", "1 min"],
  ["5m", "5 min"],
  ["15m", "15 min"],
  ["1h", "1 h"],
];
const kMessagesShown = 100;
const kKeyChoicesMax = 24;
// A young topic's chart does not start empty: it shows at least this much and grows to the chosen time.
const kSpanMinMs = 60_000;

const extracted = new WeakMap<Message, Map<string, number>>();

function numbersOf(message: Message): Map<string, number> {
  let found = extracted.get(message);
  if (found === undefined) {
    found = message.payload === null ? new Map<string, number>() : numericPaths(message.payload);
    extracted.set(message, found);
  }
  return found;
}

// The present, moving as long as nobody paused it.
function useNow(stepMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!paused.value && !document.hidden) setNow(Date.now());
    }, stepMs);
    return () => clearInterval(timer);
  }, [stepMs]);
  return now;
}

export function TopicView({ node }: { node: TopicNode }) {
  beat.value; // the node changes in place; only this tells
  const params = route.value.params;
  const window = kWindows.some(([choice]) => choice === params.get("window"))
    ? params.get("window")!
    : "5m";
  const windowMs = parseDuration(window)!;
  const now = useNow(windowMs <= 300_000 && !reducedMotion.matches ? 250 : 1000);
  const last = node.last!;
  const paths = [...numbersOf(last).keys()];
  const asked = params.get("key");
  const key =
    asked !== null && (paths.includes(asked) || paths.length === 0) ? asked : (paths[0] ?? null);
  const stored = useStoredHistory(node.topic, last, key, window);
  const current = key === null ? undefined : numbersOf(last).get(key);

  // Clocks of browser and server may differ: the newest message is never outside the picture.
  const end = Math.max(now, last.time);
  const newest = node.history.at(-1);
  const series = useMemo(
    () => (key === null ? [] : [seriesFor(node.history, key, stored.series, end - windowMs)]),
    [node, newest, key, stored.series, window],
  );
  const shown = series[0];
  const oldest = shown?.times[0] ?? end;
  const range: [number, number] = [
    Math.max(end - windowMs, Math.min(oldest, end - kSpanMinMs)),
    end,
  ];
  const onOff =
    shown !== undefined && shown.values.every((one) => one === 0 || one === 1 || one === null);
  return (
    <div class="detail-inner">
      <header class="detail-head">
        <div>
          <Breadcrumb node={node} />
          <p>
            {count(node.count)} messages · {ago(last.time, now)} · QoS {last.qos}
            {last.retain && <span class="badge">retained</span>}
          </p>
        </div>
        <Segments
          label="Time shown"
          value={window}
          choices={kWindows}
          onChange={(choice) => setParams({ window: choice })}
        />
      </header>

      {key !== null && (
        <div class="panel live-chart">
          <div class="live-value">
            <output aria-label="Newest value">
              {current === undefined ? "–" : formatValue(current)}
            </output>
            {paths.length > 1 && (
              <div class="chips" role="group" aria-label="Value to chart">
                {paths.slice(0, kKeyChoicesMax).map((path) => (
                  <button
                    key={path}
                    type="button"
                    aria-pressed={path === key}
                    onClick={() => setParams({ key: path })}
                  >
                    {path}
                  </button>
                ))}
              </div>
            )}
          </div>
          <Chart
            label={`${node.topic}${key === "" ? "" : ` ${key}`}, last ${window}`}
            series={series}
            height={260}
            range={range}
            keyList={false}
            step={onOff}
          />
        </div>
      )}
      <Messages node={node} />
      {stored.card}
    </div>
  );
}

function seriesFor(history: Message[], key: string, stored: Series | null, from: number): Series {
  const times: number[] = [];
  const values: (number | null)[] = [];
  const add = (time: number, value: number | null) => {
    if (time < from - 60_000 || (times.length > 0 && time <= times[times.length - 1]!)) return;
    times.push(time);
    values.push(value);
  };
  const firstHeard = history[0]?.time ?? Infinity;
  stored?.times.forEach((time, i) => {
    if (time < firstHeard) add(time, stored.values[i]!);
  });
  for (const message of history) {
    const value = numbersOf(message).get(key);
    if (value !== undefined) add(message.time, value);
  }
  return { label: key === "" ? "value" : key, times, values };
}

function Messages({ node }: { node: TopicNode }) {
  beat.value;
  const [pinned, setPinned] = useState<Message | null>(null);
  const shown = node.history.slice(-kMessagesShown).reverse();
  const message = pinned ?? node.last!;
  const body = useRef<HTMLDivElement>(null);
  return (
    <div class="messages">
      <section class="panel">
        <header>
          <h2>Messages</h2>
          <span class="faint">
            {shown.length === 1 ? "the newest" : `the newest ${shown.length}`}
          </span>
        </header>
        <div class="message-list" ref={body}>
          {shown.map((one) => (
            <button
              key={`${one.time} ${one.payload}`}
              type="button"
              aria-pressed={one === pinned}
              onClick={() => setPinned(one === pinned ? null : one)}
            >
              <time>{clock(one.time, true)}</time>
              <code class="one-line">{one.payload ?? "binary"}</code>
              {one.retain && <span class="badge">retained</span>}
            </button>
          ))}
        </div>
      </section>
      <section class="panel">
        <header>
          <h2>Payload</h2>
          <span class="faint">
            {pinned === null ? "follows the newest" : clock(message.time, true)}
          </span>
          {pinned !== null && (
            <button type="button" class="button small" onClick={() => setPinned(null)}>
              Follow
            </button>
          )}
          <CopyButton small text={message.payload ?? message.payloadBase64 ?? ""} />
        </header>
        <Payload message={message} />
      </section>
    </div>
  );
}
