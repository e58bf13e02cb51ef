// Ctrl+K: go anywhere by typing a part of its name. `?`: what the keys do.

import { useEffect, useRef, useState } from "preact/hooks";
import { api, type Bucket } from "../lib/api";
import { tree } from "../lib/live";
import { go } from "../lib/route";
import { info, signOut } from "../lib/session";
import { setTheme } from "../lib/theme";
import { leavesOf } from "../lib/topics";
import { Icon, type IconName } from "./icons";
import { Dialog } from "./dialog";
import { CopyLine } from "./parts";

interface Entry {
  title: string;
  kind: string;
  icon: IconName;
  run: () => void;
}

const kShownMax = 40;

function entries(buckets: Bucket[]): Entry[] {
  return [
    { title: "Live", kind: "page", icon: "live", run: () => go("live") },
    { title: "Explore", kind: "page", icon: "explore", run: () => go("explore") },
    { title: "Clients", kind: "page", icon: "clients", run: () => go("clients") },
    { title: "Retained", kind: "page", icon: "retained", run: () => go("retained") },
    { title: "Buckets", kind: "page", icon: "buckets", run: () => go("buckets") },
    { title: "Tokens", kind: "page", icon: "tokens", run: () => go("tokens") },
    { title: "Light theme", kind: "theme", icon: "theme", run: () => setTheme("light") },
    { title: "Dark theme", kind: "theme", icon: "theme", run: () => setTheme("dark") },
    { title: "System theme", kind: "theme", icon: "theme", run: () => setTheme("system") },
    { title: "Sign out", kind: "account", icon: "out", run: () => void signOut() },
    ...buckets.map((bucket): Entry => ({
      title: bucket.name,
      kind: "bucket",
      icon: "buckets",
      run: () => go("explore", { bucket: bucket.name }),
    })),
    ...leavesOf(tree.root, 5000).map((node): Entry => ({
      title: node.topic,
      kind: "topic",
      icon: "live",
      run: () => go("live", { topic: node.topic }),
    })),
  ];
}

// Letters in order, near each other and at the start of words first; null when they do not occur.
function score(title: string, wanted: string): number | null {
  const text = title.toLowerCase();
  const at = text.indexOf(wanted);
  if (at >= 0) return at === 0 || /[^a-z0-9]/.test(text[at - 1]!) ? at : 100 + at;
  let position = -1;
  let total = 1000;
  for (const letter of wanted) {
    const next = text.indexOf(letter, position + 1);
    if (next < 0) return null;
    total += next - position;
    position = next;
  }
  return total;
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [buckets, setBuckets] = useState<Bucket[]>([]);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    api.buckets().then(setBuckets, () => undefined);
  }, []);
  const wanted = text.trim().toLowerCase();
  const found = entries(buckets)
    .map((entry) => ({ entry, score: wanted === "" ? 0 : score(entry.title, wanted) }))
    .filter((one): one is { entry: Entry; score: number } => one.score !== null)
    .sort((a, b) => a.score - b.score)
    .slice(0, kShownMax)
    .map((one) => one.entry);
  const chosen = Math.min(at, found.length - 1);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((chosen + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return (
    <Dialog title="Go to" class="palette" bare onClose={onClose}>
      <input
        class="input"
        autofocus
        placeholder="Page, bucket, topic…"
        aria-label="Go to"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${chosen}`}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onKeyDown={onKey}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
      />
      <ul id="palette-list" role="listbox" aria-label="Places" ref={list}>
        {found.map((entry, i) => (
          <li
            key={`${entry.kind} ${entry.title}`}
            id={`palette-${i}`}
            role="option"
            aria-selected={i === chosen}
            onMouseMove={() => setAt(i)}
            onClick={() => run(entry)}
          >
            <Icon name={entry.icon} />
            <span>{entry.title}</span>
            <small>{entry.kind}</small>
          </li>
        ))}
        {found.length === 0 && (
          <li role="option" aria-selected="false">
            Nothing has that name
          </li>
        )}
      </ul>
    </Dialog>
  );
}

const kKeys: [string[], string][] = [
  [["Ctrl", "K"], "go to a page, bucket or topic"],
  [["g", "l"], "Live"],
  [["g", "e"], "Explore"],
  [["g", "c"], "Clients"],
  [["g", "r"], "Retained messages"],
  [["g", "b"], "Buckets"],
  [["g", "t"], "Tokens"],
  [["/"], "search on this page"],
  [["Space"], "pause and resume the live page"],
  [["Ctrl", "Enter"], "run the query"],
  [["r"], "refresh the result"],
  [["?"], "this help"],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys and help" onClose={onClose}>
      <dl class="keys">
        {kKeys.map(([keys, meaning]) => (
          <>
            <dt>
              {keys.map((key) => (
                <>
                  <kbd>{key}</kbd>{" "}
                </>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
      <p style="color:var(--text-soft)">
        In charts: drag to zoom, double-click to zoom out; click a name in the key to see only that
        line. MQTT is at <code>{info.value?.mqttListen}</code>; InfluxDB clients use this address:
      </p>
      <CopyLine text={location.origin} />
    </Dialog>
  );
}
