// The server's resources as this interface uses them: InfluxDB 2's API and weir's own (docs/api.md).

import { signal } from "@preact/signals";
import { parseAnnotatedCsv, type QueryResult } from "./csv";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface Info {
  version: string;
  commit: string;
  startedAt: string;
  org: string;
  orgID: string;
  defaultBucket: string;
  httpListen: string;
  mqttListen: string;
  anonymousMqtt: boolean;
}

export interface User {
  id: string;
  name: string;
}

export interface Bucket {
  id: string;
  orgID: string;
  type: "user" | "system";
  name: string;
  description?: string;
  retentionRules: { type: "expire"; everySeconds: number }[];
  createdAt: string;
}

export interface BucketStatistics {
  id: string;
  name: string;
  series: number;
  diskBytes: number;
  logBytes: number;
  valuesWritten: number;
  firstTime: string | null;
  lastTime: string | null;
}

// What a bucket's series are made of, heaviest first.
export interface Cardinality {
  series: number;
  maxSeries: number;
  measurementCount: number;
  tagCount: number;
  measurements: { name: string; series: number; fields: number }[];
  tags: {
    key: string;
    values: number;
    series: number;
    largestValue: string;
    largestValueSeries: number;
  }[];
}

export interface Statistics {
  buckets: BucketStatistics[];
  broker: {
    clients: number;
    messagesIn: number;
    messagesOut: number;
    dropped: number;
    retained: number;
  };
  ingest: { messagesMapped: number; pointsWritten: number; deadLetters: number };
  process: { uptimeSeconds: number; residentBytes: number };
}

export interface Permission {
  action: "read" | "write";
  resource: { type: string; id?: string; orgID?: string; name?: string };
}

export interface Authorization {
  id: string;
  token?: string;
  status: "active" | "inactive";
  description: string;
  user: string;
  userID: string;
  permissions: Permission[];
  createdAt: string;
}

export interface Explanation {
  rule: string | null;
  points: string[];
  warnings: string[];
  dropped: string | null;
}

export interface SchemaQuestion {
  bucketID: string;
  start?: string;
  stop?: string;
  what: "measurements" | "fields" | "tagKeys" | "tagValues";
  tagKey?: string;
  measurement?: string;
  field?: string;
  tags?: Record<string, string[]>;
}

// Set when any request finds the session gone; the shell then shows the sign-in page.
export const signedOut = signal(false);

async function failure(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as { code?: string; message?: string };
    return new ApiError(response.status, body.code ?? "", body.message ?? response.statusText);
  } catch {
    return new ApiError(
      response.status,
      "",
      text.slice(0, 300) || `${response.status} ${response.statusText}`,
    );
  }
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { method, credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer. Is weir running?");
  }
  if (response.ok) return response;
  if (response.status === 401 && !path.endsWith("/signin")) signedOut.value = true;
  throw await failure(response);
}

export async function json<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const init: RequestInit = { headers: { Accept: "application/json" } };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) {
    init.headers = { ...init.headers, "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await send(method, path, init);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

// The header speaks Latin-1; names and passwords are UTF-8.
function basic(username: string, password: string): string {
  const raw = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...raw))}`;
}

export const api = {
  setupAllowed: () => json<{ allowed: boolean }>("GET", "/api/v2/setup"),
  setup: (body: {
    username: string;
    password: string;
    org: string;
    bucket: string;
    retentionPeriodSeconds: number;
  }) => json<{ auth: Authorization }>("POST", "/api/v2/setup", body),
  signIn: (username: string, password: string) =>
    send("POST", "/api/v2/signin", { headers: { Authorization: basic(username, password) } }),
  signOut: () => send("POST", "/api/v2/signout"),
  me: () => json<User>("GET", "/api/v2/me"),
  info: () => json<Info>("GET", "/api/v2/weir/info"),
  statistics: () => json<Statistics>("GET", "/api/v2/weir/statistics"),
  cardinality: (bucketID: string) =>
    json<Cardinality>("GET", `/api/v2/weir/cardinality?bucketID=${bucketID}`),
  schema: async (question: SchemaQuestion, signal?: AbortSignal) =>
    (await json<{ values: string[] }>("POST", "/api/v2/weir/schema", question, signal)).values,
  explain: (topic: string, payload: string, retain: boolean) =>
    json<Explanation>("POST", "/api/v2/weir/map/explain", { topic, payload, retain }),

  buckets: async () =>
    (await json<{ buckets: Bucket[] }>("GET", "/api/v2/buckets?limit=100")).buckets,
  createBucket: (orgID: string, name: string, everySeconds: number) =>
    json<Bucket>("POST", "/api/v2/buckets", {
      orgID,
      name,
      retentionRules: retention(everySeconds),
    }),
  updateBucket: (id: string, change: { name?: string; everySeconds?: number }) =>
    json<Bucket>("PATCH", `/api/v2/buckets/${id}`, {
      ...(change.name === undefined ? {} : { name: change.name }),
      ...(change.everySeconds === undefined
        ? {}
        : { retentionRules: retention(change.everySeconds) }),
    }),
  deleteBucket: (id: string) => json<void>("DELETE", `/api/v2/buckets/${id}`),

  authorizations: async () =>
    (await json<{ authorizations: Authorization[] }>("GET", "/api/v2/authorizations"))
      .authorizations,
  createAuthorization: (orgID: string, description: string, permissions: Permission[]) =>
    json<Authorization>("POST", "/api/v2/authorizations", {
      orgID,
      description,
      status: "active",
      permissions,
    }),
  setAuthorizationStatus: (id: string, status: "active" | "inactive") =>
    json<Authorization>("PATCH", `/api/v2/authorizations/${id}`, { status }),
  deleteAuthorization: (id: string) => json<void>("DELETE", `/api/v2/authorizations/${id}`),
};

// Seconds 0 means "keep forever" and is said explicitly: leaving the rules out would keep old ones.
function retention(everySeconds: number) {
  return [{ type: "expire", everySeconds }];
}

const kAccess = [
  "authorizations",
  "buckets",
  "dashboards",
  "orgs",
  "sources",
  "tasks",
  "telegrafs",
  "users",
  "variables",
  "scrapers",
  "secrets",
  "labels",
  "views",
  "documents",
  "notificationRules",
  "notificationEndpoints",
  "checks",
  "dbrp",
];

export function allAccess(orgID: string, userID: string): Permission[] {
  return kAccess.flatMap((type) =>
    (["read", "write"] as const).map((action) => ({
      action,
      resource:
        type === "orgs"
          ? { type, id: orgID }
          : type === "users"
            ? { type, id: userID }
            : { type, orgID },
    })),
  );
}

// More text than this is not read: the page would stall. The answer is then marked as cut.
export const kResultBytesMax = 48 * 1024 * 1024;

export interface Answer extends QueryResult {
  csv: string;
  cut: boolean;
  milliseconds: number;
}

export async function query(
  orgID: string,
  flux: string,
  extern: unknown,
  signal?: AbortSignal,
): Promise<Answer> {
  const started = performance.now();
  const response = await send("POST", `/api/v2/query?orgID=${encodeURIComponent(orgID)}`, {
    headers: { "Content-Type": "application/json", Accept: "application/csv" },
    body: JSON.stringify({
      query: flux,
      type: "flux",
      ...(extern === undefined ? {} : { extern }),
      dialect: { annotations: ["datatype", "group", "default"], delimiter: ",", header: true },
    }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { text, cut } = await readText(response);
  const result = parseAnnotatedCsv(text);
  return { ...result, csv: text, cut, milliseconds: performance.now() - started };
}

async function readText(response: Response): Promise<{ text: string; cut: boolean }> {
  if (response.body === null) return { text: "", cut: false };
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    parts.push(decoder.decode(value, { stream: true }));
    if (size > kResultBytesMax) {
      await reader.cancel();
      const text = parts.join("");
      return { text: text.slice(0, text.lastIndexOf("\n") + 1), cut: true };
    }
  }
  parts.push(decoder.decode());
  return { text: parts.join(""), cut: false };
}
