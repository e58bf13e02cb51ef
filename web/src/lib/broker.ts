// The broker's clients, retained messages and traces, as the server tells them (docs/api.md).

import { json } from "./api";
import type { RetainedQuery } from "./retained_query";

export const kDrops = [
  "slowSubscriber",
  "queueFull",
  "allQueuesFull",
  "tooLarge",
  "expired",
  "rightsLost",
  "notAuthorized",
] as const;
export type Drop = (typeof kDrops)[number];

// What happened, and what to do about it.
export const kDropWords: Record<Drop, { what: string; remedy: string }> = {
  slowSubscriber: {
    what: "Too slow for QoS 0",
    remedy:
      "The client does not take messages as fast as they come. Subscribe to fewer topics, or with QoS 1 so that they wait.",
  },
  queueFull: {
    what: "Its queue was full",
    remedy:
      "It was away or slow for longer than its queue holds. Raise mqtt.max_queued_messages or mqtt.max_queued_bytes, or let its session expire sooner.",
  },
  allQueuesFull: {
    what: "All queues together were full",
    remedy: "Clients that are away hold too much. End the sessions nobody comes back for.",
  },
  tooLarge: {
    what: "Larger than it takes",
    remedy:
      "The client announced a maximum packet size. Raise it there, or publish smaller messages.",
  },
  expired: {
    what: "Expired while waiting",
    remedy: "The publisher's message expiry passed before the client could be given it.",
  },
  rightsLost: {
    what: "It may not receive them any more",
    remedy:
      "What waited for it was let go when its rights changed. Give its user or token the right to read there again.",
  },
  notAuthorized: {
    what: "Published without permission",
    remedy: "What it sent was refused. Give its user or token the right to write there.",
  },
};

export interface Client {
  clientID: string;
  user: string;
  connected: boolean;
  peer: string;
  listener: string;
  transport: string;
  protocol: string;
  connectedAt: string | null;
  disconnectedAt: string | null;
  endedBecause: string;
  cleanStart: boolean;
  sessionExpirySeconds: number | null;
  keepAliveSeconds: number;
  messagesIn: number;
  messagesOut: number;
  bytesIn: number;
  bytesOut: number;
  rates: { messagesIn: number; messagesOut: number; bytesIn: number; bytesOut: number };
  inFlightIn: number;
  inFlightOut: number;
  queuedMessages: number;
  queuedBytes: number;
  dropped: Record<Drop | "total", number>;
  subscriptionCount: number;
}

export interface ClientDetail extends Client {
  unsentBytes: number;
  subscriptions: {
    filter: string;
    qos: number;
    noLocal: boolean;
    retainAsPublished: boolean;
    retainHandling: "send" | "sendIfNew" | "doNotSend";
    id: number | null;
  }[];
  will: {
    topic: string;
    payload: string | null;
    payloadBase64?: string;
    payloadBytes: number;
    qos: number;
    retain: boolean;
    delaySeconds: number;
  } | null;
}

export type ClientState = "all" | "connected" | "kept";
export type ClientOrder =
  | "clientID"
  | "user"
  | "connectedAt"
  | "messagesInRate"
  | "messagesOutRate"
  | "queued"
  | "dropped"
  | "subscriptions";

export interface ClientQuery {
  text: string;
  state: ClientState;
  sort: ClientOrder;
  descending: boolean;
  offset: number;
  limit: number;
}

export interface ClientPage {
  clients: Client[];
  matching: number;
  connected: number;
  kept: number;
}

export interface Retained {
  topic: string;
  payload: string | null;
  payloadBase64?: string;
  cut: boolean;
  payloadBytes: number;
  qos: number;
  time: string;
  clientID: string;
  user: string;
  expiresAt: string | null;
}

export interface RetainedWhole extends Retained {
  contentType: string;
  responseTopic: string;
  userProperties: { key: string; value: string }[];
}

export interface RetainedList {
  messages: Retained[];
  more: boolean;
  total: number;
  totalBytes: number;
}

export interface Trace {
  id: number;
  clientID: string;
  filter: string;
  withPayload: boolean;
  startedAt: string;
  endsAt: string;
  running: boolean;
  packets: number;
}

export interface TraceLine {
  number: number;
  time: string;
  clientID: string;
  from: "client" | "broker";
  packet: string;
  bytes: number;
  text: string;
  payload?: string | null;
  payloadBase64?: string;
  cut?: boolean;
}

// A connection of the server's own to another broker: the one it consumes from, or a bridge.
export interface OtherBroker {
  name: string;
  url: string;
  clientID: string;
  connected: boolean;
  since: string;
  lastError: string | null;
  lastErrorAt: string | null;
  messagesIn: number;
  messagesOut: number;
  unacknowledged: number;
  waiting: number;
}

const kBase = "/api/v2/weir";

function search(parameters: Record<string, string | number | boolean>): string {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    if (value !== "" && value !== false) all.set(name, String(value));
  return all.toString();
}

export const broker = {
  clients: (query: ClientQuery, signal?: AbortSignal) =>
    json<ClientPage>("GET", `${kBase}/clients?${search({ ...query })}`, undefined, signal),
  client: (clientID: string, signal?: AbortSignal) =>
    json<ClientDetail>("GET", `${kBase}/clients/detail?${search({ clientID })}`, undefined, signal),
  disconnect: (clientID: string, endSession: boolean) =>
    json<void>(
      "DELETE",
      `${kBase}/clients?${search({ clientID, session: endSession ? "end" : "" })}`,
    ),

  others: async (signal?: AbortSignal) =>
    (await json<{ brokers: OtherBroker[] }>("GET", `${kBase}/brokers`, undefined, signal)).brokers,

  retained: (query: RetainedQuery & { after: string; limit: number }, signal?: AbortSignal) =>
    json<RetainedList>("GET", `${kBase}/retained?${search({ ...query })}`, undefined, signal),
  retainedMessage: (topic: string, signal?: AbortSignal) =>
    json<RetainedWhole>("GET", `${kBase}/retained/message?${search({ topic })}`, undefined, signal),
  deleteRetained: (what: { topic: string } | RetainedQuery) =>
    json<{ deleted: number }>("DELETE", `${kBase}/retained?${search({ ...what })}`),

  traces: async () => (await json<{ traces: Trace[] }>("GET", `${kBase}/traces`)).traces,
  startTrace: (clientID: string, seconds: number, withPayload: boolean) =>
    json<Trace>("POST", `${kBase}/traces`, { clientID, seconds, withPayload }),
  traceLines: (id: number, after: number, signal?: AbortSignal) =>
    json<Trace & { lines: TraceLine[]; missed: number }>(
      "GET",
      `${kBase}/traces/${id}?after=${after}`,
      undefined,
      signal,
    ),
  stopTrace: (id: number) => json<void>("DELETE", `${kBase}/traces/${id}`),
};

// Messages a second: fractions matter below ten, none do above.
export function perSecond(rate: number): string {
  if (rate === 0) return "–";
  if (rate < 0.05) return "<0.1";
  if (rate < 10) return rate.toFixed(1);
  return rate < 10_000 ? String(Math.round(rate)) : `${(rate / 1000).toFixed(0)}k`;
}
