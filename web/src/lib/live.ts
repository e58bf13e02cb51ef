// The one WebSocket to the broker's traffic. It opens with the first page that watches, comes back
// after a loss with growing pauses, and hands what it hears to a TopicTree.

import { signal } from "@preact/signals";
import { api } from "./api";
import { TopicTree, type KnownTopic, type Message } from "./topics";

type Frame =
  | { type: "snapshot"; topics: KnownTopic[] }
  | { type: "messages"; messages: Message[]; skipped: number };

export type LiveState = "off" | "connecting" | "open" | "lost";

// While paused this many messages wait; older ones are dropped, the newest matter.
const kPausedMax = 20_000;
const kRetryMs = [500, 1000, 2000, 5000, 10_000];

export const tree = new TopicTree();
export const liveState = signal<LiveState>("off");
// Moves with every change of the tree; reading it subscribes a component to the next drawing.
export const beat = signal(0);
export const paused = signal(false);
export const waiting = signal(0);
export const skipped = signal(0);
// Messages a second over the last few seconds.
export const rate = signal(0);
export const snapshotSeen = signal(false);

let socket: WebSocket | null = null;
let retry = 0;
let retryTimer: ReturnType<typeof setTimeout> | undefined;
let wanted = false;
let rateTimer: ReturnType<typeof setInterval> | undefined;
let pausedMessages: Message[] = [];
let drawRequested = false;
const arrivals: { at: number; count: number }[] = [];

function draw(): void {
  if (drawRequested) return;
  drawRequested = true;
  // A hidden page gets no animation frames, and needs none.
  requestAnimationFrame(() => {
    drawRequested = false;
    beat.value++;
  });
}

function take(frame: Frame): void {
  const now = performance.now();
  if (frame.type === "snapshot") {
    for (const topic of frame.topics) tree.know(topic);
    snapshotSeen.value = true;
  } else if (frame.type === "messages") {
    arrivals.push({ at: now, count: frame.messages.length + frame.skipped });
    if (frame.skipped > 0) skipped.value += frame.skipped;
    if (paused.value) {
      pausedMessages.push(...frame.messages);
      if (pausedMessages.length > kPausedMax) pausedMessages = pausedMessages.slice(-kPausedMax);
      waiting.value = pausedMessages.length;
      return;
    }
    for (const message of frame.messages) tree.receive(message, now);
  }
  draw();
}

const kRateWindowMs = 5000;

function measureRate(): void {
  const since = performance.now() - kRateWindowMs;
  while (arrivals.length > 0 && arrivals[0]!.at < since) arrivals.shift();
  const total = arrivals.reduce((sum, arrival) => sum + arrival.count, 0);
  rate.value = total / (kRateWindowMs / 1000);
}

function connect(): void {
  liveState.value = retry === 0 ? "connecting" : "lost";
  let wasOpen = false;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const opened = new WebSocket(`${scheme}://${location.host}/api/v2/weir/live`);
  socket = opened;
  opened.onopen = () => {
    wasOpen = true;
    liveState.value = "open";
    retry = 0;
  };
  opened.onmessage = (event: MessageEvent<string>) => {
    try {
      take(JSON.parse(event.data) as Frame);
    } catch {
      // One unreadable frame is no reason to lose the next.
    }
  };
  opened.onclose = () => {
    if (socket !== opened) return;
    socket = null;
    if (!wanted) return;
    liveState.value = "lost";
    // A refused WebSocket does not tell why. Asking by HTTP does: a session that ended signs out here.
    if (!wasOpen) void api.me().catch(() => undefined);
    retryTimer = setTimeout(connect, kRetryMs[Math.min(retry++, kRetryMs.length - 1)]);
  };
}

export function startLive(): void {
  if (wanted) return;
  wanted = true;
  connect();
  rateTimer = setInterval(measureRate, 1000);
}

export function stopLive(): void {
  wanted = false;
  clearTimeout(retryTimer);
  clearInterval(rateTimer);
  socket?.close();
  socket = null;
  liveState.value = "off";
  snapshotSeen.value = false;
  tree.clear();
}

export function setPaused(on: boolean): void {
  paused.value = on;
  if (on) return;
  const now = performance.now();
  for (const message of pausedMessages) tree.receive(message, now);
  pausedMessages = [];
  waiting.value = 0;
  draw();
}
