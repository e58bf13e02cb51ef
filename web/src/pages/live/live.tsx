// What the broker carries, as it happens: the tree of topics and, beside it, the chosen one.

import { useEffect } from "preact/hooks";
import {
  beat,
  liveState,
  paused,
  rate,
  setPaused,
  skipped,
  snapshotSeen,
  tree,
  waiting,
} from "../../lib/live";
import { compact, count } from "../../lib/format";
import { route, setParams } from "../../lib/route";
import { Icon } from "../../ui/icons";
import { BranchView } from "./branch";
import { LiveEmpty } from "./empty";
import { TopicTreeView } from "./tree_view";
import { TopicView } from "./topic";

const kStateWords = {
  off: "not connected",
  connecting: "connecting",
  open: "live",
  lost: "connection lost, trying again",
};

export function LivePage() {
  beat.value; // draws again with the traffic
  const topic = route.value.params.get("topic");
  const node = topic === null ? undefined : tree.find(topic);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const at = event.target as HTMLElement;
      if (event.key !== " " || at.closest("button, input, textarea, select, a, dialog") !== null)
        return;
      event.preventDefault();
      setPaused(!paused.value);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  if (tree.topics === 0 && snapshotSeen.value) return <LiveEmpty />;
  return (
    <div class={`live${topic === null ? "" : " has-topic"}`}>
      <section class="live-list" aria-label="Topics">
        <header class="live-head">
          <h1>Live</h1>
          <LiveStatus />
          <PauseButton />
        </header>
        <TopicTreeView
          selected={topic}
          onSelect={(chosen) => setParams({ topic: chosen, key: undefined }, topic !== null)}
        />
      </section>
      <section class="live-detail" aria-label={topic ?? "All topics"}>
        {topic === null && <BranchView node={tree.root} />}
        {topic !== null && node === undefined && <NotYet topic={topic} />}
        {node !== undefined &&
          (node.count > 0 ? (
            <TopicView key={node.topic} node={node} />
          ) : (
            <BranchView node={node} />
          ))}
      </section>
    </div>
  );
}

function LiveStatus() {
  const state = liveState.value;
  const word = paused.value ? "paused" : kStateWords[state];
  const look = paused.value || state === "connecting" ? "warn" : state === "open" ? "good" : "bad";
  const lost = skipped.value + tree.skipped;
  return (
    <span
      class="live-status"
      title={lost > 0 ? `${count(lost)} messages were not shown: too many at once` : undefined}
    >
      <i class={`dot ${look}`} aria-hidden="true" />
      <span role="status">{word}</span>
      {state === "open" && !paused.value && (
        <span class="live-rate">
          {rate.value < 10 ? rate.value.toFixed(1) : compact(Math.round(rate.value))} msg/s
        </span>
      )}
    </span>
  );
}

function PauseButton() {
  return (
    <button
      type="button"
      class="button small"
      aria-pressed={paused.value}
      title="Space"
      onClick={() => setPaused(!paused.value)}
    >
      <Icon name={paused.value ? "play" : "pause"} size={14} />
      {paused.value
        ? waiting.value > 0
          ? `Resume · ${compact(waiting.value)}`
          : "Resume"
        : "Pause"}
    </button>
  );
}

function NotYet({ topic }: { topic: string }) {
  return (
    <div class="empty">
      <h2>{topic}</h2>
      <p>
        {snapshotSeen.value
          ? "Nothing has arrived on this topic yet. It shows as soon as something does."
          : "Connecting…"}
      </p>
      <a class="button" href="#/live">
        All topics
      </a>
    </div>
  );
}
