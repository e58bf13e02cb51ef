// FOR DEVELOPMENT ONLY. A pretend weir: just the resources the interface uses, with invented data, so
// that pages can be worked on without building the program. Nothing of it is shipped.
//
//   node dev/mock_server.mjs [port] [--fresh] [--empty]
//     --fresh   not set up yet: shows the first visit
//     --empty   no message ever arrives
//     --many    ten thousand topics more, a thousand messages a second
// Serves web/dist if it is there; with `npm run dev` Vite forwards /api to it.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const port = Number(process.argv.find((word) => /^\d+$/.test(word)) ?? 8086);
const fresh = process.argv.includes("--fresh");
const empty = process.argv.includes("--empty");
const dist = new URL("../dist/", import.meta.url).pathname;
const id = () => randomBytes(8).toString("hex").replace(/^0/, "1");
const startedAt = Date.now();

const org = { id: id(), name: "home" };
const state = {
  setUp: !fresh,
  user: { id: id(), name: "ada", password: "waterfall" },
  sessions: new Set(),
  buckets: [],
  authorizations: [],
};

function makeBucket(name, everySeconds, type = "user") {
  const bucket = {
    id: id(),
    orgID: org.id,
    type,
    name,
    retentionRules: [{ type: "expire", everySeconds }],
    createdAt: new Date().toISOString(),
    labels: [],
  };
  state.buckets.push(bucket);
  return bucket;
}
makeBucket("sensors", 0);
makeBucket("energy", 90 * 86400);
makeBucket("workshop", 30 * 86400);
makeBucket("_monitoring", 7 * 86400, "system");
makeBucket("_tasks", 3 * 86400, "system");

function authorize(description, permissions) {
  const made = {
    id: id(),
    token: randomBytes(64).toString("base64url"),
    status: "active",
    description,
    orgID: org.id,
    user: state.user.name,
    userID: state.user.id,
    permissions,
    createdAt: new Date().toISOString(),
  };
  state.authorizations.push(made);
  return made;
}
const rw = (resource) => ["read", "write"].map((action) => ({ action, resource }));
authorize(
  "ada's operator token",
  ["buckets", "orgs", "tasks", "authorizations", "users"].flatMap((type) => rw({ type })),
);
authorize("Telegraf on the server", [
  { action: "write", resource: { type: "buckets", id: state.buckets[0].id, orgID: org.id } },
]);
authorize("Grafana", [
  { action: "read", resource: { type: "buckets", id: state.buckets[0].id, orgID: org.id } },
]).status = "inactive";

// ---- invented sensors ----
const wave = (t, period, low, high, seed) => {
  const noise =
    Math.sin(t / (period * 171) + seed * 13.7) * 0.4 +
    Math.sin(t / (period * 61) + seed) * 0.2 +
    Math.sin(t / 1013 + seed) * 0.03;
  return (
    (low + high) / 2 +
    ((high - low) / 2) * (Math.sin((t / 1000 / period) * 2 * Math.PI + seed) * 0.8 + noise * 0.4)
  );
};
const rooms = ["bathroom", "bedroom", "hall", "kitchen", "living room"];
const topics = [
  { topic: "temperature", every: 1000, make: (t) => String(Math.round(wave(t, 90, 0, 30, 1))) },
  ...rooms.map((room, i) => ({
    topic: `home/${room}/temperature`,
    every: 1500 + i * 300,
    make: (t) => wave(t, 600, 18, 24, i).toFixed(1),
  })),
  ...rooms.slice(0, 3).map((room, i) => ({
    topic: `home/${room}/climate`,
    every: 2500,
    make: (t) =>
      JSON.stringify({
        temperature: +wave(t, 600, 18, 24, i).toFixed(2),
        humidity: +wave(t, 800, 40, 65, i).toFixed(1),
        battery: 87 - i,
      }),
  })),
  {
    topic: "home/door/front",
    every: 9000,
    make: (t) => (Math.floor(t / 9000) % 3 === 0 ? "OPEN" : "CLOSED"),
  },
  ...[1, 2, 3].map((n) => ({
    topic: `tele/plug${n}/SENSOR`,
    every: 2000,
    make: (t) =>
      JSON.stringify({
        Time: new Date(t).toISOString().slice(0, 19),
        ENERGY: {
          Total: 312.4 + n,
          Power: Math.round(wave(t, 120, 20, 180 * n, n)),
          Voltage: Math.round(wave(t, 60, 228, 233, n)),
          Current: +wave(t, 120, 0.1, 0.8 * n, n).toFixed(3),
        },
      }),
  })),
  ...[1, 2, 3].map((n) => ({
    topic: `tele/plug${n}/LWT`,
    every: 60_000,
    retain: true,
    make: () => "Online",
  })),
  {
    topic: "zigbee2mqtt/window sensor",
    every: 4000,
    make: (t) =>
      JSON.stringify({
        contact: Math.floor(t / 20000) % 2 === 0,
        battery: 96,
        linkquality: Math.round(wave(t, 30, 60, 160, 5)),
        voltage: 3005,
      }),
  },
  { topic: "weather/station/wind", every: 700, make: (t) => wave(t, 45, 0, 14, 8).toFixed(2) },
  {
    topic: "spBv1.0/plant/DDATA/line4/press",
    every: 5000,
    binary: true,
    make: (t) =>
      Buffer.from([8, 163, 1, t & 255, (t >> 8) & 255, 42, 7, 112, 114, 101, 115, 115, 0]),
  },
];
if (process.argv.includes("--many")) {
  for (let i = 0; i < 10_000; i++)
    topics.push({
      topic: `plant/line ${i % 20}/machine ${Math.floor(i / 20) % 50}/sensor ${Math.floor(i / 1000)}`,
      every: 10_000,
      make: (t) => wave(t, 60, 0, 100, i).toFixed(2),
    });
}
const message = (source, t) => {
  const made = source.make(t);
  return {
    topic: source.topic,
    ...(source.binary
      ? { payload: null, payloadBase64: made.toString("base64") }
      : { payload: made }),
    time: t,
    qos: source.retain ? 1 : 0,
    retain: source.retain === true,
  };
};
for (const source of topics)
  Object.assign(source, {
    count: 40 + Math.floor(Math.random() * 4000),
    next: Date.now() + Math.random() * source.every,
  });
const watchers = new Set();
setInterval(() => {
  if (empty) return;
  const now = Date.now();
  const due = topics.filter((source) => source.next <= now);
  const messages = due.map((source) => {
    source.next = now + source.every;
    source.count++;
    return message(source, now);
  });
  if (messages.length > 0)
    for (const socket of watchers) sendText(socket, { type: "messages", messages, skipped: 0 });
}, 100);

// ---- WebSocket, as little of RFC 6455 as this needs ----
function sendText(socket, body) {
  const data = Buffer.from(JSON.stringify(body));
  const head =
    data.length < 126
      ? Buffer.from([0x81, data.length])
      : data.length < 65536
        ? Buffer.from([0x81, 126, data.length >> 8, data.length & 255])
        : Buffer.concat([
            Buffer.from([0x81, 127, 0, 0, 0, 0]),
            Buffer.from(new Uint32Array([data.length]).buffer).swap32(),
          ]);
  socket.write(Buffer.concat([head, data]));
}
function upgrade(request, socket) {
  if (!signedIn(request))
    return socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  const accept = createHash("sha1")
    .update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
    .digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  sendText(socket, {
    type: "snapshot",
    topics: empty
      ? []
      : topics.map((source) => ({
          ...message(source, Date.now() - Math.floor(Math.random() * 5000)),
          count: source.count,
        })),
  });
  watchers.add(socket);
  socket.on("data", (data) => (data[0] & 15) === 8 && socket.end());
  for (const event of ["close", "error"]) socket.on(event, () => watchers.delete(socket));
}

// ---- queries ----
const measurements = {
  sensors: {
    home: { fields: ["humidity", "temperature"], tag: ["room", rooms] },
    temperature: { fields: ["value"], tag: ["topic", ["temperature"]] },
    weather: { fields: ["wind"], tag: ["station", ["station"]] },
  },
  energy: {
    tasmota: {
      fields: ["Current", "Power", "Voltage"],
      tag: ["device", ["plug1", "plug2", "plug3"]],
    },
  },
};
const limits = {
  temperature: [18, 24],
  humidity: [40, 65],
  value: [0, 30],
  wind: [0, 14],
  Power: [20, 320],
  Voltage: [228, 233],
  Current: [0.1, 1.6],
};
const milliseconds = (text) =>
  parseInt(text, 10) * { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[text.replace(/^\d+/, "")];

function variable(extern, name) {
  const node = extern?.body?.[0]?.assignment.init.properties.find(
    (property) => property.key.name === name,
  )?.value;
  if (node === undefined) return undefined;
  if (node.type === "DateTimeLiteral") return Date.parse(node.value);
  if (node.type === "CallExpression") return Date.now();
  return (node.argument ?? node).values[0].magnitude * (node.type === "UnaryExpression" ? -1 : 1);
}

class Refusal extends Error {}

function runFlux({ query, extern }) {
  const wrong = /\b(foo|undefinedThing)\b/.exec(query);
  if (wrong) {
    const lines = query.slice(0, wrong.index).split("\n");
    throw new Refusal(
      `compilation failed: error @${lines.length}:${lines.at(-1).length + 1}-${lines.length}:${lines.at(-1).length + 1 + wrong[0].length}: undefined identifier ${wrong[0]}`,
    );
  }
  const bucket = /from\(bucket: "([^"]*)"/.exec(query)?.[1];
  if (bucket === undefined)
    throw new Refusal(
      'error in query specification while starting program: this Flux script returns no streaming data. Consider adding a "yield" or invoking streaming functions directly, without performing an assignment',
    );
  const pick = (name) =>
    [...query.matchAll(new RegExp(`r(?:\\.${name}|\\["${name}"\\]) == "([^"]*)"`, "g"))].map(
      (match) => match[1],
    );
  let start = /range\(start: -(\w+)/.exec(query)?.[1];
  start = start ? Date.now() - milliseconds(start) : variable(extern, "timeRangeStart");
  if (start < 0) start += Date.now();
  const stop = variable(extern, "timeRangeStop") ?? Date.now();
  const step = query.includes("v.windowPeriod")
    ? variable(extern, "windowPeriod")
    : milliseconds(/every: (\w+)/.exec(query)?.[1] ?? "1s");
  let out =
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\r\n#group,false,false,true,true,false,false,true,true,true\r\n#default,_result,,,,,,,,\r\n";
  let id = 0;
  for (const [name, shape] of Object.entries(measurements[bucket] ?? {})) {
    if (pick("_measurement").length && !pick("_measurement").includes(name)) continue;
    if (id === 0)
      out += `,result,table,_start,_stop,_time,_value,_field,_measurement,${shape.tag[0]}\r\n`;
    for (const field of shape.fields) {
      if (pick("_field").length && !pick("_field").includes(field)) continue;
      for (const [i, value] of shape.tag[1].entries()) {
        if (pick(shape.tag[0]).length && !pick(shape.tag[0]).includes(value)) continue;
        const bounds = `${new Date(start).toISOString()},${new Date(stop).toISOString()}`;
        for (let t = Math.ceil(start / step) * step; t <= stop; t += step) {
          const hole =
            i === 1 && (t - start) / (stop - start) > 0.4 && (t - start) / (stop - start) < 0.48;
          if (!hole)
            out += `,,${id},${bounds},${new Date(t).toISOString()},${wave(t, Math.max(600, (stop - start) / 4000), ...limits[field], i).toFixed(2)},${field},${name},${value}\r\n`;
        }
        id++;
      }
    }
  }
  return id === 0 ? "\r\n" : out + "\r\n";
}

function schema({ bucketID, what, measurement, tagKey }) {
  const shapes = measurements[state.buckets.find((bucket) => bucket.id === bucketID)?.name] ?? {};
  const chosen =
    measurement === undefined ? Object.values(shapes) : [shapes[measurement]].filter(Boolean);
  if (what === "measurements") return Object.keys(shapes);
  if (what === "fields") return [...new Set(chosen.flatMap((shape) => shape.fields))].sort();
  if (what === "tagKeys") return [...new Set(chosen.map((shape) => shape.tag[0]))].sort();
  return [
    ...new Set(chosen.filter((shape) => shape.tag[0] === tagKey).flatMap((shape) => shape.tag[1])),
  ].sort();
}

function explain({ topic, payload }) {
  const flat = topic.replace(/ /g, "\\ ");
  if (topic === "temperature")
    return {
      rule: "auto",
      points: [`temperature,topic=temperature value=${payload}`],
      warnings: [],
      dropped: null,
    };
  const home = /^home\/(.+)\/(temperature|climate)$/.exec(topic);
  if (home) {
    const values = home[2] === "climate" ? JSON.parse(payload) : { temperature: payload };
    return {
      rule: "rule 2 (home/{room}/+)",
      points: [
        `home,room=${home[1].replace(/ /g, "\\ ")} ${Object.entries(values)
          .map(([k, v]) => `${k}=${v}`)
          .join(",")}`,
      ],
      warnings: [],
      dropped: null,
    };
  }
  if (/LWT$/.test(topic))
    return { rule: "rule 3 (tele/+/LWT)", points: [], warnings: [], dropped: "rule 3 says drop" };
  return {
    rule: "auto",
    points: [`${flat.split("/")[0]},topic=${flat} value=1`],
    warnings: [],
    dropped: null,
  };
}

// ---- the broker's clients and retained messages ----
function makeClient(clientID, i) {
  const away = i % 9 === 8;
  const rate = i % 3 === 0 ? (i % 7) + 0.4 : 0;
  const lost = i % 11 === 5 ? 1200 + i : 0;
  const at = (ago) => new Date(startedAt - ago * 1000).toISOString();
  return {
    clientID,
    user: i % 4 === 0 ? "ada" : "",
    connected: !away,
    peer: `192.168.1.${10 + (i % 200)}:${40_000 + i}`,
    listener: "mqtt.listen",
    transport: i % 13 === 12 ? "ws" : "tcp",
    protocol: i % 2 === 0 ? "MQTT 3.1.1" : "MQTT 5",
    connectedAt: at(60 * i + 5),
    disconnectedAt: away ? at(30 * i) : null,
    endedBecause: away ? "the connection was closed without DISCONNECT" : "",
    cleanStart: !away,
    sessionExpirySeconds: away ? 86_400 : 0,
    keepAliveSeconds: 60,
    messagesIn: 40 * i,
    messagesOut: 7 * i,
    bytesIn: 2000 * i,
    bytesOut: 900 * i,
    rates: { messagesIn: rate, messagesOut: rate / 3, bytesIn: rate * 42, bytesOut: rate * 14 },
    inFlightIn: 0,
    inFlightOut: i % 5 === 0 ? 2 : 0,
    queuedMessages: away ? 31 : 0,
    queuedBytes: away ? 4096 : 0,
    dropped: {
      slowSubscriber: lost,
      queueFull: 0,
      allQueuesFull: 0,
      tooLarge: 0,
      expired: 0,
      rightsLost: 0,
      notAuthorized: 0,
      total: lost,
    },
    subscriptionCount: 1,
  };
}
const clients = Array.from({ length: process.argv.includes("--many") ? 10_000 : 40 }, (_, i) =>
  makeClient(`device-${String(i).padStart(5, "0")}`, i),
);
function clientPage(query) {
  const text = (query.get("text") ?? "").toLowerCase();
  const state = query.get("state");
  const keys = {
    connectedAt: (one) => one.connectedAt,
    user: (one) => one.user,
    messagesInRate: (one) => one.rates.messagesIn,
    messagesOutRate: (one) => one.rates.messagesOut,
    queued: (one) => one.queuedMessages,
    dropped: (one) => one.dropped.total,
  };
  const key = keys[query.get("sort")] ?? ((one) => one.clientID);
  const sign = query.get("descending") === "true" ? -1 : 1;
  const found = clients
    .filter((one) => `${one.clientID} ${one.user} ${one.peer}`.toLowerCase().includes(text))
    .filter((one) => state !== "kept" || !one.connected)
    .filter((one) => state !== "connected" || one.connected)
    .sort((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
  const offset = Number(query.get("offset") ?? 0);
  const kept = clients.filter((one) => !one.connected).length;
  return {
    clients: found.slice(offset, offset + Number(query.get("limit") ?? 100)),
    matching: found.length,
    connected: clients.length - kept,
    kept,
  };
}
const retained = topics
  .filter((source) => source.retain)
  .map((source) => ({
    topic: source.topic,
    payload: source.make(startedAt),
    cut: false,
    payloadBytes: source.make(startedAt).length,
    qos: 1,
    time: new Date(startedAt).toISOString(),
    clientID: source.topic.split("/")[1],
    user: "",
    expiresAt: null,
  }));

function isAskedFor(topic, query) {
  const filter = (query.get("filter") ?? "#").replace(/[.*?^${}()|[\]\\]/g, "\\$&");
  const pattern = filter
    .replaceAll("+", "[^/]*")
    .replace(/(^|\/)#$/, (_, slash) => (slash === "" ? ".*" : "(/.*)?"));
  const text = (query.get("text") ?? "").toLowerCase();
  return new RegExp(`^${pattern}$`).test(topic) && topic.toLowerCase().includes(text);
}

// ---- HTTP ----
const signedIn = (request) =>
  state.sessions.has(/session=(\w+)/.exec(request.headers.cookie ?? "")?.[1]);
const fail = (status, code, message) => ({ status, body: { code, message } });
const hidden = ({ token: _, ...rest }) => rest;

function answer(request, url, body) {
  const at = `${request.method} ${url.pathname}`;
  const one = /^\/api\/v2\/(buckets|authorizations)\/(\w+)$/.exec(url.pathname);
  if (at === "GET /api/v2/setup") return { body: { allowed: !state.setUp } };
  if (at === "POST /api/v2/setup") {
    if (state.setUp) return fail(422, "conflict", "onboarding has already been completed");
    Object.assign(state, { setUp: true });
    Object.assign(state.user, { name: body.username, password: body.password });
    org.name = body.org;
    state.buckets[0].name = body.bucket;
    return {
      status: 201,
      body: { user: state.user, org, bucket: state.buckets[0], auth: state.authorizations[0] },
    };
  }
  if (at === "POST /api/v2/signin") {
    const given = Buffer.from(
      (request.headers.authorization ?? "").replace(/^Basic /, ""),
      "base64",
    ).toString();
    if (given !== `${state.user.name}:${state.user.password}`)
      return fail(401, "unauthorized", "unauthorized access");
    const session = id();
    state.sessions.add(session);
    return {
      status: 204,
      headers: {
        "Set-Cookie": `influxdb-oss-session=${session}; Path=/api/; HttpOnly; SameSite=Strict`,
      },
    };
  }
  if (!signedIn(request)) return fail(401, "unauthorized", "unauthorized access");
  if (one !== null) {
    const list = state[one[1]];
    const found = list.find((item) => item.id === one[2]);
    if (found === undefined) return fail(404, "not found", `${one[1].slice(0, -1)} not found`);
    if (request.method === "DELETE") {
      list.splice(list.indexOf(found), 1);
      return { status: 204 };
    }
    Object.assign(found, body);
    return { body: hidden(found) };
  }
  switch (at) {
    case "POST /api/v2/signout":
      state.sessions.clear();
      return { status: 204 };
    case "GET /api/v2/me":
      return { body: { id: state.user.id, name: state.user.name, status: "active" } };
    case "GET /api/v2/weir/clients":
      return { body: clientPage(url.searchParams) };
    case "GET /api/v2/weir/clients/detail": {
      const client = clients.find((one) => one.clientID === url.searchParams.get("clientID"));
      if (client === undefined) return fail(404, "not found", "client not found");
      const subscription = { filter: `cmnd/${client.clientID}/#`, qos: 1, noLocal: false };
      const options = { retainAsPublished: false, retainHandling: "send", id: null };
      return {
        body: {
          ...client,
          unsentBytes: 0,
          subscriptions: [{ ...subscription, ...options }],
          will: null,
        },
      };
    }
    case "GET /api/v2/weir/retained":
      return {
        body: {
          messages: retained.filter((one) => isAskedFor(one.topic, url.searchParams)),
          more: false,
          total: retained.length,
          totalBytes: 120,
        },
      };
    case "DELETE /api/v2/weir/retained": {
      const topic = url.searchParams.get("topic");
      const gone = retained.filter((one) =>
        topic === null ? isAskedFor(one.topic, url.searchParams) : one.topic === topic,
      );
      for (const one of gone) retained.splice(retained.indexOf(one), 1);
      return { body: { deleted: gone.length } };
    }
    case "GET /api/v2/weir/retained/message": {
      const held = retained.find((one) => one.topic === url.searchParams.get("topic"));
      if (held === undefined) return fail(404, "not found", "retained message not found");
      return { body: { ...held, contentType: "", responseTopic: "", userProperties: [] } };
    }
    case "GET /api/v2/weir/brokers":
      return {
        body: {
          brokers: [
            {
              name: "bridge cloud",
              url: "mqtts://broker.example.org:8883",
              clientID: "weir-cloud",
              connected: false,
              since: new Date(startedAt - 90_000).toISOString(),
              protocolVersion: 5,
              connects: 3,
              lastError: "broker.example.org:8883: connection refused; trying again",
              lastErrorAt: new Date(startedAt - 4000).toISOString(),
              messagesIn: 0,
              messagesOut: 1200,
              unacknowledged: 0,
              waiting: 12,
            },
          ],
        },
      };
    case "GET /api/v2/weir/traces":
      return { body: { traces: [] } };
    case "GET /api/v2/weir/info":
      return {
        body: {
          version: "0.1.0",
          commit: "mock",
          startedAt: new Date(startedAt).toISOString(),
          org: org.name,
          orgID: org.id,
          defaultBucket: state.buckets[0].name,
          httpListen: `127.0.0.1:${port}`,
          mqttListen: "127.0.0.1:1883",
          anonymousMqtt: true,
        },
      };
    case "GET /api/v2/weir/statistics":
      return {
        body: {
          buckets: state.buckets
            .filter((bucket) => bucket.type === "user")
            .map((bucket, i) => ({
              id: bucket.id,
              name: bucket.name,
              series: [17, 9, 0][i] ?? 0,
              diskBytes: [48_211_004, 9_120_442, 0][i] ?? 0,
              logBytes: [1_204_331, 0, 0][i] ?? 0,
              valuesWritten:
                [48_123_987 + Math.floor((Date.now() - startedAt) / 90), 6_101_022, 0][i] ?? 0,
              firstTime: i > 1 ? null : new Date(startedAt - 40 * 864e5).toISOString(),
              lastTime: i > 1 ? null : new Date(Date.now() - i * 95_000).toISOString(),
            })),
          broker: { clients: 9, messagesIn: 184_002, messagesOut: 3120, dropped: 0, retained: 3 },
          ingest: { messagesMapped: 184_000, pointsWritten: 191_233, deadLetters: 2 },
          process: { uptimeSeconds: (Date.now() - startedAt) / 1000, residentBytes: 52_113_408 },
        },
      };
    case "GET /api/v2/weir/cardinality":
      return {
        body: {
          bucketID: state.buckets[0].id,
          series: 17,
          maxSeries: 0,
          measurementCount: 2,
          tagCount: 1,
          measurements: [
            { name: "home", series: 14, fields: 3 },
            { name: "garden", series: 3, fields: 1 },
          ],
          tags: [
            { key: "room", values: 9, series: 14, largestValue: "hall", largestValueSeries: 4 },
          ],
        },
      };
    case "POST /api/v2/weir/schema":
      return { body: { values: schema(body) } };
    case "POST /api/v2/weir/map/explain":
      return { body: { tried: [], fields: [], time: null, ...explain(body) } };
    case "GET /api/v2/orgs":
      return { body: { orgs: [org] } };
    case "GET /api/v2/buckets":
      return { body: { buckets: state.buckets } };
    case "POST /api/v2/buckets":
      if (state.buckets.some((bucket) => bucket.name === body.name))
        return fail(422, "conflict", `bucket with name ${body.name} already exists`);
      return {
        status: 201,
        body: makeBucket(body.name, body.retentionRules?.[0]?.everySeconds ?? 0),
      };
    case "GET /api/v2/authorizations":
      return { body: { authorizations: state.authorizations.map(hidden) } };
    case "POST /api/v2/authorizations":
      return { status: 201, body: authorize(body.description, body.permissions) };
    case "POST /api/v2/query":
      try {
        return { text: runFlux(body), type: "text/csv; charset=utf-8" };
      } catch (error) {
        if (error instanceof Refusal) return fail(400, "invalid", error.message);
        throw error;
      }
    default:
      return fail(404, "not found", "path not found");
  }
}

const kTypes = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

function page(path) {
  const file = join(dist, normalize(path === "/" ? "/index.html" : path));
  if (!existsSync(file)) return fail(404, "not found", "path not found");
  return { text: readFileSync(file), type: kTypes[extname(file)] ?? "application/octet-stream" };
}

const server = createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const url = new URL(request.url, "http://mock");
    const text = Buffer.concat(parts).toString();
    const {
      status = 200,
      body,
      text: raw,
      type,
      headers = {},
    } = url.pathname.startsWith("/api/")
      ? answer(request, url, text === "" ? {} : JSON.parse(text))
      : page(url.pathname);
    response.writeHead(status, {
      "Content-Type": type ?? "application/json; charset=utf-8",
      "Cache-Control": "no-store",
      ...headers,
    });
    response.end(raw ?? (body === undefined ? undefined : JSON.stringify(body)));
  });
});
server.on("upgrade", upgrade);
server.listen(port, "127.0.0.1", () =>
  console.log(
    `pretend weir on http://127.0.0.1:${server.address().port} (user ada, password waterfall)`,
  ),
);
